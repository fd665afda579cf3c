import type { Entity, Field } from '../model/model.ts'
import { identifier, literal } from './sql-text.ts'
import { type StoredPart, storageOf } from './storage-columns.ts'
import { mainKey, ofEntity, type RowOperation, type WriteCheck } from './write-checks.ts'
import { type BindValue, type InputShape, inputSql } from './write-input.ts'
import { changes, isOpen, newRows } from './write-sql.ts'

/** The question after rows were not written: for each row of the input, which check fails. */
export function explainText(
  entity: Entity,
  operation: RowOperation,
  input: InputShape,
  checks: readonly WriteCheck[],
  bind: BindValue,
): string {
  const changeSet = bind('uuid', (values) => values.changeSetId)
  const answers = [
    ...checks.map((check, at) => `${check.sql} as "c${at}"`),
    ...uniqueFields(entity, operation, input).map(
      (field, at) => `${uniqueCheck(entity, field, operation)} as "u${at}"`,
    ),
    ...(operation === 'restore'
      ? uniqueFields(entity, operation, input).map(
          (field, at) => `(${uniqueValue(entity, field, 't')})::text as "v${at}"`,
        )
      : []),
    `(${changeSet} is null or ${isOpen(changeSet)}) as "_open"`,
  ].join(', ')
  const rows = `with ${inputSql(input, bind)}`
  if (operation === 'create') {
    const now = bind('timestamptz', (values) => values.now)
    const actor = bind('jsonb', (values) => values.actor)
    return `${rows} select t.id, true as "_found", true as "_versionOk", true as "_changes", false as "_deleted", ${answers}
 from (${newRows(entity, input, { now, actor })}) t`
  }
  const changed = operation === 'update' ? changes(input) : 'true'
  return `${rows} select i.id, t.id is not null as "_found", t.deleted_at is not null as "_deleted",
 (i."_version" is null or i."_version" = t.version) as "_versionOk", ${changed} as "_changes", ${answers}
 from input i left join ${entity.table} t on t.org_id = $1 and t.id = i.id${ofEntity(entity, 't')}`
}

/** Fields of the input (of the record, for a restore) of which no two living records share the value. */
export function uniqueFields(
  entity: Entity,
  operation: RowOperation,
  input: Pick<InputShape, 'given'>,
): readonly Field[] {
  return [...entity.fields.values()].filter(
    (field) =>
      field.unique &&
      field.storage.in !== 'computed' &&
      (operation === 'restore' || input.given.includes(mainKey(entity, field))),
  )
}

function uniqueValue(entity: Entity, field: Field, row: string): string {
  const part = storageOf(entity).partsOf.get(field)?.[0] as StoredPart
  return part.column
    ? `${row}.${identifier(part.column)}`
    : `${row}.custom ->> ${literal(part.ledgerKey)}`
}

/** True when nobody else has the value. */
function uniqueCheck(entity: Entity, field: Field, operation: RowOperation): string {
  const part = storageOf(entity).partsOf.get(field)?.[0] as StoredPart
  const id = operation === 'create' ? 't.id' : 'i.id'
  const value = uniqueValue(entity, field, operation === 'update' ? 'i' : 't')
  const taken = part.column
    ? `select 1 from ${entity.table} u where u.org_id = $1 and u.${identifier(part.column)} = ${value} and u.deleted_at is null and u.id <> ${id}${ofEntity(entity, 'u')}`
    : `select 1 from tenant.unique_value u where u.org_id = $1 and u.entity = ${literal(entity.ref)} and u.field = ${literal(part.ledgerKey)} and u.value = ${value} and u.record_id <> ${id}`
  return `(${value} is null or not exists (${taken}))`
}
