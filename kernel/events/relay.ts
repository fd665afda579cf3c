import { setTimeout as sleep } from 'node:timers/promises'
import type { Log } from '@runwaycrm/sdk'
import type { Database } from '../database/postgres.ts'
import type { Bus } from './bus.ts'
import type { OutboxEvent } from './outbox.ts'
import { firstPace, openStream } from './stream.ts'

/**
 * Gets every event of an organisation at least once and in order of `seq`. Events are marked as sent
 * when all subscribers are through; one that throws gets them again, later.
 */
export type EventSubscriber = (
  orgId: string,
  events: readonly OutboxEvent[],
) => Promise<void> | void

export interface Relay {
  /** Returns the way to stop. */
  subscribe(name: string, subscriber: EventSubscriber): () => void
  /** Something was committed here: hand it on at once instead of at the next look. */
  poke(orgId: string): void
  start(): void
  /** Ends after what is being handed on. */
  stop(): Promise<void>
}

export interface RelayOptions {
  readonly db: Database
  readonly bus: Bus
  readonly log: Log
  /** How often it looks for what other nodes wrote or left. Default 1,000 ms. */
  readonly pollMs?: number
  /** For how long an organisation belongs to one relay without a sign of life. Default 15,000 ms. */
  readonly leaseMs?: number
  /** At least this long between two looks at one organisation, so that busy ones are taken in bunches. */
  readonly gatherMs?: number
  /** Organisations handed on at once. Default 4. */
  readonly concurrency?: number
}

const longestRestMs = 250

/** Takes committed events out of the outbox, numbers them and hands them on. */
export function createRelay(options: RelayOptions): Relay {
  const { db, bus, log, pollMs = 1_000, leaseMs = 15_000, gatherMs = 20, concurrency = 4 } = options
  const subscribers = new Map<string, EventSubscriber>()
  const poked = new Set<string>()
  const active = new Map<string, Promise<void>>()
  /** Not before this is a busy organisation looked at again. */
  const restsUntil = new Map<string, number>()
  const failures = new Map<string, number>()
  const pace = firstPace()
  let isStopping = false
  let loop: Promise<void> | null = null
  let wake: () => void = () => {}

  async function run(): Promise<void> {
    let lookAt = 0
    while (!isStopping) {
      const woken = new Promise<void>((resolve) => {
        wake = resolve
      })
      const waitMs = await take(performance.now() >= lookAt).catch((error: unknown) => {
        log.warn('the relay cannot reach the database', { error })
        return pollMs
      })
      if (performance.now() >= lookAt) lookAt = performance.now() + pollMs
      const restMs = Math.max(0, Math.min(waitMs, lookAt - performance.now()))
      await Promise.race([woken, sleep(restMs, undefined, { ref: false })])
    }
  }

  /** @returns after how many milliseconds there is something to do again. */
  async function take(isLook: boolean): Promise<number> {
    const now = performance.now()
    const ready = [...poked].filter((org) => !active.has(org))
    const due = ready
      .filter((org) => (restsUntil.get(org) ?? 0) <= now)
      .slice(0, concurrency - active.size)
    if (due.length > 0) {
      for (const org of due) poked.delete(org)
      await claim(due)
    }
    if (isLook && active.size < concurrency) {
      restsUntil.clear()
      await claim(null)
    }
    return ready.length > due.length ? gatherMs : pollMs
  }

  /** @param orgs null for whichever have something. */
  async function claim(orgs: readonly string[] | null): Promise<void> {
    const { rows } = await db.query<{ org_id: string; token: number }>(null, {
      name: 'relay_claim',
      text: 'select org_id, token from kernel.claim_outbox($1, $2, $3)',
      values: [concurrency - active.size, leaseMs, orgs],
    })
    for (const { org_id: orgId, token } of rows) {
      const began = performance.now()
      restsUntil.set(orgId, began + gatherMs)
      const handing = handOn(orgId, token).finally(() => {
        active.delete(orgId)
        // What runs behind requests takes half of the time at most: under load they come first, and more
        // events are handed on together.
        const ended = performance.now()
        const restMs = Math.min(longestRestMs, ended - began)
        restsUntil.set(orgId, Math.max(began + gatherMs, ended + restMs))
        wake()
      })
      active.set(orgId, handing)
    }
  }

  async function handOn(orgId: string, token: number): Promise<void> {
    const stream = openStream({ db, orgId, token, leaseMs, pace })
    try {
      const isEmpty = await stream.each(async (events) => {
        for (const [name, subscriber] of subscribers) {
          try {
            await subscriber(orgId, events)
          } catch (error) {
            throw new Error(`the subscriber ${name} failed`, { cause: error })
          }
        }
        bus.publish({ kind: 'events', orgId, seq: events.at(-1)!.seq })
      })
      failures.delete(orgId)
      await stream.release(0)
      if (!isEmpty) poked.add(orgId)
    } catch (error) {
      const failed = (failures.get(orgId) ?? 0) + 1
      failures.set(orgId, failed)
      log.error('events were not handed on and will be again', { orgId, failed, error })
      await stream.release(Math.min(60_000, 500 * 2 ** failed)).catch(() => {})
    }
  }

  return {
    subscribe(name, subscriber) {
      subscribers.set(name, subscriber)
      return () => subscribers.delete(name)
    },
    poke(orgId) {
      poked.add(orgId)
      wake()
    },
    start() {
      loop ??= run()
    },
    async stop() {
      isStopping = true
      wake()
      await loop
      await Promise.all(active.values())
    },
  }
}
