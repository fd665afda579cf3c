import type { EntityInfo, FieldInfo, RecordData } from '@runwaycrm/sdk'
import { shallowRef } from 'vue'
import type { ActorInfo } from '../api/records.ts'
import { sameValue } from '../model/read-value.ts'
import { mergeRecord, useRecordCache } from './use-record-cache.ts'
import { useRecordWriter } from './use-record-writer.ts'
import { useServices } from './use-services.ts'

/** Two people wrote the same field: what each wrote. */
export interface EditConflict {
  readonly field: FieldInfo
  readonly mine: unknown
  readonly theirs: unknown
  readonly by: ActorInfo | null
  readonly at: string | null
}

/** A record that somebody keeps changing is asked for again only so often. */
const mostTries = 4

/**
 * Saves one field of a record without writing over what somebody else wrote there meanwhile. Changes of other fields
 * are none of its business: they are taken in and the edit goes on.
 */
export function useGuardedSave(entity: () => EntityInfo) {
  const { api, toasts } = useServices()
  const cache = useRecordCache()
  const writer = useRecordWriter()
  const conflict = shallowRef<EditConflict | null>(null)

  /** @param seen the value that stood there when the edit began. */
  async function save(
    record: RecordData,
    field: FieldInfo,
    value: unknown,
    seen: unknown,
    toast?: string,
  ): Promise<void> {
    const current = cache.find(entity(), record.id) ?? record
    if (sameValue(current[field.apiName], value)) return
    if (sameValue(current[field.apiName], seen)) await write(current, field, value, seen, toast)
    else show(current, field, value)
  }

  async function write(
    current: RecordData,
    field: FieldInfo,
    value: unknown,
    seen: unknown,
    toast?: string,
    tries = 1,
  ): Promise<void> {
    const onStale = async (): Promise<void> => {
      try {
        const fresh = await api.records.get(entity().plural, current.id)
        cache.patch(entity(), current.id, (before) => mergeRecord(before, fresh))
        if (sameValue(fresh[field.apiName], value)) return
        if (sameValue(fresh[field.apiName], seen) && tries < mostTries)
          await write(fresh, field, value, seen, toast, tries + 1)
        else show(fresh, field, value)
      } catch (error) {
        toasts.error(error)
      }
    }
    const options = { onStale, ...(toast === undefined ? {} : { toast }) }
    await writer.update(entity(), current, { [field.apiName]: value }, options)
  }

  let shown: RecordData | null = null
  function show(record: RecordData, field: FieldInfo, mine: unknown): void {
    shown = record
    conflict.value = {
      field,
      mine,
      theirs: record[field.apiName] ?? null,
      by: (record['updatedBy'] as ActorInfo | undefined) ?? null,
      at: typeof record['updatedAt'] === 'string' ? record['updatedAt'] : null,
    }
  }

  /** Leaves theirs, or writes mine over exactly what was shown. */
  async function settle(keeps: 'mine' | 'theirs'): Promise<void> {
    const open = conflict.value
    const record = shown
    conflict.value = null
    if (keeps === 'mine' && open && record) await write(record, open.field, open.mine, open.theirs)
  }

  return { save, conflict, settle }
}
