import type { EntityInfo, RecordData } from '@runwaycrm/sdk'
import { computed } from 'vue'
import { useI18n } from 'vue-i18n'
import { recordTitle } from '../model/read-value.ts'
import { useModel } from './use-model.ts'
import { useRecordCache } from './use-record-cache.ts'
import { useRecordWriter } from './use-record-writer.ts'
import { useServices } from './use-services.ts'

/** A record that is likely about the same thing, and why. */
export interface LikelyTwin {
  readonly id: string
  readonly title: string
  /** 1 to 100. */
  readonly score: number
  readonly reasons: readonly string[]
}
interface Found {
  readonly groups: readonly {
    readonly score: number
    readonly records: readonly { readonly id: string; readonly title: string }[]
    readonly reasons: readonly { readonly label: string }[]
  }[]
}

/** The actions that find and merge duplicates, whichever plugin brings them. */
export function useMerge(entity: () => EntityInfo) {
  const { api } = useServices()
  const { t } = useI18n()
  const model = useModel()
  const cache = useRecordCache()
  const writer = useRecordWriter()
  const refOf = (key: string): string =>
    model.value.model.actions.find(({ ref }) => ref.endsWith(`:${key}`))?.ref ?? ''
  const canMerge = computed(
    () => refOf('merge_records') !== '' && entity().can.update && entity().can.delete,
  )

  /** @throws {ApiError} 422 when nothing says how records of this entity are compared. */
  async function find(record: RecordData): Promise<readonly LikelyTwin[]> {
    const input = { entity: entity().plural, recordId: record.id, limit: 10 }
    const { output } = await api.actions.run(refOf('find_duplicates'), input)
    return (output as Found).groups.flatMap(({ score, records, reasons }) =>
      records
        .filter(({ id }) => id !== record.id)
        .map((one) => ({ ...one, score, reasons: reasons.map(({ label }) => label) })),
    )
  }

  /** One change set, which the toast and Cmd+Z take back. @throws {ApiError} */
  async function merge(
    kept: RecordData,
    other: RecordData,
    choices: Readonly<Record<string, string>>,
  ): Promise<void> {
    const input = { entity: entity().plural, keepId: kept.id, otherIds: [other.id], choices }
    const { changeSetId } = await api.actions.run(refOf('merge_records'), input)
    cache.remove(entity(), [other.id])
    void cache.refreshAll()
    const label = recordTitle(kept, entity().titleField) || entity().label
    if (changeSetId)
      writer.offerUndo(label, [changeSetId], { text: t('merge.done', { name: label }) })
  }

  return { canMerge, find, merge }
}
