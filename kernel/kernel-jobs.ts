import type { RequestContext } from './context/request-context.ts'
import type { Database } from './database/postgres.ts'
import { bulkJob } from './http/bulk-by-filter.ts'
import type { ChangeJobs } from './http/change-job.ts'
import { revertJob } from './http/revert-job.ts'
import type { StartedJob } from './jobs/lease.ts'
import { applyRetention, retentionJob, retentionSettings } from './jobs/retention.ts'
import type { JobProblem } from './jobs/worker.ts'
import { subscriberJob } from './plugins/subscriber-turns.ts'
import { convertFieldJob } from './records/convert-fields.ts'
import { fillSlotsJob } from './records/fill-slots.ts'
import { fillJob } from './search/fill-index.ts'
import { purgeJob } from './studio/purge-archive.ts'

type Run = (ctx: RequestContext, payload: unknown) => Promise<void>

/** The jobs that the kernel itself enqueues, by name; all others are plugins'. */
export function kernelJobs(deps: {
  readonly db: Database
  readonly bulkByFilter: { readonly run: Run }
  readonly revertJob: { readonly run: Run }
  readonly searchIndex: { readonly run: Run }
  readonly slots: { readonly run: Run }
  readonly converter: { readonly run: Run }
  readonly archivePurge: { readonly run: Run }
  readonly subscribers: { readonly run: Run }
}): Readonly<Record<string, Run>> {
  return {
    [bulkJob]: deps.bulkByFilter.run,
    [revertJob]: deps.revertJob.run,
    [fillJob]: deps.searchIndex.run,
    [convertFieldJob]: deps.converter.run,
    [fillSlotsJob]: deps.slots.run,
    [purgeJob]: deps.archivePurge.run,
    [subscriberJob]: deps.subscribers.run,
    [retentionJob]: async ({ org, model, settings, now, signal }) => {
      const kept = settings?.get(retentionSettings)
      await applyRetention(deps.db, { id: org.id, model, settings: kept }, now, signal)
    },
  }
}

/** What is left to do when one of them is dead: the change set that it filled ends. */
export function endKernelJob({ fail }: ChangeJobs) {
  return async (job: StartedJob, problem: JobProblem): Promise<void> => {
    if (job.job === bulkJob || job.job === revertJob) await fail(job, problem)
  }
}

type End = (job: StartedJob, problem: JobProblem) => Promise<void>

/** What began it ends it: the kernel its own jobs, plugins theirs. */
export function endJob(ofKernel: End, ofPlugins: End): End {
  return (job, problem) => (job.plugin === 'kernel' ? ofKernel : ofPlugins)(job, problem)
}
