import type { Entity, Field } from '../model/model.ts'
import { linkIndexParts } from './link-index-sql.ts'
import { slotParts } from './slots.ts'
import { identifier, literal } from './sql-text.ts'
import { type StoredPart, storageOf } from './storage-columns.ts'
import { storedBy, storedFieldsOf, withStoredAsSql } from './stored-sql.ts'
import { holdUniques, uniqueParts } from './unique-sql.ts'
import { ofEntity, type RowOperation, type WriteCheck } from './write-checks.ts'
import { type BindValue, type InputShape, inputSql, isGiven } from './write-input.ts'

/**
 * The statements that write records. The record, its change set, its ledger row, its outbox row and the
 * relay's index are written by one statement, so that none can exist without the others. $1 is the org.
 */
export interface WriteShape {
  readonly entity: Entity
  readonly operation: RowOperation
  /**
   * Whether the change set is made here, by whichever statement of the transaction comes first, or joined, which
   * then must be open.
   */
  readonly changeSet: 'own' | 'shared' | 'joined'
  readonly input: InputShape
  readonly checks: readonly WriteCheck[]
  /** Select list over `t`, the written row. */
  readonly columns: string
  readonly bind: BindValue
}

export function writeText(shape: WriteShape): string {
  const { operation, bind } = shape
  const values = commonValues(bind)
  const parts = [
    inputSql(shape.input, bind),
    ...(operation === 'create' ? insertParts(shape, values) : [updatePart(shape, values)]),
    ...uniqueParts(shape),
    ...linkIndexParts(shape.entity, operation, shape.input.given),
    ...slotParts(shape.entity, operation, shape.input.given),
    ledgerPart(shape, values),
    outboxPart(shape, values),
    changeSetPart(shape, values),
  ]
  return `with ${parts.join(',\n')}
select ${shape.columns}, (select kernel.note_outbox($1::uuid, ${values.batch})) as "_noted"${holdUniques(shape)} from written t`
}

/** Placeholders of what every row of a statement shares. */
export interface CommonValues {
  readonly now: string
  readonly actor: string
  readonly changeSet: string
  readonly batch: string
  readonly workflows: string
}

function commonValues(bind: BindValue): CommonValues {
  return {
    now: bind('timestamptz', (values) => values.now),
    actor: bind('jsonb', (values) => values.actor),
    changeSet: bind('uuid', (values) => values.changeSetId),
    batch: bind('uuid', (values) => values.batchId),
    workflows: bind('text', (values) => values.workflows),
  }
}

const column = (part: StoredPart) => identifier(part.column ?? '')

/**
 * Not `coalesce`: row level security takes that for something that may leak, and the planner then finds
 * the records that a field in `custom` leads to by no index.
 */
const givenCustom = `case when i.custom is null then '{}'::jsonb else i.custom end`

/** The input of a create as rows of the table, which conditions can be asked about. */
export function newRows(
  entity: Entity,
  input: InputShape,
  { now, actor }: Pick<CommonValues, 'now' | 'actor'>,
): string {
  const partSql = (part: StoredPart) =>
    input.columns.includes(part) ? `i.${column(part)}` : `null::${part.class}`
  const columns = storageOf(entity).columns.map((part) => `${partSql(part)} as ${column(part)}`)
  const given = input.hasCustom ? givenCustom : `'{}'::jsonb`
  const custom = withStoredAsSql(entity, storedFieldsOf(entity), partSql, given)
  return `select $1::uuid as org_id, ${entity.shared ? `${literal(entity.ref)} as entity, ` : ''}i.id,
 1::bigint as version, ${now} as created_at, ${now} as updated_at, ${actor} as created_by, ${actor} as updated_by,
 null::timestamptz as deleted_at, ${custom} as custom, i."_n"${
   input.isUniform ? '' : ', i."_given", i."_added"'
 }${columns.map((name) => `, ${name}`).join('')} from input i`
}

function insertParts(shape: WriteShape, values: CommonValues): string[] {
  const { entity, input } = shape
  const { numbered } = storageOf(entity)
  const fixed = ['org_id', 'id', 'version', 'created_at', 'updated_at', 'created_by', 'updated_by']
  if (entity.shared) fixed.unshift('entity')
  const names = [...fixed, 'custom', ...input.columns.map(column)]
  const rows = `(${newRows(entity, input, values)}) t`
  const where = whereAll([...shape.checks.map((check) => check.sql), ...openCheck(shape, values)])
  if (numbered.length === 0)
    return [
      `written as (insert into ${entity.table} as t (${names.join(', ')})
select ${names.map((name) => `t.${name}`).join(', ')} from ${rows}${where} returning t.*)`,
    ]
  const numbers = numbered.map((field, at) => ({
    field,
    number: `(c${at}.value - c${at}.n + t."_row")`,
  }))
  const inColumns = numbers.flatMap(({ field, number }) =>
    field.storage.in === 'column'
      ? [{ name: identifier(field.storage.column), value: `${number}::${field.storage.class}` }]
      : [],
  )
  const selected = [
    ...fixed.map((name) => `t.${name}`),
    customWithNumbers(numbers),
    ...input.columns.map((part) => `t.${column(part)}`),
    ...inColumns.map(({ value }) => value),
  ]
  return [
    `allowed as materialized (select t.*, row_number() over (order by t."_n") as "_row" from ${rows}${where})`,
    ...numbered.map((field, at) => counterPart(entity, field, at)),
    `written as (insert into ${entity.table} as t (${[...names, ...inColumns.map(({ name }) => name)].join(', ')})
select ${selected.join(', ')} from allowed t${numbers.map((_, at) => `, c${at}`).join('')} returning t.*)`,
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

function updatePart(shape: WriteShape, values: CommonValues): string {
  const { entity, operation, input, bind } = shape
  const { now, actor } = values
  const ids = bind('uuid[]', ({ items }) => items.map((item) => item.id))
  const set = ['version = t.version + 1', `updated_at = ${now}`, `updated_by = ${actor}`]
  const where = [
    't.org_id = $1',
    input.rows === 'one' ? `t.id = (${ids})[1]` : `t.id = any(${ids})`,
    't.id = i.id',
    `(i."_version" is null or i."_version" = t.version)`,
    operation === 'restore' ? 't.deleted_at is not null' : 't.deleted_at is null',
  ]
  if (operation === 'delete') set.push(`deleted_at = ${now}`)
  if (operation === 'restore') set.push('deleted_at = null')
  if (operation === 'update') {
    for (const part of input.columns) set.push(`${column(part)} = ${newValue(input, part)}`)
    const stored = storedBy(entity, input.given)
    if (input.hasCustom || stored.length > 0) {
      const partSql = (part: StoredPart) =>
        input.columns.includes(part) ? newValue(input, part) : `t.${column(part)}`
      const custom = input.hasCustom ? newCustom : 't.custom'
      set.push(`custom = ${withStoredAsSql(entity, stored, partSql, custom)}`)
    }
    where.push(changes(input))
  }
  where.push(...shape.checks.map((check) => check.sql), ...openCheck(shape, values))
  const answer =
    operation === 'update' ? `new.*, ${changedFields(entity, input)} as "_changes"` : 'new.*'
  return `written as (update ${entity.table} as t set ${set.join(', ')} from input i
where ${where.join('\n and ')}${ofEntity(entity, 't')}
returning ${answer})`
}

function newValue(input: InputShape, part: StoredPart): string {
  const given = isGiven(input, part.ledgerKey, 'i')
  const name = column(part)
  return given === 'true' ? `i.${name}` : `case when ${given} then i.${name} else t.${name} end`
}

const newCustom = `(t.custom || coalesce(i.custom, '{}')) - coalesce(i."_unset", '{}')`

/** True when the input differs from the row: what changes nothing is not written. */
export function changes(input: InputShape): string {
  const tests = input.columns.map((part) => {
    const given = isGiven(input, part.ledgerKey, 'i')
    const differs = `i.${column(part)} is distinct from t.${column(part)}`
    return given === 'true' ? differs : `${given} and ${differs}`
  })
  if (input.hasCustom) tests.push(`${newCustom} is distinct from t.custom`)
  return `(${tests.join('\n or ') || 'false'})`
}

/**
 * The ledger's `{"<key>": [before, after]}` of what was given and did change. A value of several parts is
 * noted whole, so that one row of the ledger is enough to show it.
 */
function changedFields(entity: Entity, input: InputShape): string {
  const { byLedgerKey, partsOf } = storageOf(entity)
  const rows = input.given.map((key) => {
    const part = byLedgerKey.get(key)
    const name = part?.column ? column(part) : null
    const values = name
      ? `old.${name}, new.${name}`
      : `old.custom -> ${literal(key)}, new.custom -> ${literal(key)}`
    const isGivenHere = input.isUniform ? '' : `, ${isGiven(input, key, 'i')}`
    return `(${literal(key)}, jsonb_build_array(${values})${isGivenHere})`
  })
  if (rows.length === 0) return `'{}'::jsonb`
  const names = input.isUniform ? 'k, pair' : 'k, pair, given'
  // The offset keeps the planner from working the pairs out again wherever they are named.
  const pairs = `(select k, pair from (values ${rows.join(', ')}) as v(${names})${
    input.isUniform ? '' : ' where given'
  } offset 0)`
  const differs = 'pair -> 0 is distinct from pair -> 1'
  const hasParts = input.given.some((key) => {
    const field = byLedgerKey.get(key)?.field
    return field !== undefined && (partsOf.get(field)?.length ?? 0) > 1
  })
  if (!hasParts) return `(select jsonb_object_agg(k, pair) from ${pairs} d where ${differs})`
  return `(select jsonb_object_agg(k, pair) from (select k, pair,
 bool_or(${differs}) over (partition by split_part(k, '.', 1)) as changed from ${pairs} p) d where changed)`
}

const words = {
  create: 'created',
  update: 'updated',
  delete: 'deleted',
  restore: 'restored',
} as const

function ledgerPart({ entity, operation }: WriteShape, { now, actor, changeSet }: CommonValues) {
  const fields = operation === 'update' ? 'w."_changes"' : 'null'
  return `ledger_rows as (insert into tenant.ledger (org_id, id, change_set_id, entity, record_id, op, version, at, actor, fields)
select $1, uuidv7(), ${changeSet}, ${literal(entity.ref)}, w.id, ${literal(operation)}, w.version, ${now}, ${actor}, ${fields} from written w)`
}

function outboxPart({ entity, operation }: WriteShape, values: CommonValues): string {
  const { now, changeSet, batch, workflows } = values
  const payload =
    operation === 'update'
      ? `jsonb_build_object('fields', (select jsonb_agg(k) from jsonb_object_keys(w."_changes") as k))`
      : `'{}'`
  return `outbox_rows as (insert into tenant.outbox (org_id, batch_id, id, change_set_id, event, entity, record_id, version, payload, workflows, created_at)
select $1, ${batch}, uuidv7(), ${changeSet}, 'record.${words[operation]}', ${literal(entity.ref)}, w.id, w.version, ${payload}, ${workflows}, ${now} from written w)`
}

function changeSetPart({ operation, changeSet, bind }: WriteShape, values: CommonValues): string {
  const count = words[operation]
  const n = '(select count(*) as n from written) w'
  const more = (added: string) =>
    `set counts = c.counts || jsonb_build_object('${count}', coalesce((c.counts ->> '${count}')::bigint, 0) + ${added})`
  if (changeSet === 'joined')
    return `change_set as (update tenant.change_set c ${more('w.n')}
from ${n} where c.org_id = $1 and c.id = ${values.changeSet} and w.n > 0)`
  const parent = bind('uuid', ({ parentId }) => parentId)
  const actor = bind('jsonb', ({ row }) => row.actor)
  const [door, label, origin, source] = (['door', 'label', 'origin', 'source'] as const).map(
    (name) => bind('text', ({ row }) => row[name]),
  )
  const at = bind('timestamptz', ({ row }) => row.at)
  const made = `change_set as (insert into tenant.change_set as c (org_id, id, parent_id, actor, door, label, origin, source, workflows, state, created_at, closed_at, counts)
select $1, ${values.changeSet}, ${parent}, ${actor}, ${door}, ${label}, ${origin}, ${source}, ${values.workflows}, 'done', ${at}, ${at}, jsonb_build_object('${count}', w.n)
from ${n} where w.n > 0`
  if (changeSet === 'own') return `${made})`
  return `${made} on conflict (org_id, id) do update ${more(`(excluded.counts ->> '${count}')::bigint`)})`
}

function openCheck({ changeSet }: WriteShape, values: CommonValues): string[] {
  return changeSet === 'joined' ? [isOpen(values.changeSet)] : []
}

export function isOpen(changeSet: string): string {
  return `exists (select 1 from tenant.change_set c where c.org_id = $1 and c.id = ${changeSet} and c.state = 'open')`
}

function whereAll(tests: readonly string[]): string {
  return tests.length > 0 ? ` where ${tests.join('\n and ')}` : ''
}
