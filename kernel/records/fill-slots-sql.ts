import type { Statement } from '../database/postgres.ts'
import { nilUuid } from '../database/uuid.ts'
import type { Entity } from '../model/model.ts'
import { copyRowsSql, fillsOf, slotsOf, upsertSlotsSql } from './slots.ts'
import { storedFieldsOf, withStoredSql } from './stored-sql.ts'
import { ofEntity } from './write-checks.ts'

function copySql(entity: Entity, size: number | 'all', more: string): string {
  const where = `t.org_id = $1 and t.id > $2${more}${ofEntity(entity, 't')} order by t.id limit ${size}`
  const parts =
    storedFieldsOf(entity).length > 0 ? storeParts(entity, where) : readParts(entity, where)
  return `with ${parts}
    select count(*)::integer as n, (array_agg(id order by id desc))[1] as last from held`
}

function readParts(entity: Entity, where: string): string {
  const { held, insert } = copyRowsSql(entity, where)
  return `held as materialized (${held}),
    filled as (${insert})`
}

/** Formulas that are stored are written into the records, which are held until then. */
function storeParts(entity: Entity, where: string): string {
  const custom = withStoredSql(entity, storedFieldsOf(entity), 'h')
  const filled = `,
    filled as (${upsertSlotsSql(entity, 'made h', 'h')})`
  return `held as materialized (select t.* from ${entity.table} t where ${where} for no key update),
    made as materialized (select h.id, h.version, h.custom as was, ${custom} as custom from held h),
    kept as (update ${entity.table} t set custom = m.custom from made m
      where t.org_id = $1 and t.id = m.id and m.custom is distinct from m.was)${slotsOf(entity).length > 0 ? filled : ''}`
}

/** Records behind `after` that were written since `from`. */
export function copyStatement(
  orgId: string,
  entity: Entity,
  size: number,
  after: string | null,
  from: Date,
): Statement {
  return {
    text: copySql(entity, size, ' and t.updated_at >= $3'),
    values: [orgId, after ?? nilUuid, from],
  }
}

/** So many records behind `after`, or all of them up to `last`. */
export function fillStatement(
  orgId: string,
  entity: Entity,
  size: number,
  after: string | null,
  last: string | null,
): Statement {
  return {
    text: last === null ? copySql(entity, size, '') : copySql(entity, 'all', ' and t.id <= $3'),
    values: [orgId, after ?? nilUuid, ...(last === null ? [] : [last])],
  }
}

/** How far the filling has come. */
export function reachedStatement(orgId: string, entity: Entity, last: string): Statement {
  return {
    text: `update tenant.slot_fill set after = $2
      where org_id = $1 and entity = $3 and not is_ready and ${ofSlots('$4')}`,
    values: [orgId, last, entity.ref, slotNames(entity)],
  }
}

/** Id of the record that is the `size`th behind `after`; no row when there are fewer. */
export function nthStatement(
  orgId: string,
  entity: Entity,
  size: number,
  after: string | null,
): Statement {
  return {
    text: `select t.id from ${entity.table} t where t.org_id = $1 and t.id > $2${ofEntity(entity, 't')}
      order by t.id offset ${size - 1} limit 1`,
    values: [orgId, after ?? nilUuid],
  }
}

export function countStatement(orgId: string, entity: Entity, after: string | null): Statement {
  return {
    text: `select count(*)::integer as n from ${entity.table} t
      where t.org_id = $1 and t.id > $2${ofEntity(entity, 't')}`,
    values: [orgId, after ?? nilUuid],
  }
}

export function analyzeStatement(entity: Entity): Statement {
  return { text: 'select kernel.analyze_copies($1)', values: [entity.table] }
}

export function readyStatement(orgId: string, entity: Entity): Statement {
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

export function noteStatements(orgId: string, rows: string): Statement[] {
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
export function nextStatement(orgId: string): Statement {
  return {
    text: `select entity, (array_agg(after order by after nulls first))[1] as after, max(since) as since
      from tenant.slot_fill where org_id = $1 and not is_ready group by entity order by entity limit 1`,
    values: [orgId],
  }
}

export function forgetStatement(orgId: string, entity: string): Statement {
  return {
    text: 'delete from tenant.slot_fill where org_id = $1 and entity = $2 and not is_ready',
    values: [orgId, entity],
  }
}
