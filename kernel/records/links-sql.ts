import type { Entity, Field } from '../model/model.ts'
import { columnSql } from './column-sql.ts'
import { literal } from './sql-text.ts'
import { storageOf } from './storage-columns.ts'

/** A row that holds a list of ids, and the rows that it leads to. */
interface Linked {
  readonly from: { readonly alias: string; readonly entity: Entity }
  readonly field: Field
  readonly to: { readonly alias: string; readonly entity: Entity }
  /** What a row of the target must meet. */
  readonly where: string
}

/** The ids of a many-relation as JSON, in their order and without those that `where` leaves out. */
export function linkedIdsSql({ from, field, to, where }: Linked): string {
  const list = `l_${to.alias}`
  return (
    `(select coalesce(jsonb_agg(${list}.id order by ${list}.n), '[]') ` +
    `from ${elementsSql(from.alias, field)} with ordinality ${list}(id, n) ` +
    `${rowOfIdSql(to, `${from.alias}.org_id`, idSql(list))} where ${where})`
  )
}

/** True where the list of the row itself leads to such a record; holds for rows that are just being made. */
export function anyInListSql({ from, field, to, where }: Linked): string {
  const list = `l_${to.alias}`
  return (
    `exists (select 1 from ${elementsSql(from.alias, field)} ${list}(id) ` +
    `${rowOfIdSql(to, `${from.alias}.org_id`, idSql(list))} where ${where})`
  )
}

/** The same by the index of links, which also finds the rows from the other side. */
export function anyLinkedSql({ from, field, to, where }: Linked, joins: string): string {
  const link = `l_${to.alias}`
  const key = literal(linkKey(from.entity, field))
  return `exists (select 1 from (select k.to_id as id from tenant.link k
 where k.org_id = ${from.alias}.org_id and k.from_id = ${from.alias}.id
 and k.entity = ${literal(from.entity.ref)} and k.field = ${key} offset 0) ${link}
 ${rowOfIdSql(to, `${from.alias}.org_id`, `${link}.id`)}${joins} where ${where})`
}

/** Ids of the records whose list names the record `to`, seen or not, by the index of links. */
export function linkingIdsSql(from: Linked['from'], field: Field, to: Linked['to']): string {
  return `select k.from_id as id from tenant.link k where k.org_id = ${to.alias}.org_id
 and k.to_id = ${to.alias}.id and k.entity = ${literal(from.entity.ref)} and k.field = ${literal(linkKey(from.entity, field))}`
}

/** Under which name the index of links knows a many-relation. */
export function linkKey(entity: Entity, field: Field): string {
  return storageOf(entity).partsOf.get(field)?.[0]?.ledgerKey ?? field.key
}

/** What is not a list leads nowhere, whatever an import or an older version left there. */
function elementsSql(alias: string, field: Field): string {
  const list = columnSql(field, null, alias)
  return `jsonb_array_elements_text(case when jsonb_typeof(${list}) = 'array' then ${list} end)`
}

function idSql(list: string): string {
  return `(case when pg_input_is_valid(${list}.id, 'uuid') then ${list}.id::uuid end)`
}

/**
 * Joins the row that has an id, looked up for each id whatever the planner believes (`offset 0` keeps the two
 * apart): where statistics are older than the records it takes all records of an entity for one row, and
 * would read them all again for every id.
 *
 * @param id of one of the rows before.
 */
export function rowOfIdSql({ alias, entity }: Linked['to'], org: string, id: string): string {
  return (
    `cross join lateral (select r.* from ${entity.table} r ` +
    `where r.org_id = ${org} and r.id = ${id} offset 0) ${alias}`
  )
}
