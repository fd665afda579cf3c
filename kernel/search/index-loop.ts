import { setTimeout as sleep } from 'node:timers/promises'
import { DatabaseUnavailableError, type Log, type OrgInfo } from '@runwaycrm/sdk'
import type { RequestContext } from '../context/request-context.ts'
import type { Database } from '../database/postgres.ts'
import type { Bus } from '../events/bus.ts'
import type { Model } from '../model/model.ts'
import { createEventIndexer, type EventIndexerDeps } from './index-events.ts'

export interface IndexLoopDeps extends EventIndexerDeps {
  readonly db: Pick<Database, 'query' | 'transaction'>
  readonly bus: Pick<Bus, 'subscribe'>
  readonly systemContext: (orgId: string) => Promise<RequestContext>
  readonly filler: {
    /** The index is to be made for the fields of this model. */
    check(org: OrgInfo, model: Model): void
    /** Everything of the organisation is to be written again, and what happened until now is passed over. */
    refill(orgId: string): Promise<void>
  }
  readonly log: Log
  /** How often it looks for what no hint told of. Default 5,000 ms. */
  readonly pollMs?: number
  /** So long after a hint it begins, to take more at once. Default 30 ms. */
  readonly gatherMs?: number
  /** Organisations at once. Default 2. */
  readonly concurrency?: number
}

/** With so many failures in a row an organisation is filled again instead. */
const mostFailures = 5
const orgsAtOnce = 100

/**
 * Keeps indexes behind the events of their organisations: with a place of its own in each stream and a
 * loop of its own, so that nobody who waits for events ever waits for an index.
 */
export function createIndexLoop(deps: IndexLoopDeps) {
  const { db, bus, filler, systemContext, log } = deps
  const { pollMs = 5_000, gatherMs = 30, concurrency = 2 } = deps
  const indexEvents = createEventIndexer(deps)
  /** Organisations that are behind, and from when on they are to be looked at. */
  const due = new Map<string, number>()
  const active = new Map<string, Promise<void>>()
  const failures = new Map<string, number>()
  const stopping = new AbortController()
  let loop: Promise<void> | null = null
  let wake: () => void = () => {}

  const stopHints = bus.subscribe((hint) => {
    if (hint.kind === 'events' && loop) put(hint.orgId, gatherMs)
  })

  function put(orgId: string, delayMs: number): void {
    if (!due.has(orgId)) due.set(orgId, performance.now() + delayMs)
    wake()
  }

  async function work(): Promise<void> {
    let lookAt = 0
    while (!stopping.signal.aborted) {
      const woken = new Promise<void>((resolve) => {
        wake = resolve
      })
      if (performance.now() >= lookAt) {
        await look()
        lookAt = performance.now() + pollMs
      }
      const next = Math.min(lookAt, take())
      const waitMs = Math.max(0, next - performance.now())
      await Promise.race([woken, sleep(waitMs, undefined, { ref: false })])
    }
  }

  async function look(): Promise<void> {
    try {
      const { rows } = await db.query<{ org_id: string }>(null, {
        name: 'search_behind',
        text: 'select org_id from kernel.behind_search($1)',
        values: [orgsAtOnce],
      })
      for (const { org_id: orgId } of rows) put(orgId, 0)
    } catch (error) {
      log.warn('nobody looks which indexes of search are behind', { error })
    }
  }

  /** @returns when the next one is to be looked at. */
  function take(): number {
    let next = Number.POSITIVE_INFINITY
    for (const [orgId, from] of due) {
      if (active.has(orgId)) continue
      if (from > performance.now()) next = Math.min(next, from)
      else if (active.size < concurrency) {
        due.delete(orgId)
        const one = indexOne(orgId).finally(() => {
          active.delete(orgId)
          wake()
        })
        active.set(orgId, one)
      }
    }
    return next
  }

  async function indexOne(orgId: string): Promise<void> {
    try {
      const ctx = await systemContext(orgId)
      const outcome = await indexEvents(ctx)
      if (outcome === 'none') filler.check(ctx.org, ctx.model)
      if (outcome === 'lost') await filler.refill(orgId)
      if (outcome === 'none' || outcome === 'stale') return again(ctx)
      failures.delete(orgId)
      if (outcome !== 'done') put(orgId, 0)
    } catch (error) {
      if (!stopping.signal.aborted) await failed(orgId, error).catch(() => putLater(orgId))
    }
  }

  /** Another model was published a moment ago, and either the index or this node does not know it yet. */
  function again({ org, model }: RequestContext): void {
    if (countFailure(org.id) % mostFailures === 0) filler.check(org, model)
    putLater(org.id)
  }

  async function failed(orgId: string, error: unknown): Promise<void> {
    if (error instanceof DatabaseUnavailableError) return putLater(orgId)
    if (countFailure(orgId) < mostFailures) {
      log.warn('records were not indexed and will be again', { orgId, error })
      return putLater(orgId)
    }
    log.error('records were not indexed; the index is filled again', { orgId, error })
    await filler.refill(orgId)
    failures.delete(orgId)
  }

  function countFailure(orgId: string): number {
    const count = (failures.get(orgId) ?? 0) + 1
    failures.set(orgId, count)
    return count
  }

  function putLater(orgId: string): void {
    due.delete(orgId)
    put(orgId, Math.min(pollMs, 100 * 2 ** (failures.get(orgId) ?? 0)))
  }

  return {
    start(): void {
      loop ??= work()
    },
    /** Ends after what is being written. */
    async stop(): Promise<void> {
      stopHints()
      stopping.abort()
      wake()
      await loop
      await Promise.all(active.values())
    },
  }
}
