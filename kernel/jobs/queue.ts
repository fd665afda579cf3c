import type { Principal } from '@runwaycrm/sdk'
import type { Database, Statement, Tx } from '../database/postgres.ts'
import { uuidv7 } from '../database/uuid.ts'

/** Who a job acts for. Roles and scopes are read again when it runs. */
export type RunAs = Pick<Principal, 'type' | 'id' | 'userId' | 'name'> & {
  /** Of those that hold roles of their own: workflows and agents. */
  readonly roles?: readonly string[]
}

/** A plugin's own work. */
export const asPlugin = (plugin: string): RunAs => ({
  type: 'plugin',
  id: plugin,
  userId: null,
  name: plugin,
})

export interface JobRequest {
  /** The plugin whose contribution under `jobs` it is, and its key there. */
  readonly plugin: string
  readonly job: string
  /** JSON. */
  readonly payload: unknown
  readonly runAs: RunAs
  /** Missing means now. */
  readonly at?: Date
  /** While one with this key waits or runs, no second is made. */
  readonly dedupeKey?: string
  /** Default 10: about a quarter of an hour. */
  readonly maxAttempts?: number
  readonly traceId?: string
}

export interface JobState {
  readonly id: string
  readonly state: 'ready' | 'running' | 'done' | 'dead' | 'cancelled'
  readonly attempts: number
  readonly error: string | null
}

export interface Queue {
  /**
   * @param tx The job is there when the transaction is committed, and not when it is undone.
   * @returns the ids in the order of the requests; of a request whose key waits already, that job's.
   */
  enqueue(orgId: string, requests: readonly JobRequest[], tx?: Tx | null): Promise<string[]>
  /** A running job notices within a few seconds. False when it has ended or never was. */
  cancel(orgId: string, id: string, plugin: string): Promise<boolean>
  find(orgId: string, id: string): Promise<JobState | null>
  /** Jobs that a transaction enqueued are there now. */
  wake(): void
}

export const defaultMaxAttempts = 10

/** Puts jobs into the tenant's queue. `onEnqueued` wakes the workers; it is a hint. */
export function createQueue(deps: {
  readonly db: Database
  readonly onEnqueued: () => void
}): Queue {
  const { db, onEnqueued } = deps

  return {
    async enqueue(orgId, requests, tx) {
      if (requests.length === 0) return []
      const jobs = requests.map((request) => ({ ...request, id: uuidv7() }))
      const isKeyed = jobs.some((job) => job.dedupeKey !== undefined)
      const ask = tx ?? { run: (statements: readonly Statement[]) => db.batch(orgId, statements) }
      // A rival with the same key that commits between two statements is seen in the next round.
      for (let round = 0; round < 5; round++) {
        const statements = [insertJobs(orgId, jobs), ...(isKeyed ? [findTwins(orgId, jobs)] : [])]
        const [made, twins] = await ask.run(statements)
        const ids = new Map(made!.rows.map(({ id }) => [id, id]))
        for (const { wanted, id } of twins?.rows ?? []) ids.set(wanted, id)
        if (jobs.every((job) => ids.has(job.id))) {
          if (!tx || made!.rows.length > 0) onEnqueued()
          return jobs.map((job) => ids.get(job.id) as string)
        }
      }
      throw new Error('A job with the same key comes and goes too fast.')
    },

    wake: onEnqueued,

    async cancel(orgId, id, plugin) {
      const { rows } = await db.query<{ id: string }>(orgId, {
        name: 'job_cancel',
        text: `with cancelled as (
            update tenant.job set state = 'cancelled', finished_at = now(), dedupe_key = null
              where org_id = $1 and id = $2 and plugin = $3 and state in ('ready', 'running')
              returning id
          )
          select id, kernel.drop_job(id) from cancelled`,
        values: [orgId, id, plugin],
      })
      return rows.length > 0
    },

    async find(orgId, id) {
      const { rows } = await db.query<JobState>(orgId, {
        name: 'job_find',
        text: 'select id, state, attempts, error from tenant.job where org_id = $1 and id = $2',
        values: [orgId, id],
      })
      return rows[0] ?? null
    },
  }
}

type NewJob = JobRequest & { readonly id: string }

function insertJobs(orgId: string, jobs: readonly NewJob[]): Statement {
  const rows = jobs.map((job) => ({
    id: job.id,
    plugin: job.plugin,
    job: job.job,
    payload: job.payload ?? null,
    run_as: job.runAs,
    run_at: job.at ?? null,
    max_attempts: job.maxAttempts ?? defaultMaxAttempts,
    dedupe_key: job.dedupeKey ?? null,
    trace_id: job.traceId ?? null,
  }))
  return {
    name: 'job_insert',
    // In the order of their keys: two writers of the same keys wait for each other and never in a circle.
    text: `with made as (
        insert into tenant.job (org_id, id, plugin, job, payload, run_as, run_at, max_attempts,
            dedupe_key, trace_id)
          select $1, r.id, r.plugin, r.job, r.payload, r.run_as, coalesce(r.run_at, now()),
              r.max_attempts, r.dedupe_key, r.trace_id
            from jsonb_to_recordset($2::jsonb) r (id uuid, plugin text, job text, payload jsonb,
              run_as jsonb, run_at timestamptz, max_attempts integer, dedupe_key text, trace_id text)
            order by r.plugin, r.job, r.dedupe_key
          on conflict (org_id, dedupe_key, plugin, job) where dedupe_key is not null do nothing
          returning id, run_at
      ), noted as materialized (
        select kernel.enqueue_jobs(array_agg(id), array_agg(run_at)) from made having count(*) > 0
      )
      select id from made where exists (select from noted)`,
    values: [orgId, JSON.stringify(rows)],
  }
}

/** The jobs that wait or run under the same keys. */
function findTwins(orgId: string, jobs: readonly NewJob[]): Statement {
  const keyed = jobs.filter((job) => job.dedupeKey !== undefined)
  return {
    name: 'job_twins',
    text: `select w.id as wanted, j.id
      from unnest($2::uuid[], $3::text[], $4::text[], $5::text[]) w (id, plugin, job, dedupe_key)
      join tenant.job j on j.org_id = $1 and j.dedupe_key = any ($5::text[])
        and j.plugin = w.plugin and j.job = w.job and j.dedupe_key = w.dedupe_key`,
    values: [
      orgId,
      keyed.map((job) => job.id),
      keyed.map((job) => job.plugin),
      keyed.map((job) => job.job),
      keyed.map((job) => job.dedupeKey),
    ],
  }
}
