import type { RequestContext } from '../context/request-context.ts'
import type { Database, Statement, Tx } from '../database/postgres.ts'
import type { Queue } from '../jobs/queue.ts'
import type { Entity, Model } from '../model/model.ts'
import { epochSql, raiseEpoch } from '../model/org-row.ts'
import { slotsOf, upsertSlotsSql } from './slots.ts'
import { ofEntity } from './write-checks.ts'

export const fillSlotsJob = 'slot_fill'
/** Records of one step, which holds them for some ten milliseconds. */
const atOnce = 1_000

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
  readonly epoch: number
}

/** Copies what records hold already into the slots of fields that became indexed. */
export function createSlotFiller(deps: SlotFillerDeps) {
  const { db, queue, modelOf } = deps

  /** Notes which field has which slot, inside the transaction that publishes it. */
  async function inPublish(tx: Tx, orgId: string, model: Model): Promise<void> {
    const rows = [...model.entities.values()].flatMap((entity) =>
      slotsOf(entity).map(({ slot, ledgerKey }) => ({
        entity: entity.ref,
        slot: slot.column,
        storage_id: ledgerKey,
      })),
    )
    const [, , waiting] = await tx.run(noteStatements(orgId, JSON.stringify(rows)))
    if (waiting?.rows.length === 0) return
    const runAs = { type: 'system', id: null, userId: null, name: 'Indexes' } as const
    await queue.enqueue(orgId, [{ plugin: 'kernel', job: fillSlotsJob, payload: {}, runAs }], tx)
  }

  /** Goes on where it was, after a crash too. */
  async function run({ org, signal }: Pick<RequestContext, 'org' | 'signal'>): Promise<void> {
    let records = 0
    for (;;) {
      signal.throwIfAborted()
      const { rows } = await db.query<Waiting>(org.id, nextStatement(org.id))
      const next = rows[0]
      if (!next) return
      // The revision that asked for it may be newer than what this node knows.
      const model = await modelOf(org.id, next.epoch)
      const entity = model.entities.get(next.entity)
      if (!entity || slotsOf(entity).length === 0) {
        // Another revision took the field away.
        await db.query(org.id, forgetStatement(org.id, next.entity))
        continue
      }
      const step = await db.transaction(org.id, (tx) => fillSome(tx, org.id, entity, next.after))
      records += step.count
      const progress = { entity: entity.ref, records, isDone: step.isEnd }
      deps.onProgress?.(org.id, progress)
      if (step.isEnd) {
        records = 0
        deps.onReady(org.id)
      }
    }
  }

  return { inPublish, run }
}

async function fillSome(tx: Tx, orgId: string, entity: Entity, after: string | null) {
  // Held until the copy is written, so that nobody's newer value is overwritten by an older one.
  const { rows } = await tx.one<{ n: number; last: string | null }>({
    text: `with held as materialized (
        select t.id, t.custom from ${entity.table} t
          where t.org_id = $1 and t.id > $2${ofEntity(entity, 't')} order by t.id limit ${atOnce} for share
      ), filled as (${upsertSlotsSql(entity, 'held h', 'h')})
      select count(*)::integer as n, (array_agg(id order by id desc))[1] as last from held`,
    values: [orgId, after ?? '00000000-0000-0000-0000-000000000000'],
  })
  const { n = 0, last = null } = rows[0] ?? {}
  const isEnd = n < atOnce
  const columns = slotsOf(entity).map(({ slot, ledgerKey }) => [slot.column, ledgerKey])
  await tx.run([
    {
      text: `update tenant.slot_fill set after = $3, is_ready = $4
        where org_id = $1 and entity = $2 and not is_ready
          and (slot, storage_id) in (select e ->> 0, e ->> 1 from jsonb_array_elements($5::jsonb) e)`,
      values: [orgId, entity.ref, last ?? after, isEnd, JSON.stringify(columns)],
    },
    ...(isEnd ? [raiseEpoch(orgId)] : []),
  ])
  return { count: n, isEnd }
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
          set storage_id = excluded.storage_id, is_ready = false, after = null
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
    text: `select entity, (array_agg(after order by after nulls first))[1] as after,
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
