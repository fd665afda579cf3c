import type { Entity, Field } from '../model/model.ts'
import { identifier, literal } from './sql-text.ts'
import { type StoredPart, storageOf } from './storage-columns.ts'
import { ofEntity, type RowOperation, type WriteCheck } from './write-checks.ts'

/**
 * The statements that write records. One text serves one row and a thousand: rows are one JSON
 * parameter. The record, its change set, its ledger row, its outbox row and the relay's index are
 * written by one statement, so that none can exist without the others.
 *
 * Parameters: $1 org, $2 rows, $3 now, $4 actor, $5 change set, $6 batch, $7 workflows; when the
 * statement makes its own change set also $8 parent, $9 door, $10 label. Conditions follow.
 */
export interface WriteShape {
  readonly entity: Entity
  readonly operation: RowOperation
  /** Whether the change set is made here or joined, which then must be open. */
  readonly changeSet: 'own' | 'joined'
  readonly checks: readonly WriteCheck[]
  /** Select list over `t`, the written row. */
  readonly columns: string
}

export const baseParameters = { own: 10, joined: 7 } as const

export function writeText(shape: WriteShape): string {
  const { operation } = shape
  const parts = [
    `input as materialized (select * from json_to_recordset($2::json) as i(${inputColumns(shape.entity)}))`,
    ...(operation === 'create' ? insertParts(shape) : [updatePart(shape)]),
    ...uniqueParts(shape.entity, operation),
    ledgerPart(shape),
    outboxPart(shape),
    changeSetPart(shape),
  ]
  return `with ${parts.join(',\n')}
select ${shape.columns}, (select kernel.note_outbox($1::uuid, $6::uuid)) as "_noted" from written t`
}

/** How a row of the input is declared; names that begin with `_` cannot be columns of fields. */
export function inputColumns(entity: Entity): string {
  const columns = storageOf(entity).columns.map((part) => `${column(part)} ${part.class}`)
  return [
    'id uuid',
    '"_version" bigint',
    '"_given" text[]',
    '"_unset" text[]',
    '"_n" bigint',
    'custom jsonb',
    ...columns,
  ].join(', ')
}

const column = (part: StoredPart) => identifier(part.column ?? '')

/** The input of a create as rows of the table, which conditions can be asked about. */
export function newRows(entity: Entity): string {
  const columns = storageOf(entity).columns.map((part) => `i.${column(part)}`)
  return `select $1::uuid as org_id, ${entity.shared ? `${literal(entity.ref)} as entity, ` : ''}i.id,
 1::bigint as version, $3::timestamptz as created_at, $3::timestamptz as updated_at,
 $4::jsonb as created_by, $4::jsonb as updated_by, null::timestamptz as deleted_at,
 coalesce(i.custom, '{}') as custom, i."_given", i."_n"${columns.map((name) => `, ${name}`).join('')}
 from input i`
}

function insertParts(shape: WriteShape): string[] {
  const { entity } = shape
  const storage = storageOf(entity)
  const fixed = ['org_id', 'id', 'version', 'created_at', 'updated_at', 'created_by', 'updated_by']
  if (entity.shared) fixed.unshift('entity')
  const typed = storage.columns.map((part) => column(part))
  const names = [...fixed, 'custom', ...typed]
  const where = whereAll([...shape.checks.map((check) => check.sql), ...openCheck(shape)])
  if (storage.numbered.length === 0)
    return [
      `written as (insert into ${entity.table} as t (${names.join(', ')})
select ${names.map((name) => `t.${name}`).join(', ')} from (${newRows(entity)}) t${where} returning t.*)`,
    ]
  const numbers = storage.numbered.map((field, at) => ({
    field,
    number: `(c${at}.value - c${at}.n + t."_row")`,
  }))
  const values = [
    ...fixed.map((name) => `t.${name}`),
    customWithNumbers(numbers),
    ...storage.columns.map((part) => {
      const numbered = numbers.find((one) => one.field === part.field && part.part === null)
      return numbered ? `${numbered.number}::${part.class}` : `t.${column(part)}`
    }),
  ]
  return [
    `allowed as materialized (select t.*, row_number() over (order by t."_n") as "_row" from (${newRows(entity)}) t${where})`,
    ...storage.numbered.map((field, at) => counterPart(entity, field, at)),
    `written as (insert into ${entity.table} as t (${names.join(', ')})
select ${values.join(', ')} from allowed t${numbers.map((_, at) => `, c${at}`).join('')} returning t.*)`,
  ]
}

/** Takes as many numbers as there are rows. The counter stays locked until the end: no gaps. */
function counterPart(entity: Entity, field: Field, at: number): string {
  return `c${at} as (insert into tenant.counter as c (org_id, name, value)
select $1, ${literal(`${entity.ref}/${field.key}`)}, n from (select count(*) as n from allowed) a where n > 0
on conflict (org_id, name) do update set value = c.value + excluded.value
returning c.value, (select count(*) from allowed) as n)`
}

function customWithNumbers(numbers: readonly { field: Field; number: string }[]): string {
  const inCustom = numbers.flatMap(({ field, number }) =>
    field.storage.in === 'custom' ? [`${literal(field.storage.id)}, ${number}`] : [],
  )
  return inCustom.length > 0 ? `t.custom || jsonb_build_object(${inCustom.join(', ')})` : 't.custom'
}

function updatePart(shape: WriteShape): string {
  const { entity, operation } = shape
  const storage = storageOf(entity)
  const set = ['version = t.version + 1', 'updated_at = $3::timestamptz', 'updated_by = $4::jsonb']
  const where = [
    't.org_id = $1',
    't.id = i.id',
    `(i."_version" is null or i."_version" = t.version)`,
    operation === 'restore' ? 't.deleted_at is not null' : 't.deleted_at is null',
  ]
  if (operation === 'delete') set.push('deleted_at = $3::timestamptz')
  if (operation === 'restore') set.push('deleted_at = null')
  if (operation === 'update') {
    for (const part of storage.columns)
      set.push(
        `${column(part)} = case when ${isGiven(part)} then i.${column(part)} else t.${column(part)} end`,
      )
    if (storage.custom.length > 0) set.push(`custom = ${newCustom}`)
    where.push(changes(entity))
  }
  where.push(...shape.checks.map((check) => check.sql), ...openCheck(shape))
  const answer = operation === 'update' ? `new.*, ${changedFields(entity)} as "_changes"` : 'new.*'
  return `written as (update ${entity.table} as t set ${set.join(', ')} from input i
where ${where.join('\n and ')}${ofEntity(entity, 't')}
returning ${answer})`
}

const isGiven = (part: StoredPart) => `${literal(part.ledgerKey)} = any(i."_given")`
const newCustom = `case when i.custom is null and i."_unset" is null then t.custom
 else (t.custom || coalesce(i.custom, '{}')) - coalesce(i."_unset", '{}') end`

/** True when the input differs from the row: what changes nothing is not written. */
export function changes(entity: Entity): string {
  const storage = storageOf(entity)
  const tests = storage.columns.map(
    (part) => `${isGiven(part)} and i.${column(part)} is distinct from t.${column(part)}`,
  )
  if (storage.custom.length > 0) tests.push(`${newCustom} is distinct from t.custom`)
  return `(${tests.join('\n or ') || 'false'})`
}

/**
 * The ledger's `{"<key>": [before, after]}` of what was given and did change. A value of several parts is
 * noted whole, so that one row of the ledger is enough to show it.
 */
function changedFields(entity: Entity): string {
  const storage = storageOf(entity)
  const whens = storage.columns.map(
    (part) =>
      `when ${literal(part.ledgerKey)} then jsonb_build_array(old.${column(part)}, new.${column(part)})`,
  )
  const other = 'jsonb_build_array(old.custom -> k, new.custom -> k)'
  const pair = whens.length > 0 ? `case k ${whens.join(' ')} else ${other} end` : other
  const given = `select k, ${pair} as pair from unnest(i."_given") as k`
  const differs = 'pair -> 0 is distinct from pair -> 1'
  const hasParts = [...storage.partsOf.values()].some((parts) => parts.length > 1)
  if (!hasParts) return `(select jsonb_object_agg(k, pair) from (${given}) d where ${differs})`
  return `(select jsonb_object_agg(k, pair) from (select k, pair,
 bool_or(${differs}) over (partition by split_part(k, '.', 1)) as changed from (${given}) p) d where changed)`
}

const opNames = {
  create: { event: 'created', count: 'created' },
  update: { event: 'updated', count: 'updated' },
  delete: { event: 'deleted', count: 'deleted' },
  restore: { event: 'restored', count: 'restored' },
} as const

function ledgerPart({ entity, operation }: WriteShape): string {
  const fields = operation === 'update' ? 'w."_changes"' : 'null'
  return `ledger_rows as (insert into tenant.ledger (org_id, id, change_set_id, entity, record_id, op, version, at, actor, fields)
select $1, uuidv7(), $5::uuid, ${literal(entity.ref)}, w.id, ${literal(operation)}, w.version, $3::timestamptz, $4::jsonb, ${fields} from written w)`
}

function outboxPart({ entity, operation }: WriteShape): string {
  const payload =
    operation === 'update'
      ? `jsonb_build_object('fields', (select jsonb_agg(k) from jsonb_object_keys(w."_changes") as k))`
      : `'{}'`
  return `outbox_rows as (insert into tenant.outbox (org_id, batch_id, id, change_set_id, event, entity, record_id, version, payload, workflows, created_at)
select $1, $6::uuid, uuidv7(), $5::uuid, 'record.${opNames[operation].event}', ${literal(entity.ref)}, w.id, w.version, ${payload}, $7::text, $3::timestamptz from written w)`
}

function changeSetPart({ operation, changeSet }: WriteShape): string {
  const { count } = opNames[operation]
  const n = '(select count(*) as n from written) w'
  if (changeSet === 'joined')
    return `change_set as (update tenant.change_set c
set counts = c.counts || jsonb_build_object('${count}', coalesce((c.counts ->> '${count}')::bigint, 0) + w.n)
from ${n} where c.org_id = $1 and c.id = $5::uuid and w.n > 0)`
  return `change_set as (insert into tenant.change_set (org_id, id, parent_id, actor, door, label, workflows, state, created_at, closed_at, counts)
select $1, $5::uuid, $8::uuid, $4::jsonb, $9::text, $10::text, $7::text, 'done', $3::timestamptz, $3::timestamptz, jsonb_build_object('${count}', w.n)
from ${n} where w.n > 0)`
}

/** Keeps the side table of unique values in `custom` in step. */
function uniqueParts(entity: Entity, operation: RowOperation): string[] {
  const fields = storageOf(entity).customUnique
  return fields.flatMap((part, at) => {
    const id = literal(part.ledgerKey)
    const own = `u.org_id = $1 and u.entity = ${literal(entity.ref)} and u.field = ${id} and u.record_id = w.id`
    const insert = `u${at} as (insert into tenant.unique_value (org_id, entity, field, record_id, value)
select $1, ${literal(entity.ref)}, ${id}, w.id, w.custom ->> ${id} from written w where w.custom ->> ${id} is not null`
    if (operation === 'delete')
      return [`u${at} as (delete from tenant.unique_value u using written w where ${own})`]
    if (operation !== 'update') return [`${insert})`]
    return [
      `${insert} and w."_changes" ? ${id} on conflict (org_id, entity, field, record_id) do update set value = excluded.value)`,
      `v${at} as (delete from tenant.unique_value u using written w where ${own} and w."_changes" ? ${id} and w.custom ->> ${id} is null)`,
    ]
  })
}

function openCheck(shape: WriteShape): string[] {
  return shape.changeSet === 'joined' ? [isOpen] : []
}
export const isOpen = `exists (select 1 from tenant.change_set c where c.org_id = $1 and c.id = $5::uuid and c.state = 'open')`

function whereAll(tests: readonly string[]): string {
  return tests.length > 0 ? ` where ${tests.join('\n and ')}` : ''
}
