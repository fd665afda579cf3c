import type { RequestContext } from './context/request-context.ts'
import type { Database } from './database/postgres.ts'
import { bulkJob } from './http/bulk-by-filter.ts'
import { applyRetention, retentionJob, retentionSettings } from './jobs/retention.ts'
import { convertFieldJob } from './records/convert-fields.ts'
import { fillSlotsJob } from './records/fill-slots.ts'
import { fillJob } from './search/fill-index.ts'

type Run = (ctx: RequestContext, payload: unknown) => Promise<void>

/** The jobs that the kernel itself enqueues, by name; all others are plugins'. */
export function kernelJobs(deps: {
  readonly db: Database
  readonly bulkByFilter: { readonly run: Run }
  readonly searchIndex: { readonly run: Run }
  readonly slots: { readonly run: Run }
  readonly converter: { readonly run: Run }
}): Readonly<Record<string, Run>> {
  return {
    [bulkJob]: deps.bulkByFilter.run,
    [fillJob]: deps.searchIndex.run,
    [convertFieldJob]: deps.converter.run,
    [fillSlotsJob]: deps.slots.run,
    [retentionJob]: async ({ org, model, settings, now, signal }) => {
      const kept = settings?.get(retentionSettings)
      await applyRetention(deps.db, { id: org.id, model, settings: kept }, now, signal)
    },
  }
}
