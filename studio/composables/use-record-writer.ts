import type { EntityInfo, FieldValues, RecordData } from '@runwaycrm/sdk'
import { useI18n } from 'vue-i18n'
import { ApiError, errorText, isUnreachable } from '../api/api-error.ts'
import { recordTitle } from '../model/read-value.ts'
import { useFlashes } from './use-flashes.ts'
import { useModel } from './use-model.ts'
import { useNoun } from './use-noun.ts'
import { mergeRecord, useRecordCache } from './use-record-cache.ts'
import { useServices } from './use-services.ts'
import { modSign } from './use-shortcuts.ts'
import { useTakeBack } from './use-take-back.ts'
import type { UndoEntry } from './use-undo.ts'

const perBulk = 1_000

export interface UpdateOptions {
  /** Offers to take it back, in these words. */
  readonly toast?: string
  /**
   * Writes only while the record is as it was seen; this is asked what to do when it is not.
   * @returns the record if it was saved after all.
   */
  readonly onStale?: () => Promise<RecordData | null>
  /** Typed into a cell, which keeps what was refused for another try. */
  readonly isTyped?: boolean
}

/**
 * Writes records: shown at once, rolled back in sight when the server refuses, kept until it is back when it cannot
 * be reached, undone by one key. Errors reach the reader as toasts, so callers need not catch.
 */
export function useRecordWriter() {
  const { api, toasts, undo, outbox, refusals, lanes } = useServices()
  const { t } = useI18n()
  const noun = useNoun()
  const model = useModel()
  const cache = useRecordCache()
  const flashes = useFlashes()
  const takeBack = useTakeBack()

  /** A deed that is one or more change sets: on the pile for Cmd+Z and, when `text` is given, in a toast. */
  function offerUndo(
    label: string,
    changes: readonly string[],
    { text, ...more }: { readonly text?: string } & Pick<UndoEntry, 'done' | 'stop'> = {},
  ): void {
    const entry: UndoEntry = { label, changes, ...more }
    undo.push(entry)
    if (text !== undefined) toastUndo(entry, text)
  }
  function toastUndo(entry: UndoEntry, text: string): void {
    entry.toast = toasts.show({
      text,
      action: {
        label: t('common.undo'),
        shortcut: `${modSign()}Z`,
        run: () => void takeBack.undo(entry),
      },
    })
  }

  /** @returns the saved record, or null when it was refused and rolled back. */
  async function update(
    entity: EntityInfo,
    record: RecordData,
    values: FieldValues,
    options: UpdateOptions = {},
  ): Promise<RecordData | null> {
    const names = Object.keys(values)
    const kept = Object.fromEntries(names.map((key) => [key, record[key] ?? null]))
    const show = (shown: FieldValues): void =>
      cache.patch(entity, record.id, (current) => ({ ...current, ...shown }))
    show(values)
    refusals.forget(record.id, names)
    // It can be taken back from the moment it shows, before the server has answered.
    const name = recordTitle({ ...record, ...values }, entity.titleField) || entity.label
    const entry: UndoEntry = { label: name, changes: [] }
    undo.push(entry)

    function wait(): RecordData {
      const edit = {
        entity: entity.ref,
        id: record.id,
        name,
        values,
        seen: kept,
        version: record.version,
      }
      outbox.add(edit, entry)
      entry.cancel = () => {
        const waiting = outbox.list.value.find((one) => outbox.deedOf(one) === entry)
        if (!waiting) return false
        outbox.remove(waiting)
        show(kept)
        return true
      }
      return { ...record, ...values }
    }
    // Behind what waits for the same record, never past it.
    if (outbox.has(record.id)) return wait()

    let base = record.version
    const undoing = undo.pending()
    const saving = lanes.run(record, values, async (version) => {
      await undoing
      base = undoing ? afterUndo(entity, record.id, version) : version
      const seen = options.onStale ? base : undefined
      return api.records.update(entity.plural, record.id, values, seen)
    })
    // Settles once it is known what became of it: saved, refused, or waiting.
    const decided = Promise.withResolvers<void>()
    entry.running = decided.promise
    try {
      const saved = await saving
      cache.patch(entity, record.id, (current) =>
        saved.version >= current.version ? lanes.over(mergeRecord(current, saved)) : current,
      )
      cache.refreshDerived(entity)
      if (saved.version === base) undo.withdraw(entry)
      else {
        entry.made = { plural: entity.plural, id: record.id, version: saved.version }
        undo.keep()
        if (options.toast !== undefined) toastUndo(entry, options.toast)
      }
      return saved
    } catch (error) {
      if (isUnreachable(error)) return wait()
      undo.withdraw(entry)
      show(kept)
      if (options.onStale && error instanceof ApiError && error.status === 412)
        return options.onStale()
      refused(record.id, values, error, t(options.isTyped ? 'edit.notSavedKept' : 'edit.notSaved'))
      return null
    } finally {
      decided.resolve()
    }
  }

  /** What this person has just taken back themselves is nobody's edit to be told of. */
  function afterUndo(entity: EntityInfo, id: string, version: number): number {
    const now = cache.find(entity, id)
    const by = now?.['updatedBy'] as { readonly id?: string } | null | undefined
    return now && by?.id === model.value.model.me.id ? Math.max(version, now.version) : version
  }

  /** Marks what was refused and says why; what was typed stays to be mended. */
  function refused(id: string, values: FieldValues, error: unknown, before: string): void {
    flashes.add(id, Object.keys(values), 'failed')
    refusals.add(id, values, errorText(error))
    toasts.error(error, before)
  }

  /** @throws {ApiError} so that a form can show the issues at its fields. */
  async function create(entity: EntityInfo, values: FieldValues): Promise<RecordData> {
    const record = await api.records.create(entity.plural, values)
    cache.prepend(entity, record)
    cache.refreshDerived(entity)
    const label = recordTitle(record, entity.titleField) || entity.label
    const made = { plural: entity.plural, id: record.id, version: record.version }
    const entry: UndoEntry = { label, changes: [], made }
    undo.push(entry)
    toastUndo(entry, t('create.done', { name: label }))
    return record
  }

  async function remove(entity: EntityInfo, records: readonly RecordData[]): Promise<boolean> {
    const ids = records.map((record) => record.id)
    cache.remove(entity, ids)
    try {
      const changes: string[] = []
      for (let at = 0; at < ids.length; at += perBulk) {
        const items = ids.slice(at, at + perBulk).map((id) => ({ id }))
        changes.push((await api.records.bulk(entity.plural, { delete: items })).changeSetId)
      }
      cache.refreshDerived(entity)
      const label =
        records.length === 1
          ? recordTitle(records[0], entity.titleField) || entity.label
          : t('bulk.count', { n: records.length, what: noun(entity.labelPlural) })
      offerUndo(label, changes, { text: t('delete.done', { what: label }) })
      return true
    } catch (error) {
      toasts.error(error, t('delete.failed'))
      await cache.refreshAll(entity)
      return false
    }
  }

  async function restore(entity: EntityInfo, id: string): Promise<void> {
    try {
      const { changeSetId } = await api.records.bulk(entity.plural, { restore: [{ id }] })
      await cache.refreshAll(entity)
      offerUndo(entity.label, [changeSetId], { text: t('restore.done') })
    } catch (error) {
      toasts.error(error, t('restore.failed'))
    }
  }

  return { update, create, remove, restore, refused, offerUndo }
}
