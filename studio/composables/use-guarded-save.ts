import type { EntityInfo, FieldInfo, FieldValues, RecordData } from '@runwaycrm/sdk'
import { isUnreachable } from '../api/api-error.ts'
import { sameValue } from '../model/read-value.ts'
import { useModel } from './use-model.ts'
import { mergeRecord, useRecordCache } from './use-record-cache.ts'
import { type UpdateOptions, useRecordWriter } from './use-record-writer.ts'
import { useServices } from './use-services.ts'

/** A record that somebody keeps changing is asked for again only so often. */
const mostTries = 4

/**
 * Saves fields of a record without writing over what somebody else wrote there meanwhile. Changes of other fields
 * are none of its business: they are taken in and the edit goes on. What was written twice is shown with both values.
 */
export function useGuardedSave() {
  const { api, toasts, conflicts } = useServices()
  const model = useModel()
  const cache = useRecordCache()
  const writer = useRecordWriter()
  type Options = Pick<UpdateOptions, 'toast' | 'isTyped'>

  /**
   * @param seen what stood in these fields when the edit began.
   * @returns the record as saved, or as it will be; null when it was not.
   */
  async function save(
    entity: EntityInfo,
    record: RecordData,
    values: FieldValues,
    seen: FieldValues,
    options: Options = {},
  ): Promise<RecordData | null> {
    const current = cache.find(entity, record.id) ?? record
    const names = Object.keys(values)
    if (names.every((name) => sameValue(current[name], values[name]))) return current
    const other = changedOf(current, values, seen)
    if (other === undefined) return write(entity, current, values, seen, options)
    return refer(entity, current, other, values)
  }

  /** The first field that is neither what was seen nor what is written. */
  const changedOf = (record: RecordData, values: FieldValues, seen: FieldValues) =>
    Object.keys(values).find(
      (name) => !sameValue(record[name], seen[name]) && !sameValue(record[name], values[name]),
    )

  function write(
    entity: EntityInfo,
    record: RecordData,
    values: FieldValues,
    seen: FieldValues,
    options: Options,
    tries = 1,
  ): Promise<RecordData | null> {
    const onStale = async (): Promise<RecordData | null> => {
      try {
        const fresh = await api.records.get(entity.plural, record.id)
        cache.patch(entity, record.id, (before) => mergeRecord(before, fresh))
        if (Object.keys(values).every((name) => sameValue(fresh[name], values[name]))) return fresh
        const other = changedOf(fresh, values, seen)
        if (other !== undefined || tries >= mostTries)
          return refer(entity, fresh, other ?? Object.keys(values)[0] ?? '', values)
        return write(entity, fresh, values, seen, options, tries + 1)
      } catch (error) {
        // The server went away in between: what was written waits with everything else.
        if (isUnreachable(error)) return writer.update(entity, record, values, options)
        toasts.error(error)
        return null
      }
    }
    return writer.update(entity, record, values, { ...options, onStale })
  }

  function refer(entity: EntityInfo, record: RecordData, name: string, values: FieldValues): null {
    const field: FieldInfo | undefined = model.value.fields(entity).get(name)
    if (field) conflicts.add({ entity, record, field, values })
    return null
  }

  /** The conflict that is shown: leaves theirs, or writes mine over exactly what was shown. */
  async function settle(keeps: 'mine' | 'theirs'): Promise<void> {
    const open = conflicts.take()
    if (keeps === 'mine' && open)
      await write(open.entity, open.record, open.values, open.record, {})
  }

  return { save, settle }
}
