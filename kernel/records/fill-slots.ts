import { setTimeout as sleep } from 'node:timers/promises'
import type { RequestContext } from '../context/request-context.ts'
import type { Database, Result, Statement, Tx } from '../database/postgres.ts'
import { statementTimeout } from '../database/transaction.ts'
import type { Queue } from '../jobs/queue.ts'
import type { Entity, Model } from '../model/model.ts'
import { raiseEpoch, selectEpoch } from '../model/org-row.ts'
import {
  analyzeStatement,
  copyStatement,
  countStatement,
  fillStatement,
  forgetStatement,
  nextStatement,
  noteStatements,
  nthStatement,
  reachedStatement,
  readyStatement,
} from './fill-slots-sql.ts'
import { fillsOf, holdCopies } from './slots.ts'

export const fillSlotsJob = 'slot_fill'
/** Records of each half of a step: so many that it takes about as long, since whoever writes one of them waits for it. */
const steps = { first: 1_000, least: 200, most: 10_000, ms: 150 }
/**
 * Requests that began on the model before the publish do not know of the slot: those of now are over
 * after `settleMs`, jobs, which keep their model, after `jobsMs`. What they wrote is copied then.
 */
const settleMs = 3_000
const jobsMs = 20 * 60_000
const timeoutMs = 120_000
/** From here on the planner is told what was filled. */
const manyRecords = 1_000
/** Clocks of nodes may differ by so much. */
const skewMs = 5_000

export interface SlotFillerDeps {
  readonly db: Pick<Database, 'batch' | 'query' | 'transaction'>
  readonly queue: Pick<Queue, 'enqueue'>
  /** @param epoch the least that will do. */
  readonly modelOf: (orgId: string, epoch: number) => Promise<Model>
  /** Called when an index is complete, so that lists begin to use it. */
  readonly onReady: (orgId: string) => void
  readonly onProgress?: (orgId: string, audience: string, progress: SlotProgress) => void
}

/** Of one run of the job, over one entity; counted anew after a crash. */
export type SlotProgress = {
  /** Reference of the entity. */
  readonly entity: string
  readonly filled: number
  readonly left: number
  readonly isDone: boolean
}

interface Waiting {
  readonly entity: string
  readonly after: string | null
  readonly since: string
}

interface Step {
  readonly count: number
  /** Id of the last record; null when there was none. */
  readonly last: string | null
  readonly isEnd: boolean
}

/** A later look goes once more over what was written since. */
type Payload = { readonly audience: string; readonly entity?: string; readonly since?: string }

/** Copies what records hold already into the slots of fields that became indexed. */
export function createSlotFiller(deps: SlotFillerDeps) {
  const { db, queue, modelOf, onReady, onProgress } = deps

  /** Notes which field has which slot, inside the transaction that publishes it. */
  async function inPublish(tx: Tx, orgId: string, model: Model, audience: string): Promise<void> {
    const rows = [...model.entities.values()].flatMap((entity) =>
      fillsOf(entity).map(({ slot, storageId }) => ({
        entity: entity.ref,
        slot,
        storage_id: storageId,
      })),
    )
    const [, , waiting] = await tx.run(noteStatements(orgId, JSON.stringify(rows)))
    if (waiting?.rows.length === 0) return
    await enqueue(tx, orgId, { audience })
  }

  /** Goes on where it was, after a crash too. */
  async function run(
    { org, signal }: Pick<RequestContext, 'org' | 'signal'>,
    payload: unknown,
  ): Promise<void> {
    const { audience = '', entity: again, since } = (payload ?? {}) as Partial<Payload>
    if (again !== undefined && since !== undefined) return catchUp(org.id, again, since, signal)
    for (;;) {
      signal.throwIfAborted()
      const { rows } = await db.query<Waiting>(org.id, nextStatement(org.id))
      const next = rows[0]
      if (!next) return
      const entity = await entityNow(org.id, next.entity)
      if (!entity) {
        // Another revision took the field away.
        await db.query(org.id, forgetStatement(org.id, next.entity))
        continue
      }
      const filled = await fill(org.id, entity, next.after, audience, signal)
      if (filled === null) continue
      const settled = Date.parse(next.since) + settleMs - Date.now()
      if (settled > 0) await sleep(settled, undefined, { signal })
      await Promise.all([
        catchUp(org.id, entity.ref, next.since, signal),
        ...(filled >= manyRecords ? [atLeisure(org.id, [analyzeStatement(entity)])] : []),
      ])
      await db.transaction(org.id, async (tx) => {
        // In the order in which a publish takes them.
        await tx.run([raiseEpoch(org.id), readyStatement(org.id, entity)])
        const later = { audience, entity: entity.ref, since: next.since }
        await enqueue(tx, org.id, later, new Date(Date.now() + jobsMs))
      })
      onReady(org.id)
    }
  }

  /** The revision that asked for it may be newer than what this node knows. */
  async function entityNow(orgId: string, ref: string): Promise<Entity | null> {
    const { rows } = await db.query<{ epoch: number }>(orgId, selectEpoch(orgId))
    const entity = (await modelOf(orgId, rows[0]?.epoch ?? 0)).entities.get(ref)
    return entity && fillsOf(entity).length > 0 ? entity : null
  }

  /** @returns how many records were filled; null when another revision, or another run, came in between. */
  async function fill(
    orgId: string,
    entity: Entity,
    from: string | null,
    audience: string,
    signal: AbortSignal,
  ): Promise<number | null> {
    const [counted] = await atLeisure(orgId, [countStatement(orgId, entity, from)])
    let left = Number(counted?.rows[0]?.['n'] ?? 0)
    let filled = 0
    const size = createStepSize()
    for (;;) {
      signal.throwIfAborted()
      const next = (await db.query<Waiting>(orgId, nextStatement(orgId))).rows[0]
      if (next?.entity !== entity.ref || (await entityNow(orgId, entity.ref)) !== entity)
        return null
      const step = await fillSome(orgId, entity, size.now(), next.after)
      filled += step.count
      left = Math.max(0, left - step.count)
      onProgress?.(orgId, audience, { entity: entity.ref, filled, left, isDone: step.isEnd })
      if (step.isEnd) return filled
      size.took()
    }
  }

  /** Copies what was written since the publish once more, whoever wrote it. */
  async function catchUp(
    orgId: string,
    ref: string,
    since: string,
    signal: AbortSignal,
  ): Promise<void> {
    const from = new Date(Date.parse(since) - skewMs)
    for (let after: string | null = null; ; ) {
      signal.throwIfAborted()
      const entity = await entityNow(orgId, ref)
      if (!entity) return
      const copy = copyStatement(orgId, entity, steps.first, after, from)
      const [, copied] = await atLeisure(orgId, [holdCopies(orgId, entity), copy])
      const step = stepOf(copied!, steps.first)
      if (step.isEnd) return
      after = step.last
    }
  }

  /**
   * One step: `size` records behind `after` and as many behind those, side by side. Most of the time goes
   * into the indexes, and a database has more than one processor.
   */
  async function fillSome(
    orgId: string,
    entity: Entity,
    size: number,
    after: string | null,
  ): Promise<Step> {
    const middle = await db.query<{ id: string }>(orgId, nthStatement(orgId, entity, size, after))
    const between = middle.rows[0]?.id ?? null
    const lane = async (from: string | null, to: string | null) => {
      const copy = fillStatement(orgId, entity, size, from, to)
      const held = holdCopies(orgId, entity, '_shared')
      return stepOf((await atLeisure(orgId, [held, copy]))[1]!, size)
    }
    const [one, other] = await Promise.all([
      lane(after, between),
      ...(between === null ? [] : [lane(between, null)]),
    ])
    const last = other?.last ?? between ?? one!.last
    if (last !== null) await atLeisure(orgId, [reachedStatement(orgId, entity, last)])
    return { count: one!.count + (other?.count ?? 0), last, isEnd: (other ?? one!).isEnd }
  }

  /**
   * Looking for the few records that were written since goes through all there are. What a crash takes is
   * copied again, so no step waits for the disk: how far it came is never on it before the copies.
   */
  async function atLeisure(orgId: string, statements: readonly Statement[]): Promise<Result[]> {
    const [, , ...results] = await db.batch(orgId, [
      statementTimeout(timeoutMs),
      noWaiting,
      ...statements,
    ])
    return results
  }

  function enqueue(tx: Tx, orgId: string, payload: Payload, at?: Date) {
    const job = { plugin: 'kernel', job: fillSlotsJob, payload, runAs: system }
    return queue.enqueue(orgId, [{ ...job, ...(at ? { at } : {}) }], tx)
  }

  return { inPublish, run }
}

function stepOf(copied: Result, size: number): Step {
  const { n: count, last } = copied.rows[0] as { n: number; last: string | null }
  return { count, last, isEnd: count < size }
}

const noWaiting: Statement = {
  name: 'no waiting for the disk',
  text: `select 1 where pg_catalog.set_config('synchronous_commit', 'off', true) is null`,
  values: [],
}

const system = { type: 'system', id: null, userId: null, name: 'Indexes' } as const

/** So many records at once that a step takes as long as it should. */
function createStepSize() {
  let size = steps.first
  let began = performance.now()
  return {
    now(): number {
      began = performance.now()
      return size
    },
    took(): void {
      const wanted = (size * steps.ms) / Math.max(1, performance.now() - began)
      size = Math.round(Math.min(steps.most, 2 * size, Math.max(steps.least, wanted)))
    },
  }
}
