import { ChangeConflictError, NotFoundError, StateConflictError } from '@runwaycrm/sdk'
import type { RequestContext } from '../context/request-context.ts'
import type { Database, Tx } from '../database/postgres.ts'
import type { Writer } from '../records/change-set.ts'
import {
  optionsOf,
  type Revert,
  type Revertible,
  type RevertOptions,
  type RevertResult,
} from '../records/revert.ts'
import type { RevertConflict } from '../records/revert-conflict.ts'
import type { ChangeJob, Refusal } from '../records/transactions.ts'
import { type ChangeJobs, type StartedChangeJob, withRefusals } from './change-job.ts'

interface RevertJobDeps {
  readonly db: Pick<Database, 'transaction' | 'query'>
  readonly revert: Revert
  readonly writer: Pick<Writer, 'resumeChangeSet' | 'closeChangeSet' | 'noteJob'>
  readonly jobs: ChangeJobs
}

interface Payload {
  readonly id: string
  readonly onConflict: 'stop' | 'skip'
  readonly changeSetId: string
  readonly matched: number
}

/** The kernel's own job, beside those of plugins. */
export const revertJob = 'revert'
/** Records in one request and one transaction: some seconds. */
const mostAtOnce = 10_000

/** Takes back small change sets at once and large ones by a job, which goes on after a crash. */
export function createRevertJob({ db, revert, writer, jobs }: RevertJobDeps) {
  return {
    /** @throws whatever taking back the first thousand records would be refused for. */
    async start(
      ctx: RequestContext,
      id: string,
      options: RevertOptions,
    ): Promise<RevertResult | StartedChangeJob> {
      const found = await revert.find(ctx, id)
      const records = found.writes > mostAtOnce ? await countRecords(ctx, found.ids) : 0
      if (records <= mostAtOnce || options.dryRun) return revert.revert(ctx, id, options)
      await revert.tryFirst(ctx, found, options)
      const begin = (tx: Tx) => beginOnce({ ...ctx, tx }, found, records, options)
      return ctx.tx ? begin(ctx.tx) : db.transaction(ctx.org.id, begin)
    },

    /** @param ctx of whoever asked for it, with the rights they have now. */
    async run(ctx: RequestContext, input: unknown): Promise<void> {
      const { id, onConflict, changeSetId, matched } = input as Payload
      const joined = await writer.resumeChangeSet(ctx, changeSetId)
      let job: ChangeJob = { matched, refused: 0, refusals: [] }
      let written = 0
      const progress = () => ({
        changeSetId,
        matched,
        written,
        refused: job.refused,
        ...(job.problem ? { problem: job.problem } : {}),
      })
      try {
        await revert.revertInBatches(joined, id, onConflict, async (batch) => {
          written += batch.reverted
          if (batch.skipped > 0) {
            job = withRefusals(job, batch.conflicts.map(refusalOf), batch.skipped)
            await writer.noteJob(joined, job)
          }
          jobs.tell(ctx.org.id, ctx.principal, revertJob, { ...progress(), isDone: false })
        })
      } catch (error) {
        if (!(error instanceof ChangeConflictError)) throw error
        const { code, message: detail, extra } = error
        const conflicts = (extra?.['conflicts'] ?? []) as readonly RevertConflict[]
        job = { ...withRefusals(job, conflicts.map(refusalOf)), problem: { code, detail } }
        await writer.noteJob(joined, job)
      }
      await writer.closeChangeSet(joined)
      await jobs.end(ctx.org.id, ctx.principal, revertJob, progress())
    },
  }

  /** Whoever asks twice is told so, even in the same moment. */
  async function beginOnce(
    ctx: RequestContext & { readonly tx: Tx },
    { change }: Revertible,
    records: number,
    { onConflict = 'stop' }: RevertOptions,
  ): Promise<StartedChangeJob> {
    const values = [ctx.org.id, change.id]
    const [locked, running] = await ctx.tx.run([
      {
        // Of one that has no row of its own, its parts.
        text: `select state from tenant.change_set where org_id = $1
          and (id = $2 or parent_id = $2 and door <> 'revert') order by id for update`,
        values,
      },
      {
        text: `select id from tenant.change_set where org_id = $1 and parent_id = $2 and door = 'revert'
          and state = 'open' and job is not null`,
        values,
      },
    ])
    if (locked!.rowCount === 0) throw new NotFoundError()
    if (locked!.rows.every((row) => row['state'] === 'reverted') || running!.rowCount > 0)
      throw new StateConflictError('It is being taken back already.')
    const payload = { id: change.id, onConflict }
    return jobs.begin(ctx, revertJob, records, payload, optionsOf(change))
  }

  async function countRecords(ctx: RequestContext, ids: readonly string[]): Promise<number> {
    const { rows } = await db.query<{ n: number }>(ctx.org.id, {
      text: `select count(distinct record_id) as n from tenant.ledger
        where org_id = $1 and change_set_id = any($2::uuid[])`,
      values: [ctx.org.id, ids],
    })
    return rows[0]!.n
  }
}

/** Without values: whoever is erased is not to be found here. */
function refusalOf({ entity, id, field, reason }: RevertConflict): Refusal {
  const detail = reason ?? 'It was changed since.'
  return { entity, id, code: 'CHANGE_CONFLICT', detail, ...(field === null ? {} : { field }) }
}
