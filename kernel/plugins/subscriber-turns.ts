import { byIndex } from '../database/by-index.ts'
import type { Database } from '../database/postgres.ts'
import { NotYetError } from '../jobs/not-yet.ts'

/** The kernel's own job that calls one subscriber, beside those of plugins. */
export const subscriberJob = 'subscriber'

/** The events themselves stay where they are: an import has a million. */
export interface Told {
  /** Reference of the subscriber. */
  readonly subscriber: string
  /** Numbers of the first and the last event. */
  readonly from: number
  readonly to: number
}

const lookAgainMs = 50
/** How many of those before are counted: beyond it the wait does not grow. */
const mostCounted = 500
/** Numbers in one job that others joined. */
const mostJoined = 1_000

/** In the order of numbers whatever the collation. Handed on again, it is the same job while that waits. */
export function keyOf({ subscriber, from, to }: Told): string {
  return `${beginOf(subscriber, from)}-${to}`
}

const beginOf = (subscriber: string, from: number) =>
  `${subscriber} ${String(from).padStart(16, '0')}`

/**
 * Says whether a job of an ordered subscriber may run. The relay enqueues in order, so whatever comes before is
 * in the queue or has ended; the key of a job goes when it ends, dead ones too. While the one right before waits
 * as well, it takes the events of this one along: however long somebody holds them up, few wait.
 *
 * @returns false when the job is done with, because another takes its events along.
 * @throws NotYetError while one before it waits or runs.
 */
export async function takeTurn(
  db: Pick<Database, 'batch'>,
  orgId: string,
  { subscriber, from, to }: Told,
): Promise<boolean> {
  const [, found] = await db.batch(orgId, [
    byIndex,
    {
      name: 'subscriber_turn',
      text: turnText,
      values: [
        ...[orgId, subscriberJob, subscriber, beginOf(subscriber, 0), beginOf(subscriber, from)],
        ...[to, mostJoined, mostCounted],
      ],
    },
  ])
  const { before, isTaken, restMs } = found!.rows[0] as unknown as Turn
  if (before === 0) return true
  if (isTaken) return false
  // The further back, the more seldom it looks; behind one that failed, not before that comes again.
  throw new NotYetError(Math.ceil(Math.max(0, Number(restMs)) + lookAgainMs * before))
}

interface Turn {
  readonly before: number
  readonly isTaken: boolean
  /** Until the first of them is due. */
  readonly restMs: number
}

const turnText = `with earlier as materialized (
    select j.id, j.dedupe_key, j.state, j.run_at from tenant.job j
      where j.org_id = $1 and j.plugin = 'kernel' and j.job = $2
        and j.dedupe_key >= $4 and j.dedupe_key < $5 and j.payload->>'subscriber' = $3
      order by j.dedupe_key desc limit $8
  ), taken as (
    update tenant.job j
      set payload = jsonb_set(j.payload, '{to}',
        to_jsonb(greatest((j.payload->>'to')::bigint, $6::bigint)))
      from (select id from earlier order by dedupe_key desc limit 1) e
      where j.org_id = $1 and j.id = e.id and j.state = 'ready' and j.attempts = 0
        and $6::bigint - (j.payload->>'from')::bigint < $7
      returning 1
  )
  select (select count(*)::integer from earlier) as before, exists (select from taken) as "isTaken",
    coalesce((
      select case when e.state = 'ready' then extract(epoch from e.run_at - now()) * 1000 end
        from earlier e order by e.dedupe_key limit 1
    ), 0)::float8 as "restMs"`
