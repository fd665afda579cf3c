import type { Entity, Field } from '../model/model.ts'
import { identifier, literal } from './sql-text.ts'
import { type StoredPart, storageOf } from './storage-columns.ts'
import { ofEntity, type RowOperation, type WriteCheck } from './write-checks.ts'
import { changes, inputColumns, isOpen, newRows } from './write-sql.ts'

/**
 * The question after rows were not written: for each row of the input, which check fails. Parameters are
 * the first five of the writing statement.
 */
export function explainText(
  entity: Entity,
  operation: RowOperation,
  checks: readonly WriteCheck[],
): string {
  const uniques = uniqueFields(entity).map(
    (field, at) => `${uniqueCheck(entity, field, operation)} as "u${at}"`,
  )
  const answers = [
    ...checks.map((check, at) => `${check.sql} as "c${at}"`),
    ...uniques,
    `($5::uuid is null or ${isOpen}) as "_open"`,
    // Only so that the parameters have a type.
    '$3::timestamptz as "_now", $4::jsonb as "_actor"',
  ].join(', ')
  const input = `with input as materialized (select * from json_to_recordset($2::json) as i(${inputColumns(entity)}))`
  if (operation === 'create')
    return `${input} select t.id, true as "_found", true as "_versionOk", true as "_changes", false as "_deleted", ${answers} from (${newRows(entity)}) t`
  const changed = operation === 'update' ? changes(entity) : 'true'
  return `${input} select i.id, t.id is not null as "_found", t.deleted_at is not null as "_deleted",
 (i."_version" is null or i."_version" = t.version) as "_versionOk", ${changed} as "_changes", ${answers}
 from input i left join ${entity.table} t on t.org_id = $1 and t.id = i.id${ofEntity(entity, 't')}`
}

/** Fields of which no two living records may share the value. */
export function uniqueFields(entity: Entity): readonly Field[] {
  return [...entity.fields.values()].filter(
    (field) => field.unique && field.storage.in !== 'computed',
  )
}

/** True when nobody else has the value. */
function uniqueCheck(entity: Entity, field: Field, operation: RowOperation): string {
  const part = storageOf(entity).partsOf.get(field)?.[0] as StoredPart
  const row = operation === 'update' ? 'i' : 't'
  const id = operation === 'create' ? 't.id' : 'i.id'
  const value = part.column
    ? `${row}.${identifier(part.column)}`
    : `${row}.custom ->> ${literal(part.ledgerKey)}`
  const taken = part.column
    ? `select 1 from ${entity.table} u where u.org_id = $1 and u.${identifier(part.column)} = ${value} and u.deleted_at is null and u.id <> ${id}${ofEntity(entity, 'u')}`
    : `select 1 from tenant.unique_value u where u.org_id = $1 and u.entity = ${literal(entity.ref)} and u.field = ${literal(part.ledgerKey)} and u.value = ${value} and u.record_id <> ${id}`
  return `(${value} is null or not exists (${taken}))`
}
