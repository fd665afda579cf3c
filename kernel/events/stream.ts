import { inBunches } from '@runwaycrm/sdk'
import { byIndex } from '../database/by-index.ts'
import type { Database, Statement } from '../database/postgres.ts'
import { eventColumns, type OutboxEvent } from './outbox.ts'

export interface Stream {
  /**
   * Hands all waiting events to `hand`, bunch by bunch, and marks each bunch as sent after it.
   *
   * @returns true when nothing waits any more, false when it stopped to let other organisations go first.
   * @throws StreamLostError when somebody else took the organisation over.
   */
  each(hand: (events: readonly OutboxEvent[]) => Promise<void>): Promise<boolean>
  /** Lets others take it, after so many milliseconds. */
  release(pauseMs: number): Promise<void>
}

/** Another relay took the organisation: this one was too slow to say that it lives. */
class StreamLostError extends Error {
  constructor(orgId: string) {
    super(`Another relay hands on the events of ${orgId}.`)
    this.name = 'StreamLostError'
  }
}

type Unnumbered = Omit<OutboxEvent, 'seq'> & { readonly seq: number | null }
/** `unsentId` is the batch that was asked for; of an empty one it is all there is. */
type Row = { readonly unsentId: string } & (Unnumbered | { readonly id: null })

const mostBatches = 50
const rowsAtOnce = 1_000
const bunchesInARow = 20

/** How many batches a relay asks for at once. Those of an import hold hundreds of rows each. */
export interface Pace {
  batches: number
}
export const firstPace = (): Pace => ({ batches: 10 })

/** The events of one organisation, claimed under `token`. */
export function openStream(claim: {
  readonly db: Database
  readonly orgId: string
  readonly token: number
  readonly leaseMs: number
  /** Follows what was read, so that about a thousand rows come at once. */
  readonly pace?: Pace
}): Stream {
  const { db, orgId, token, leaseMs, pace = firstPace() } = claim

  const read = () => ({
    name: 'stream_read',
    text: `select b.batch_id as "unsentId", ${eventColumns}
      from kernel.unsent_batches($2, $3) b
      left join lateral (
        select * from tenant.outbox w where w.org_id = $1 and w.batch_id = b.batch_id offset 0
      ) o on true`,
    values: [orgId, token, pace.batches],
  })
  const sent = (batches: readonly string[]) => ({
    name: 'stream_sent',
    text: 'select kernel.sent_outbox($1, $2) as held',
    values: [token, batches],
  })

  /** One round trip; by index, whatever size the outbox had when the statement was planned. */
  async function ask<R>(...statements: readonly Statement[]): Promise<R[][]> {
    const [, ...results] = await db.batch(orgId, [byIndex, ...statements])
    return results.map((result) => result.rows as unknown as R[])
  }

  /** The next numbers for a bunch. Places are looked up by id: a join may compare all rows with all. */
  function give(bunch: readonly Unnumbered[]): Statement {
    return {
      name: 'stream_number',
      text: `with first as materialized (select kernel.take_seq($2, $3, $4) as seq)
        update tenant.outbox o set seq = first.seq + ($6::jsonb -> o.id::text)::bigint
          from first
          where first.seq is not null
            and o.org_id = $1 and o.batch_id = any ($5::uuid[])
            and $6::jsonb ? o.id::text and o.seq is null
          returning o.id, o.seq`,
      values: [
        orgId,
        token,
        bunch.length,
        leaseMs,
        [...new Set(bunch.map((row) => row.batchId))],
        JSON.stringify(Object.fromEntries(bunch.map((row, place) => [row.id, place]))),
      ],
    }
  }

  async function number(rows: readonly Unnumbered[]): Promise<OutboxEvent[]> {
    const old = rows.filter((row): row is OutboxEvent => row.seq !== null)
    old.sort((a, b) => a.seq - b.seq)
    const fresh = inOrder(rows.filter((row) => row.seq === null))
    if (fresh.length === 0) return old
    const answers = await ask<{ id: string; seq: number }>(
      ...inBunches(fresh, rowsAtOnce).map(give),
    )
    const numbered = answers.flat()
    if (numbered.length !== fresh.length) throw new StreamLostError(orgId)
    const seqOf = new Map(numbered.map(({ id, seq }) => [id, seq]))
    return [...old, ...fresh.map((row) => ({ ...row, seq: seqOf.get(row.id)! }))]
  }

  /** Says every third of the lease that this relay lives, however long a subscriber takes. */
  async function keepingHold(work: () => Promise<void>): Promise<void> {
    const timer = setInterval(() => {
      const statement = { text: 'select kernel.take_seq($1, 0, $2)', values: [token, leaseMs] }
      db.query(orgId, statement).catch(() => {})
    }, leaseMs / 3)
    try {
      await work()
    } finally {
      clearInterval(timer)
    }
  }

  return {
    async each(hand) {
      let [rows = []] = await ask<Row>(read())
      for (let bunch = 0; rows.length > 0; bunch++) {
        if (bunch === bunchesInARow) return false
        const events = await number(rows.filter((row) => row.id !== null))
        for (const some of inBunches(events, rowsAtOnce)) await keepingHold(() => hand(some))
        const batches = [...new Set(rows.map((row) => row.unsentId))]
        const wanted = Math.floor((rowsAtOnce * batches.length) / rows.length)
        pace.batches = Math.min(mostBatches, Math.max(1, wanted))
        const [mark, next] = await ask<Row | { readonly held: boolean }>(sent(batches), read())
        if (!(mark as { held: boolean }[])[0]?.held) throw new StreamLostError(orgId)
        rows = next as Row[]
      }
      return true
    },
    async release(pauseMs) {
      await db.query(orgId, {
        name: 'stream_release',
        text: 'select kernel.release_outbox($1, $2)',
        values: [token, pauseMs],
      })
    },
  }
}

/**
 * The order in which events that were never numbered are handed on: by time of their batch, but of one
 * record always by version. Two writers of one record wait for each other and the later one may have
 * begun first, so times alone would tell its change before the one it is based on.
 */
function inOrder<T extends Pick<Unnumbered, 'batchId' | 'id' | 'entity' | 'recordId' | 'version'>>(
  rows: readonly T[],
): T[] {
  const ordered = [...rows].sort((a, b) => compare(a.batchId, b.batchId) || compare(a.id, b.id))
  const places = new Map<string, number[]>()
  ordered.forEach((row, place) => {
    if (row.recordId === null || row.version === null) return
    const record = `${row.entity} ${row.recordId}`
    const held = places.get(record)
    if (held) held.push(place)
    else places.set(record, [place])
  })
  for (const held of places.values()) {
    if (held.length === 1) continue
    const byVersion = held.map((place) => ordered[place]!)
    byVersion.sort((a, b) => a.version! - b.version!)
    held.forEach((place, i) => {
      ordered[place] = byVersion[i]!
    })
  }
  return ordered
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
