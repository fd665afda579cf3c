import type { EntityInfo, FieldValues, RecordData } from '@runwaycrm/sdk'
import { useI18n } from 'vue-i18n'
import { ApiError } from '../api/api-error.ts'
import { recordTitle } from '../model/read-value.ts'
import { useFlashes } from './use-flashes.ts'
import { useNoun } from './use-noun.ts'
import { mergeRecord, useRecordCache } from './use-record-cache.ts'
import { useRevert } from './use-revert.ts'
import { useServices } from './use-services.ts'
import { modSign } from './use-shortcuts.ts'
import type { UndoEntry } from './use-undo.ts'

const perBulk = 1_000

export interface UpdateOptions {
  /** Offers to take it back, in these words. */
  readonly toast?: string
  /** Writes only while the record is as it was seen; this is asked what to do when it is not. */
  readonly onStale?: () => Promise<void>
}

/**
 * Writes records: shown at once, rolled back in sight when the server refuses, undone by one key.
 * Errors reach the reader as toasts, so callers need not catch.
 */
export function useRecordWriter() {
  const { api, toasts, undo } = useServices()
  const { t } = useI18n()
  const noun = useNoun()
  const cache = useRecordCache()
  const flashes = useFlashes()
  const revert = useRevert()

  /** A deed that can be taken back: on the stack for Cmd+Z and, when `text` is given, in a toast. */
  function offerUndo(label: string, run: () => Promise<unknown>, text?: string): void {
    const entry: UndoEntry = { label, run }
    undo.push(entry)
    if (text !== undefined) toastUndo(entry, text)
  }
  /** The same for a deed that is a change set: what others have changed since is told, and stays. */
  function offerRevert(label: string, changeSetId: string, text: string, done?: string): void {
    const run = async (): Promise<false> => {
      await revert.change(changeSetId, 'stop', done ?? t('undo.done', { what: label }))
      // It has said itself what came of it.
      return false
    }
    offerUndo(label, run, text)
  }
  function toastUndo(entry: UndoEntry, text: string): void {
    entry.toast = toasts.show({
      text,
      action: {
        label: t('common.undo'),
        shortcut: `${modSign()}Z`,
        run: () => void takeBack(entry),
      },
    })
  }
  async function takeBack(entry = undo.last.value): Promise<void> {
    if (!entry) return
    if (entry.toast !== undefined) toasts.dismiss(entry.toast)
    try {
      const done = await undo.undo(entry)
      if (done) toasts.show({ text: t('undo.done', { what: done.label }), tone: 'success' })
    } catch (error) {
      toasts.error(error, t('undo.failed'))
    }
  }

  /** Reverts the change set that made this version of the record. */
  async function revertVersion(entity: EntityInfo, id: string, version: number): Promise<void> {
    const history = await api.records.history(entity.plural, id)
    const entry = history.data.find((one) => one.version === version)
    if (!entry) throw new Error(t('undo.gone'))
    await api.changes.revert(entry.changeId)
    await reload(entity, id)
  }

  async function reload(entity: EntityInfo, id: string): Promise<void> {
    const fresh = await api.records.get(entity.plural, id)
    cache.patch(entity, id, (before) => mergeRecord(before, fresh))
    cache.refreshDerived(entity)
  }

  /** @returns the saved record, or null when it was refused and rolled back. */
  async function update(
    entity: EntityInfo,
    record: RecordData,
    values: FieldValues,
    options: UpdateOptions = {},
  ): Promise<RecordData | null> {
    const kept = Object.fromEntries(Object.keys(values).map((key) => [key, record[key] ?? null]))
    cache.patch(entity, record.id, (current) => ({ ...current, ...values }))
    const version = options.onStale ? record.version : undefined
    const saving = api.records.update(entity.plural, record.id, values, version)
    // It can be taken back from the moment it shows, before the server has answered.
    const entry: UndoEntry = {
      label: recordTitle({ ...record, ...values }, entity.titleField) || entity.label,
      run: async () => {
        const saved = await saving.catch(() => null)
        if (!saved || saved.version === record.version) return false
        return revertVersion(entity, saved.id, saved.version)
      },
    }
    undo.push(entry)
    try {
      const saved = await saving
      cache.patch(entity, record.id, (current) =>
        saved.version >= current.version ? mergeRecord(current, saved) : current,
      )
      cache.refreshDerived(entity)
      if (saved.version === record.version) undo.withdraw(entry)
      else if (options.toast !== undefined) toastUndo(entry, options.toast)
      return saved
    } catch (error) {
      undo.withdraw(entry)
      cache.patch(entity, record.id, (current) => ({ ...current, ...kept }))
      if (options.onStale && error instanceof ApiError && error.status === 412) {
        await options.onStale()
        return null
      }
      flashes.add(record.id, Object.keys(values), 'failed')
      toasts.error(error, t('edit.notSaved'))
      return null
    }
  }

  /** @throws {ApiError} so that a form can show the issues at its fields. */
  async function create(entity: EntityInfo, values: FieldValues): Promise<RecordData> {
    const record = await api.records.create(entity.plural, values)
    cache.prepend(entity, record)
    cache.refreshDerived(entity)
    offerUndo(
      recordTitle(record, entity.titleField) || entity.label,
      async () => {
        await api.records.remove(entity.plural, record.id)
        cache.remove(entity, [record.id])
        cache.refreshDerived(entity)
      },
      t('create.done', { name: recordTitle(record, entity.titleField) || entity.label }),
    )
    return record
  }

  async function remove(entity: EntityInfo, records: readonly RecordData[]): Promise<boolean> {
    const ids = records.map((record) => record.id)
    cache.remove(entity, ids)
    try {
      const changes: string[] = []
      if (records.length === 1) await api.records.remove(entity.plural, ids[0] ?? '')
      else
        for (let at = 0; at < ids.length; at += perBulk) {
          const items = ids.slice(at, at + perBulk).map((id) => ({ id }))
          changes.push((await api.records.bulk(entity.plural, { delete: items })).changeSetId)
        }
      cache.refreshDerived(entity)
      const first = records[0]
      const label =
        records.length === 1
          ? recordTitle(first, entity.titleField) || entity.label
          : t('bulk.count', { n: records.length, what: noun(entity.labelPlural) })
      offerUndo(
        label,
        async () => {
          if (changes.length === 0) await api.records.restore(entity.plural, ids[0] ?? '')
          for (const id of changes.toReversed()) await api.changes.revert(id)
          await cache.refreshAll(entity)
        },
        t('delete.done', { what: label }),
      )
      return true
    } catch (error) {
      toasts.error(error, t('delete.failed'))
      await cache.refreshAll(entity)
      return false
    }
  }

  /** The same values for many records; those that fail are named, the rest is saved. */
  async function updateMany(
    entity: EntityInfo,
    records: readonly RecordData[],
    values: FieldValues,
  ): Promise<void> {
    const before = new Map(records.map((record) => [record.id, record]))
    for (const id of before.keys())
      cache.patch(entity, id, (current) => ({ ...current, ...values }))
    const changes: string[] = []
    const failed: { id: string; detail: string }[] = []
    try {
      const ids = [...before.keys()]
      for (let at = 0; at < ids.length; at += perBulk) {
        const items = ids.slice(at, at + perBulk).map((id) => ({ ...values, id }))
        const answer = await api.records.bulk(entity.plural, { update: items, atomic: false })
        changes.push(answer.changeSetId)
        for (const result of answer.results)
          if (result.status === 'failed')
            failed.push({ id: items[result.index]?.id ?? '', detail: result.problem?.detail ?? '' })
      }
    } catch (error) {
      for (const [id, record] of before) cache.patch(entity, id, () => record)
      toasts.error(error, t('edit.notSaved'))
      return
    }
    for (const { id } of failed) {
      const record = before.get(id)
      if (record) cache.patch(entity, id, () => record)
      flashes.add(id, Object.keys(values), 'failed')
    }
    void cache.refreshAll(entity)
    const done = records.length - failed.length
    const text =
      failed.length === 0
        ? t('bulk.updated', { n: done, what: noun(done === 1 ? entity.label : entity.labelPlural) })
        : t('bulk.partly', { done, failed: failed.length, why: failed[0]?.detail ?? '' })
    if (done === 0) toasts.show({ text, tone: 'danger' })
    else
      offerUndo(
        text,
        async () => {
          for (const id of changes.toReversed()) await api.changes.revert(id)
          await cache.refreshAll(entity)
        },
        text,
      )
  }

  async function restore(entity: EntityInfo, id: string): Promise<void> {
    try {
      await api.records.restore(entity.plural, id)
      await cache.refreshAll(entity)
      toasts.show({ text: t('restore.done'), tone: 'success' })
    } catch (error) {
      toasts.error(error, t('restore.failed'))
    }
  }

  return { update, updateMany, create, remove, restore, offerUndo, offerRevert, takeBack, reload }
}
