import type { Log } from '@runwaycrm/sdk'
import type { Database } from '../database/postgres.ts'
import { eventsAfter, type OutboxEvent, streamState } from '../events/outbox.ts'

/** The events of one organisation, each once and in order, from whichever node handed them on. */
export interface LiveFeed {
  /** Events that this node handed on. */
  push(events: readonly OutboxEvent[]): void
  /** Events up to `seq` are there; another node handed them on. */
  hint(seq: number): void
  /** Runs alone, between bunches of events; `position` is the last event before it. */
  exclusive<T>(work: (position: number) => Promise<T>): Promise<T>
  /** The last event that was handed out; 0 before the first. */
  position(): number
}

const readAtOnce = 1_000

/** @param onEvents is waited for before the next bunch. What it throws is logged and lost. */
export function createLiveFeed(options: {
  readonly db: Pick<Database, 'query'>
  readonly orgId: string
  readonly log: Log
  readonly onEvents: (events: readonly OutboxEvent[]) => Promise<void>
}): LiveFeed {
  const { db, orgId, log, onEvents } = options
  let position: number | null = null
  let waiting: OutboxEvent[] = []
  let hinted = 0
  let isDraining = false
  let queue: Promise<unknown> = Promise.resolve()

  /** One after the other; a failure does not stop the next. */
  function enqueue<T>(work: () => Promise<T>): Promise<T> {
    const done = queue.then(work)
    queue = done.catch(() => {})
    return done
  }

  async function begin(): Promise<number> {
    if (position === null) {
      const { rows } = await db.query<{ last: number }>(orgId, streamState(orgId))
      position ??= rows[0]!.last
    }
    return position
  }

  function drain(): void {
    if (isDraining) return
    isDraining = true
    enqueue(async () => {
      isDraining = false
      await begin()
      await deliver()
    }).catch((error: unknown) => {
      log.warn('events did not reach the open pages of an organisation', { orgId, error })
    })
  }

  async function deliver(): Promise<void> {
    const pushed = waiting
    waiting = []
    const fresh = pushed.filter((event) => event.seq > position!)
    fresh.sort((a, b) => a.seq - b.seq)
    const first = fresh[0]
    const last = Math.max(fresh.at(-1)?.seq ?? 0, hinted)
    if (last <= position!) return
    // What lies between came from another node, or is a number that was never used.
    if (!first || first.seq > position! + 1 || last > fresh.at(-1)!.seq) return catchUp(last)
    await give(fresh)
  }

  async function catchUp(last: number): Promise<void> {
    while (position! < last) {
      const statement = eventsAfter(orgId, position!, readAtOnce)
      const { rows } = await db.query<OutboxEvent>(orgId, statement)
      if (rows.length === 0) {
        position = last
        return
      }
      await give(rows)
    }
  }

  async function give(events: readonly OutboxEvent[]): Promise<void> {
    position = events.at(-1)!.seq
    await onEvents(events)
  }

  return {
    push(events) {
      waiting.push(...events)
      drain()
    },
    hint(seq) {
      hinted = Math.max(hinted, seq)
      if (position === null || seq > position) drain()
    },
    exclusive: (work) => enqueue(async () => work(await begin())),
    position: () => position ?? 0,
  }
}
