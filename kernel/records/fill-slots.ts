import { setTimeout as sleep } from 'node:timers/promises'
import type { RequestContext } from '../context/request-context.ts'
import type { Database, Statement, Tx } from '../database/postgres.ts'
import type { Queue } from '../jobs/queue.ts'
import type { Entity, Model } from '../model/model.ts'
import { epochSql, raiseEpoch } from '../model/org-row.ts'
import { fillsOf, slotsOf, upsertSlotsSql } from './slots.ts'
import { storedFieldsOf, withStoredSql } from './stored-sql.ts'
import { ofEntity } from './write-checks.ts'

export const fillSlotsJob = 'slot_fill'
/** Records of one step, which holds them for some ten milliseconds. */
const atOnce = 1_000
/**
 * Requests that began on the model before the publish do not know of the slot: those of now are over
 * after `settleMs`, jobs, which keep their model, after `jobsMs`. What they wrote is copied then.
 */
const settleMs = 3_000
const jobsMs = 20 * 60_000
/** Clocks of nodes may differ by so much. */
const skewMs = 5_000

export interface SlotFillerDeps {
  readonly db: Pick<Database, 'query' | 'transaction'>
  readonly queue: Pick<Queue, 'enqueue'>
  /** @param epoch the least that will do. */
  readonly modelOf: (orgId: string, epoch: number) => Promise<Model>
  /** Called when an index is complete, so that lists begin to use it. */
  readonly onReady: (orgId: string) => void
  readonly onProgress?: (orgId: string, progress: SlotProgress) => void
}

export interface SlotProgress {
  /** Reference of the entity. */
  readonly entity: string
  readonly records: number
  readonly isDone: boolean
}

interface Waiting {
  readonly entity: string
  readonly after: string | null
  readonly since: string
  readonly epoch: number
}

interface Step {
  readonly count: number
  /** Id of the last record; null when there was none. */
  readonly last: string | null
}

/** What a later look goes over again. */
interface Again {
  readonly entity: string
  readonly since: string
}

/** Copies what records hold already into the slots of fields that became indexed. */
export function createSlotFiller(deps: SlotFillerDeps) {
  const { db, queue, modelOf } = deps

  /** Notes which field has which slot, inside the transaction that publishes it. */
  async function inPublish(tx: Tx, orgId: string, model: Model): Promise<void> {
    const rows = [...model.entities.values()].flatMap((entity) =>
      fillsOf(entity).map(({ slot, storageId }) => ({
        entity: entity.ref,
        slot,
        storage_id: storageId,
      })),
    )
    const [, , waiting] = await tx.run(noteStatements(orgId, JSON.stringify(rows)))
    if (waiting?.rows.length === 0) return
    await enqueue(tx, orgId, {})
  }

  /** Goes on where it was, after a crash too. */
  async function run(
    { org, signal }: Pick<RequestContext, 'org' | 'signal'>,
    payload: unknown,
  ): Promise<void> {
    const { entity: again, since } = (payload ?? {}) as Partial<Again>
    if (again !== undefined && since !== undefined) return catchUp(org.id, again, since, signal)
    let records = 0
    for (;;) {
      signal.throwIfAborted()
      const { rows } = await db.query<Waiting>(org.id, nextStatement(org.id))
      const next = rows[0]
      if (!next) return
      // The revision that asked for it may be newer than what this node knows.
      const model = await modelOf(org.id, next.epoch)
      const entity = model.entities.get(next.entity)
      if (!entity || fillsOf(entity).length === 0) {
        // Another revision took the field away.
        await db.query(org.id, forgetStatement(org.id, next.entity))
        continue
      }
      const step = await db.transaction(org.id, (tx) => fillSome(tx, org.id, entity, next.after))
      records += step.count
      deps.onProgress?.(org.id, { entity: entity.ref, records, isDone: step.isEnd })
      if (!step.isEnd) continue
      records = 0
      const settled = Date.parse(next.since) + settleMs - Date.now()
      if (settled > 0) await sleep(settled, undefined, { signal })
      await catchUp(org.id, entity.ref, next.since, signal)
      await db.transaction(org.id, async (tx) => {
        await tx.run([readyStatement(org.id, entity), raiseEpoch(org.id)])
        const later = { entity: entity.ref, since: next.since } satisfies Again
        await enqueue(tx, org.id, later, new Date(Date.now() + jobsMs))
      })
      deps.onReady(org.id)
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
    let after: string | null = null
    do {
      signal.throwIfAborted()
      const { rows } = await db.query<{ epoch: number }>(orgId, epochStatement(orgId))
      const entity = (await modelOf(orgId, rows[0]?.epoch ?? 0)).entities.get(ref)
      if (!entity || fillsOf(entity).length === 0) return
      const place: string | null = after
      const step: Step = await db.transaction(
        orgId,
        (tx) => copySome(tx, orgId, entity, place, from),
        {
          statementTimeoutMs: 60_000,
        },
      )
      after = step.count < atOnce ? null : step.last
    } while (after !== null)
  }

  function enqueue(tx: Tx, orgId: string, payload: object, at?: Date) {
    const job = { plugin: 'kernel', job: fillSlotsJob, payload, runAs: system }
    return queue.enqueue(orgId, [{ ...job, ...(at ? { at } : {}) }], tx)
  }

  return { inPublish, run }
}

const system = { type: 'system', id: null, userId: null, name: 'Indexes' } as const

/** @param from only what was written since then. */
async function copySome(
  tx: Tx,
  orgId: string,
  entity: Entity,
  after: string | null,
  from: Date | null,
): Promise<Step> {
  const recent = from ? ' and t.updated_at >= $3' : ''
  const stored = storedFieldsOf(entity)
  const strength = stored.length > 0 ? 'no key update' : 'share'
  const made =
    stored.length === 0
      ? ''
      : `, made as materialized (select h.id, h.custom as was, ${withStoredSql(entity, stored, 'h')} as custom from held h),
      kept as (update ${entity.table} t set custom = m.custom from made m
        where t.org_id = $1 and t.id = m.id and m.custom is distinct from m.was)`
  const filled =
    slotsOf(entity).length === 0
      ? ''
      : `, filled as (${upsertSlotsSql(entity, `${made === '' ? 'held' : 'made'} h`, 'h')})`
  // Held until the copy is written, so that nobody's newer value is overwritten by an older one.
  const { rows } = await tx.one<{ n: number; last: string | null }>({
    text: `with held as materialized (
        select t.* from ${entity.table} t
          where t.org_id = $1 and t.id > $2${recent}${ofEntity(entity, 't')} order by t.id limit ${atOnce} for ${strength}
      )${made}${filled}
      select count(*)::integer as n, (array_agg(id order by id desc))[1] as last from held`,
    values: [orgId, after ?? '00000000-0000-0000-0000-000000000000', ...(from ? [from] : [])],
  })
  const { n = 0, last = null } = rows[0] ?? {}
  return { count: n, last }
}

async function fillSome(tx: Tx, orgId: string, entity: Entity, after: string | null) {
  const { count, last } = await copySome(tx, orgId, entity, after, null)
  await tx.one({
    text: `update tenant.slot_fill set after = $3
      where org_id = $1 and entity = $2 and not is_ready and ${ofSlots('$4')}`,
    values: [orgId, entity.ref, last ?? after, slotNames(entity)],
  })
  return { count, isEnd: count < atOnce }
}

function readyStatement(orgId: string, entity: Entity): Statement {
  return {
    text: `update tenant.slot_fill set is_ready = true
      where org_id = $1 and entity = $2 and not is_ready and ${ofSlots('$3')}`,
    values: [orgId, entity.ref, slotNames(entity)],
  }
}

/** Those that the model knows: a later revision may have given a slot to another field. */
const ofSlots = (placeholder: string) =>
  `(slot, storage_id) in (select e ->> 0, e ->> 1 from jsonb_array_elements(${placeholder}::jsonb) e)`

function slotNames(entity: Entity): string {
  return JSON.stringify(fillsOf(entity).map(({ slot, storageId }) => [slot, storageId]))
}

function epochStatement(orgId: string): Statement {
  return {
    text: `select ${epochSql} as epoch from tenant.org_state where org_id = $1`,
    values: [orgId],
  }
}

function noteStatements(orgId: string, rows: string): Statement[] {
  const wanted = `jsonb_to_recordset($2::jsonb) as w(entity text, slot text, storage_id text)`
  return [
    {
      text: `delete from tenant.slot_fill f where f.org_id = $1 and not exists (select from ${wanted}
        where w.entity = f.entity and w.slot = f.slot)`,
      values: [orgId, rows],
    },
    // A new field begins from the first record, and the others of its entity are filled along with it.
    {
      text: `insert into tenant.slot_fill as f (org_id, entity, slot, storage_id)
        select $1, w.entity, w.slot, w.storage_id from ${wanted}
        on conflict (org_id, entity, slot) do update
          set storage_id = excluded.storage_id, is_ready = false, after = null, since = now()
          where f.storage_id <> excluded.storage_id`,
      values: [orgId, rows],
    },
    {
      text: 'select 1 from tenant.slot_fill where org_id = $1 and not is_ready limit 1',
      values: [orgId],
    },
  ]
}

/** Of an entity whose fields came at different times, the one that is behind. */
function nextStatement(orgId: string): Statement {
  return {
    text: `select entity, (array_agg(after order by after nulls first))[1] as after, max(since) as since,
        (select ${epochSql} from tenant.org_state where org_id = $1) as epoch
      from tenant.slot_fill where org_id = $1 and not is_ready group by entity order by entity limit 1`,
    values: [orgId],
  }
}

function forgetStatement(orgId: string, entity: string): Statement {
  return {
    text: 'delete from tenant.slot_fill where org_id = $1 and entity = $2 and not is_ready',
    values: [orgId, entity],
  }
}
