import type { Database } from '../database/postgres.ts'
import type { RunAs } from './queue.ts'

/** A job that this worker holds, and with which fencing token. */
export interface ClaimedJob {
  readonly orgId: string
  readonly id: string
  readonly token: number
}

/** What the job is, read inside its organisation. */
export interface StartedJob extends ClaimedJob {
  readonly plugin: string
  readonly job: string
  readonly payload: unknown
  readonly runAs: RunAs
  /** 1 the first time. */
  readonly attempt: number
  readonly maxAttempts: number
  readonly traceId: string | null
}

/** How an attempt ended. `refund` takes the attempt back: the worker stopped, the job did not fail. */
export type JobEnd =
  | { readonly state: 'done' }
  | { readonly state: 'dead'; readonly error: string }
  | {
      readonly state: 'ready'
      readonly error: string | null
      readonly delayMs: number
      readonly refund?: boolean
    }

export interface Leases {
  /**
   * At most `wanted` due jobs, fair between organisations.
   *
   * @param perOrg At most so many of one organisation, less what `running` says of it.
   */
  claim(
    wanted: number,
    perOrg?: number,
    running?: ReadonlyMap<string, number>,
  ): Promise<ClaimedJob[]>
  /** Counts the attempt. What is missing in the answer was cancelled or belongs to somebody else now. */
  start(orgId: string, jobs: readonly ClaimedJob[]): Promise<StartedJob[]>
  /** @returns the keys (`leaseKey`) of those that are still held. */
  renew(jobs: readonly ClaimedJob[]): Promise<Set<string>>
  /** @returns the ids that were still held, so that the end counts. */
  end(
    orgId: string,
    ends: readonly { readonly job: ClaimedJob; readonly end: JobEnd }[],
  ): Promise<Set<string>>
}

export function leaseKey(job: Pick<ClaimedJob, 'orgId' | 'id'>): string {
  return `${job.orgId} ${job.id}`
}

/**
 * The statements by which a worker holds jobs. A lease lasts `leaseMs`; the token of a claim is higher
 * than every one before it, and the tenant's row refuses lower ones, so that a worker which was taken for
 * dead can neither start nor end what another one took over.
 */
export function createLeases(db: Database, leaseMs: number): Leases {
  let after: string | null = null

  return {
    async claim(wanted, perOrg = wanted, running = new Map()) {
      const { rows } = await db.query<{ org_id: string; id: string; token: number }>(null, {
        name: 'job_claim',
        text: 'select org_id, id, token from kernel.claim_jobs($1, $2, $3, $4, $5, $6)',
        values: [wanted, perOrg, leaseMs, after, [...running.keys()], [...running.values()]],
      })
      const jobs = rows.map((row) => ({ orgId: row.org_id, id: row.id, token: row.token }))
      if (jobs.length > 0) after = lastOrg(jobs, after)
      return jobs
    },

    async start(orgId, jobs) {
      const values = [orgId, jobs.map((job) => job.id), jobs.map((job) => job.token)]
      const [started] = await db.batch(orgId, [
        { name: 'job_start', text: startText, values },
        // Ended or cancelled, but still in the directory: nobody needs to find it again.
        { name: 'job_leftover', text: leftoverText, values },
      ])
      return (started!.rows as unknown as Omit<StartedJob, 'orgId'>[]).map((row) => ({
        ...row,
        orgId,
      }))
    },

    async renew(jobs) {
      const { rows } = await db.query<{ org_id: string; id: string }>(null, {
        name: 'job_renew',
        text: 'select org_id, id from kernel.renew_job($1, $2, $3, $4)',
        values: [
          jobs.map((job) => job.orgId),
          jobs.map((job) => job.id),
          jobs.map((job) => job.token),
          leaseMs,
        ],
      })
      return new Set(rows.map((row) => leaseKey({ orgId: row.org_id, id: row.id })))
    },

    async end(orgId, ends) {
      const rows = ends.map(({ job, end }) => ({
        id: job.id,
        token: job.token,
        state: end.state,
        error: 'error' in end ? end.error : null,
        delay_ms: end.state === 'ready' ? end.delayMs : null,
        refund: end.state === 'ready' && end.refund ? 1 : 0,
      }))
      const answer = await db.query<{ id: string }>(orgId, {
        name: 'job_end',
        text: endText,
        values: [orgId, JSON.stringify(rows)],
      })
      return new Set(answer.rows.map((row) => row.id))
    },
  }
}

const startText = `update tenant.job j
    set state = 'running', attempts = j.attempts + 1, lease_token = h.token
    from unnest($2::uuid[], $3::bigint[]) h (id, token)
    where j.org_id = $1 and j.id = h.id and j.state in ('ready', 'running')
      and (j.lease_token is null or j.lease_token < h.token)
    returning j.id, h.token, j.plugin, j.job, j.payload, j.run_as as "runAs",
      j.attempts as attempt, j.max_attempts as "maxAttempts", j.trace_id as "traceId"`

const leftoverText = `select kernel.finish_job(h.id, h.token)
    from unnest($2::uuid[], $3::bigint[]) h (id, token)
    where not exists (
      select from tenant.job j
        where j.org_id = $1 and j.id = h.id and j.state in ('ready', 'running')
    )`

const endText = `with ended as (
    update tenant.job j
      set state = e.state, error = e.error, attempts = j.attempts - e.refund,
        run_at = case when e.state = 'ready'
          then now() + e.delay_ms * interval '1 millisecond' else j.run_at end,
        finished_at = case when e.state <> 'ready' then now() end
      from jsonb_to_recordset($2::jsonb)
        e (id uuid, token bigint, state text, error text, delay_ms integer, refund integer)
      where j.org_id = $1 and j.id = e.id and j.state = 'running' and j.lease_token = e.token
      returning j.id, e.token, j.state, j.run_at
  )
  select id, case when state = 'ready'
      then kernel.retry_job(id, token, run_at) else kernel.finish_job(id, token) end as held
    from ended`

/** Claims come org by org, in the order in which they are served. */
function lastOrg(jobs: readonly ClaimedJob[], after: string | null): string {
  const orgs = [...new Set(jobs.map((job) => job.orgId))].sort()
  // Behind `after` first, then from the beginning: the last one served is the greatest up to `after`
  // when it wrapped, else the greatest of all.
  const wrapped = after === null ? [] : orgs.filter((org) => org <= after)
  return (wrapped.at(-1) ?? orgs.at(-1)) as string
}
