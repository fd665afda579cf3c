import type { EntityInfo, RecordData } from '@runwaycrm/sdk'
import { onMounted, onUnmounted, watch } from 'vue'
import { useI18n } from 'vue-i18n'
import { ApiError, isUnreachable } from '../api/api-error.ts'
import { sameValue } from '../model/read-value.ts'
import { useModel } from './use-model.ts'
import type { WaitingEdit } from './use-outbox.ts'
import { mergeRecord, useRecordCache } from './use-record-cache.ts'
import { useRecordWriter } from './use-record-writer.ts'
import { useServices } from './use-services.ts'

const retryMs = { first: 1_500, most: 10_000 }

/**
 * Sends what waits, in its order, as soon as the server answers again. What somebody else has written meanwhile is
 * shown beside it; what is refused goes back in sight.
 */
export function useOutboxSender() {
  const { api, outbox, undo, conflicts, toasts, session } = useServices()
  const { t } = useI18n()
  const model = useModel()
  const cache = useRecordCache()
  const writer = useRecordWriter()
  let timer: ReturnType<typeof setTimeout> | undefined
  let wait = retryMs.first
  let isSending = false
  let isOver = false

  /** Without a session it waits for its person. */
  const hasWork = (): boolean =>
    session.trouble.value === null && (outbox.isAway.value || outbox.list.value.length > 0)
  function soon(ms: number): void {
    clearTimeout(timer)
    timer = setTimeout(() => void run(), ms)
  }

  async function run(): Promise<void> {
    if (isSending || isOver || !hasWork()) return
    isSending = true
    try {
      // Anything that answers will do; the edits are not sent into the void one by one.
      if (outbox.isAway.value) await api.auth.me()
      wait = retryMs.first
      for (let edit = outbox.list.value[0]; edit; edit = outbox.list.value[0]) await send(edit)
      void cache.refreshAll()
    } catch {
      // It is asked for again, less and less often.
      wait = Math.min(retryMs.most, wait * 1.6)
    } finally {
      isSending = false
      if (hasWork() && !isOver) soon(wait)
    }
  }

  /** @throws {ApiError} when the server is away again, or the session has ended: the edit stays. */
  async function send(edit: WaitingEdit, version = edit.version): Promise<void> {
    const entity = model.value.entity(edit.entity)
    if (!entity) {
      outbox.remove(edit)
      toasts.show({ tone: 'danger', text: t('edit.gaveUp', { name: edit.name }) })
      return
    }
    try {
      const saved = await api.records.update(entity.plural, edit.id, edit.values, version)
      cache.patch(entity, edit.id, (current) => mergeRecord(current, saved))
      noteDeed(entity, edit, saved)
      outbox.remove(edit, saved.version)
    } catch (error) {
      if (isUnreachable(error) || (error instanceof ApiError && error.status === 429)) throw error
      if (error instanceof ApiError && error.status === 412) await compare(entity, edit)
      else giveUp(entity, edit, error)
    }
  }

  async function compare(entity: EntityInfo, edit: WaitingEdit): Promise<void> {
    const fresh = await api.records.get(entity.plural, edit.id)
    const names = Object.keys(edit.values)
    const isOurs = (name: string): boolean => sameValue(fresh[name], edit.values[name])
    const other = names.find((name) => !isOurs(name) && !sameValue(fresh[name], edit.seen[name]))
    // The answer to the first try may have been lost on the way: then it is there already.
    if (names.every(isOurs)) {
      noteDeed(entity, edit, fresh)
      outbox.remove(edit, fresh.version)
    } else if (other === undefined) await send(edit, fresh.version)
    else {
      const deed = outbox.deedOf(edit)
      if (deed) undo.withdraw(deed)
      outbox.remove(edit)
      cache.patch(entity, edit.id, (current) => mergeRecord(current, fresh))
      const field = model.value.fields(entity).get(other)
      if (field) conflicts.add({ entity, record: fresh, field, values: edit.values })
    }
  }

  /** From here on it is taken back at the server. */
  function noteDeed(entity: EntityInfo, edit: WaitingEdit, saved: RecordData): void {
    const made = { plural: entity.plural, id: edit.id, version: saved.version }
    const deed = outbox.deedOf(edit)
    if (deed) {
      deed.made = made
      delete deed.cancel
      undo.keep()
    } else undo.push({ label: edit.name, changes: [], made })
  }

  function giveUp(entity: EntityInfo, edit: WaitingEdit, error: unknown): void {
    const deed = outbox.deedOf(edit)
    if (deed) undo.withdraw(deed)
    outbox.remove(edit)
    cache.patch(entity, edit.id, (current) => ({ ...current, ...edit.seen }))
    writer.refused(edit.id, edit.values, error, t('edit.gaveUp', { name: edit.name }))
  }

  const tryNow = (): void => {
    wait = retryMs.first
    void run()
  }
  const onLine = (): void => soon(0)
  watch([outbox.isAway, outbox.list], () => hasWork() && !isSending && soon(wait))
  watch(session.trouble, (trouble) => trouble === null && tryNow())
  onMounted(() => {
    globalThis.addEventListener('online', onLine)
    if (hasWork()) soon(0)
  })
  onUnmounted(() => {
    isOver = true
    clearTimeout(timer)
    globalThis.removeEventListener('online', onLine)
  })
  return { tryNow }
}
