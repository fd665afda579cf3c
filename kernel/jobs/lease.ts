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
  /** Workers that died with it in their hands; of a suspect, while it ran. */
  readonly deaths: number
  readonly traceId: string | null
}

/** What was in the hands of so many workers that died may be the reason: it runs beside no other of its kind. */
export const isSuspect = ({ deaths }: Pick<StartedJob, 'deaths'>): boolean => deaths >= suspectAfter
const suspectAfter = 3

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
  /** Counts a death before it comes: what a suspect does next may be the end of this worker. */
  suspect(job: ClaimedJob): Promise<void>
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
      const [, started] = await db.batch(orgId, [
        byIndex,
        { name: 'job_start', text: startText, values },
        // Ended or cancelled, but still in the directory: nobody is to find it again.
        { name: 'job_leftover', text: leftoverText, values },
      ])
      return (started!.rows as unknown as Omit<StartedJob, 'orgId'>[]).map((row) => ({
        ...row,
        orgId,
      }))
    },

    async suspect({ orgId, id, token }) {
      await db.query(orgId, { name: 'job_suspect', text: suspectText, values: [orgId, id, token] })
    },

    async renew(jobs) {
      const { rows } = await db.query<{ org_id: string; id: string }>(null, {
        name: 'job_renew',
        text: 'select org_id, id from kernel.renew_jobs($1, $2, $3, $4)',
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
      const values = [
        orgId,
        ends.map(({ job }) => job.id),
        ends.map(({ job }) => job.token),
        ends.map(({ end }) => end.state),
        ends.map(({ end }) => ('error' in end ? end.error : null)),
        ends.map(({ end }) => (end.state === 'ready' ? end.delayMs : null)),
        ends.map(({ end }) => (end.state === 'ready' && end.refund ? 1 : 0)),
      ]
      const statement = { name: 'job_end', text: endText, values }
      const [, ended] = await db.batch(orgId, [byIndex, statement])
      return new Set(ended!.rows.map((row) => row['id'] as string))
    },
  }
}

/**
 * The plan of a prepared statement is kept, and one that was made while the table was empty must stand
 * when it is large: no scan of the table, and rows by `id = any`, not by a join.
 */
const byIndex = {
  name: 'by_index',
  text: `select pg_catalog.set_config('enable_seqscan', 'off', true)`,
  values: [],
}
const at = 'array_position($2::uuid[], j.id)'

const startText = `update tenant.job j
    set state = 'running', lease_token = ($3::bigint[])[${at}],
      attempts = j.attempts + case j.state when 'running' then 0 else 1 end,
      deaths = j.deaths
        + case when j.state = 'running' and j.deaths < ${suspectAfter} then 1 else 0 end
    where j.org_id = $1 and j.id = any ($2::uuid[]) and j.state in ('ready', 'running')
      and (j.lease_token is null or j.lease_token < ($3::bigint[])[${at}])
    returning j.id, j.lease_token as token, j.plugin, j.job, j.payload, j.run_as as "runAs",
      j.attempts as attempt, j.max_attempts as "maxAttempts", j.deaths,
      j.trace_id as "traceId"`

const suspectText = `update tenant.job set deaths = deaths + 1
    where org_id = $1 and id = $2 and state = 'running' and lease_token = $3`

const leftoverText = `select kernel.end_jobs(array_agg(h.id), array_agg(h.token),
      array_agg(null::timestamptz))
    from unnest($2::uuid[], $3::bigint[]) h (id, token)
    where h.id <> all (array(
      select j.id from tenant.job j
        where j.org_id = $1 and j.id = any ($2::uuid[]) and j.state in ('ready', 'running')
    ))
    having count(*) > 0`

const endText = `with ended as (
    update tenant.job j
      set state = ($4::text[])[${at}], error = ($5::text[])[${at}],
        attempts = j.attempts - ($7::integer[])[${at}],
        deaths = j.deaths * ($7::integer[])[${at}],
        run_at = coalesce(now() + ($6::integer[])[${at}] * interval '1 millisecond', j.run_at),
        finished_at = case when ($4::text[])[${at}] <> 'ready' then now() end,
        dedupe_key = case when ($4::text[])[${at}] = 'ready' then j.dedupe_key end
      where j.org_id = $1 and j.id = any ($2::uuid[]) and j.state = 'running'
        and j.lease_token = ($3::bigint[])[${at}]
      returning j.id, j.lease_token as token, j.state, j.run_at
  )
  select h.id from (
      select array_agg(id) as ids, array_agg(token) as tokens,
          array_agg(case when state = 'ready' then run_at end) as dues
        from ended having count(*) > 0
    ) e, kernel.end_jobs(e.ids, e.tokens, e.dues) h`

/** Claims come org by org, in the order in which they are served. */
function lastOrg(jobs: readonly ClaimedJob[], after: string | null): string {
  const orgs = [...new Set(jobs.map((job) => job.orgId))].sort()
  // Behind `after` first, then from the beginning: the last one served is the greatest up to `after`
  // when it wrapped, else the greatest of all.
  const wrapped = after === null ? [] : orgs.filter((org) => org <= after)
  return (wrapped.at(-1) ?? orgs.at(-1)) as string
}
