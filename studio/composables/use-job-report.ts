import type { FieldValues, Filter } from '@runwaycrm/sdk'
import { useI18n } from 'vue-i18n'
import type { TrayItem } from '../model/tray-items.ts'
import { type RecordChange, useManyWriter } from './use-many-writer.ts'
import { useModel } from './use-model.ts'
import { useRecordWriter } from './use-record-writer.ts'
import { useReportTeller, type WriteReport } from './use-reports.ts'
import { useServices } from './use-services.ts'

/** A change of all that match, as it was asked for. */
export interface BulkWork {
  /** Reference of the entity. */
  readonly entity: string
  readonly filter: Filter
  readonly update?: FieldValues
  readonly delete?: true
}

const storageKey = 'runway.bulk'
const atOnce = 100

/** What came of a job that changed all matching records, for the result line and the list of failures. */
export function useJobReport() {
  const { api, toasts, reports } = useServices()
  const { t } = useI18n()
  const model = useModel()
  const many = useManyWriter()
  const writer = useRecordWriter()
  const tellReport = useReportTeller()

  /** Kept with the tab: the server keeps what failed, not what was to be written. */
  function remember(item: TrayItem, work: BulkWork | null): void {
    if (!item.changeSetId || !work || item.failed === 0) return
    const kept = { ...recall(), [item.changeSetId]: work }
    try {
      sessionStorage.setItem(storageKey, JSON.stringify(kept))
    } catch {
      // A full storage: the failures are listed and cannot be tried again.
    }
  }

  async function reportOf(item: TrayItem): Promise<WriteReport | null> {
    if (!item.changeSetId) return null
    const { job } = await api.changes.get(item.changeSetId)
    const refusals = job?.refusals ?? []
    const work = recall()[item.changeSetId]
    const entity = model.value.entity(work?.entity ?? refusals[0]?.entity ?? '')
    if (!entity) return null
    const records = new Map<string, RecordChange['record']>()
    for (let at = 0; at < refusals.length; at += atOnce) {
      const ids = refusals.slice(at, at + atOnce).map(({ id }) => id)
      const page = await api.records.list(entity.plural, {
        filter: { id: { $in: ids } },
        limit: atOnce,
      })
      for (const record of page.data) records.set(record.id, record)
    }
    const failed = refusals.map(({ id, detail }) => {
      const record = records.get(id) ?? null
      const title = record?.[entity.titleField]
      return { record, name: typeof title === 'string' ? title : id, reason: detail }
    })
    const failing = [...records.values()]
    const { update } = work ?? {}
    const retry = async (): Promise<void> => {
      if (update)
        await many.write(entity, { changes: failing.map((record) => ({ record, values: update })) })
      else await writer.remove(entity, failing)
    }
    const canRetry = work !== undefined && failing.length > 0
    return {
      entity,
      done: item.done,
      failed,
      failedCount: item.failed,
      retry: canRetry ? retry : null,
    }
  }

  return {
    remember,
    async tell(item: TrayItem): Promise<void> {
      const report = await reportOf(item).catch(() => null)
      if (report) tellReport(report, null)
    },
    async show(item: TrayItem): Promise<void> {
      try {
        reports.shown.value = await reportOf(item)
      } catch (error) {
        toasts.error(error, t('edit.noReport'))
      }
    },
  }
}

function recall(): Readonly<Record<string, BulkWork>> {
  try {
    return JSON.parse(sessionStorage.getItem(storageKey) ?? '{}') as Record<string, BulkWork>
  } catch {
    return {}
  }
}
