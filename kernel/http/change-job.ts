import type { RequestContext } from '../context/request-context.ts'
import type { Database, Tx } from '../database/postgres.ts'
import { uuidv7 } from '../database/uuid.ts'
import type { Bus } from '../events/bus.ts'
import { outboxStatement } from '../events/outbox.ts'
import type { StartedJob } from '../jobs/lease.ts'
import type { ListedJob } from '../jobs/list-jobs.ts'
import type { Queue, RunAs } from '../jobs/queue.ts'
import type { JobProblem } from '../jobs/worker.ts'
import { audienceOf } from '../plugins/broker.ts'
import type { Writer } from '../records/change-set.ts'
import type { ChangeJob, ChangeSetOptions, Refusal } from '../records/transactions.ts'

export interface ChangeJobsDeps {
  readonly db: Pick<Database, 'transaction' | 'query'>
  readonly writer: Pick<Writer, 'openChangeSet' | 'abandonChangeSet'>
  readonly queue: Pick<Queue, 'enqueue' | 'cancel'>
  readonly bus: Pick<Bus, 'publish'>
}

/** What is answered at once, 202. */
export interface StartedChangeJob {
  readonly jobId: string
  readonly changeSetId: string
  readonly matched: number
}

/** On `/live` under the name of the job, to whoever asked for it. */
export interface ChangeJobProgress {
  readonly changeSetId: string
  readonly matched: number
  /** Of this attempt; what was written in all, the change set counts. */
  readonly written: number
  readonly refused: number
  readonly isDone: boolean
  readonly problem?: JobProblem
}

/** Refusals that are kept by name; the others are counted. */
const mostNamed = 200

/** Jobs of the kernel that fill one change set each: how they begin, tell how far they are, and end. */
export function createChangeJobs({ db, writer, queue, bus }: ChangeJobsDeps) {
  function tell(orgId: string, runAs: RunAs, name: string, payload: ChangeJobProgress): void {
    const audience = audienceOf(runAs)
    bus.publish({ kind: 'progress', orgId, topic: name, audience, payload: { ...payload } })
  }

  /** Tells open pages and, as an event, whoever reacts. */
  async function end(
    orgId: string,
    runAs: RunAs,
    name: string,
    progress: Omit<ChangeJobProgress, 'isDone'>,
  ): Promise<void> {
    tell(orgId, runAs, name, { ...progress, isDone: true })
    const payload = { job: name, userId: runAs.userId, ...progress }
    const event = { id: uuidv7(), event: 'kernel:job.ended', payload }
    const batch = { batchId: uuidv7(), changeSetId: null, workflows: 'run' } as const
    await db.query(orgId, outboxStatement(orgId, [event], batch))
  }

  return {
    tell,
    end,

    /** Opens the change set and enqueues the job that fills it, both or neither. */
    async begin(
      ctx: RequestContext,
      name: string,
      matched: number,
      payload: object,
      options: ChangeSetOptions,
    ): Promise<StartedChangeJob> {
      const { type, id, userId, name: actor } = ctx.principal
      const runAs = { type, id, userId, name: actor }
      const inside = async (tx: Tx) => {
        const job: ChangeJob = { matched, refused: 0, refusals: [] }
        const alone: RequestContext = { ...ctx, tx, changeSet: null }
        const { changeSet } = await writer.openChangeSet(alone, { ...options, job })
        const changeSetId = changeSet.id
        const request = {
          plugin: 'kernel',
          job: name,
          payload: { ...payload, changeSetId, matched },
          runAs,
          traceId: ctx.traceId,
        }
        const [jobId] = await queue.enqueue(ctx.org.id, [request], tx)
        return { jobId: jobId!, changeSetId, matched }
      }
      if (ctx.tx) return inside(ctx.tx)
      const started = await db.transaction(ctx.org.id, inside)
      // The hint of the queue came before there was anything to see.
      bus.publish({ kind: 'jobs' })
      return started
    },

    /** What is written by then stays, and can be reverted. @returns false when it has ended already. */
    async cancel(ctx: RequestContext, job: ListedJob): Promise<boolean> {
      const { changeSetId } = job
      if (changeSetId === null || !(await queue.cancel(ctx.org.id, job.id, 'kernel'))) return false
      const problem = { code: 'STATE_CONFLICT', detail: 'It was stopped.' }
      await writer.abandonChangeSet(ctx.org.id, changeSetId, problem)
      const name = job.job.slice('kernel:'.length)
      const [matched, written] = [job.total ?? 0, job.done ?? 0]
      const stopped = { changeSetId, matched, written, refused: 0, isDone: true, problem }
      tell(ctx.org.id, ctx.principal, name, stopped)
      return true
    },

    /** Of a job that is dead: its change set ends, and whoever asked for it hears why. */
    async fail({ orgId, job, payload, runAs }: StartedJob, problem: JobProblem): Promise<void> {
      const { changeSetId, matched } = payload as Pick<StartedChangeJob, 'changeSetId' | 'matched'>
      if (!(await writer.abandonChangeSet(orgId, changeSetId, problem))) return
      await end(orgId, runAs, job, { changeSetId, matched, written: 0, refused: 0, problem })
    },
  }
}

export type ChangeJobs = ReturnType<typeof createChangeJobs>

export function withRefusals(job: ChangeJob, more: readonly Refusal[], count = more.length) {
  return {
    ...job,
    refused: job.refused + count,
    refusals: [...job.refusals, ...more].slice(0, mostNamed),
  }
}
