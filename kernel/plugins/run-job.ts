import { NotFoundError } from '@runwaycrm/sdk'
import type { CallHandler } from '../actions/call-handler.ts'
import type { RequestContext } from '../context/request-context.ts'
import type { StartedJob } from '../jobs/lease.ts'
import { asPlugin, type RunAs } from '../jobs/queue.ts'
import type { JobProblem, RunningJob } from '../jobs/worker.ts'

export interface JobRunnerDeps {
  readonly callHandler: CallHandler
  /**
   * The context of whoever the job acts for, with the rights they have now; null when they are gone.
   * Its door is `job`.
   */
  readonly contextOf: (
    orgId: string,
    runAs: RunAs,
    more: { readonly traceId: string; readonly signal: AbortSignal },
  ) => Promise<RequestContext | null>
  /** Jobs that the kernel itself enqueues, under the plugin `kernel`, by name. */
  readonly kernelJobs?: Readonly<
    Record<string, (ctx: RequestContext, payload: unknown) => Promise<void>>
  >
}

const usualMs = 900_000

/** Tells the plugin that one of its jobs will not come again, where its contribution wants to hear of it. */
export function createJobEnder(deps: Pick<JobRunnerDeps, 'callHandler' | 'contextOf'>) {
  return async (job: StartedJob, problem: JobProblem): Promise<void> => {
    const signal = AbortSignal.timeout(30_000)
    const ctx = await deps.contextOf(job.orgId, asPlugin(job.plugin), {
      traceId: job.traceId ?? job.id,
      signal,
    })
    const contribution = ctx?.model.jobs.get(`${job.plugin}:${job.job}`)
    const handler = contribution?.definition.onDead
    if (!ctx || !handler) return
    await deps.callHandler(ctx, job.plugin, handler, { payload: job.payload, problem })
  }
}

/** Turns a job of the queue into a call of the plugin's handler. */
export function createJobRunner(deps: JobRunnerDeps): (job: RunningJob) => Promise<void> {
  return async ({ orgId, id, plugin, job, payload, runAs, traceId, signal }) => {
    const ctx = await deps.contextOf(orgId, runAs, { traceId: traceId ?? id, signal })
    if (!ctx) throw new NotFoundError(`${runAs.name}, for whom this was to run, is not active.`)
    const own = plugin === 'kernel' ? deps.kernelJobs?.[job] : undefined
    if (own) return own(ctx, payload)
    const contribution = ctx.model.jobs.get(`${plugin}:${job}`)
    if (!contribution) throw new NotFoundError(`No enabled plugin has the job ${plugin}:${job}.`)
    const { handler } = contribution.definition
    await deps.callHandler(ctx, contribution.plugin, handler, payload, { usualMs })
  }
}
