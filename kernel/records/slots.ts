import type { Ability } from '../access/build-ability.ts'
import type { Leaf } from '../access/condition-tree.ts'
import { fieldMaskOf } from '../access/field-mask.ts'
import type { Statement } from '../database/postgres.ts'
import type { Entity, Field, FieldStorage, Slot } from '../model/model.ts'
import { columnSql } from './column-sql.ts'
import { identifier, literal } from './sql-text.ts'
import { storedBy, storedFieldsOf } from './stored-sql.ts'
import type { RowOperation } from './write-checks.ts'

/** A field whose values have an indexed copy. */
export interface SlottedField {
  readonly field: Field
  readonly slot: Slot
  /** Of the ledger, and of `custom`; of a stored formula the key under which it is filled. */
  readonly ledgerKey: string
}

const slotted = new WeakMap<Entity, readonly SlottedField[]>()

export function slotsOf(entity: Entity): readonly SlottedField[] {
  let found = slotted.get(entity)
  if (!found) {
    found = [...entity.fields.values()].flatMap((field) => {
      const { storage } = field
      if (storage.in === 'computed') {
        const { slot = null, key = '' } = storage.stored ?? {}
        return slot ? [{ field, slot, ledgerKey: key }] : []
      }
      return storage.in === 'custom' && storage.slot
        ? [{ field, slot: storage.slot, ledgerKey: storage.id }]
        : []
    })
    slotted.set(entity, found)
  }
  return found
}

/** The slot that may be asked instead of the value; null while it is being filled. */
export function readySlot(field: Field): Slot | null {
  const { storage } = field
  const slot = storage.in === 'computed' ? storage.stored?.slot : slotIn(storage)
  return slot?.isReady ? slot : null
}

const slotIn = (storage: FieldStorage) => (storage.in === 'custom' ? storage.slot : undefined)

/** Whether the reader sees the values on every record; of a formula also what it is worked out from. */
export function seesCopies(ability: Ability, entity: Entity, { apiName, storage }: Field): boolean {
  const mask = fieldMaskOf(ability, entity, 'read')
  const on = (storage.in === 'computed' ? storage.stored?.on : undefined) ?? []
  return [apiName, ...on].every((name) => mask.get(name) === true)
}

/** What is filled for an entity: copies in slots, and formulas that are kept in the record alone. */
export function fillsOf(entity: Entity): { readonly slot: string; readonly storageId: string }[] {
  const copies = slotsOf(entity).map(({ slot, ledgerKey }) => ({
    slot: slot.column,
    storageId: ledgerKey,
  }))
  const kept = storedFieldsOf(entity).flatMap(({ stored: { id, key, slot } }) =>
    slot ? [] : [{ slot: id, storageId: key }],
  )
  return [...copies, ...kept]
}

/** Longest copy of a text, in characters: as much as an index takes. */
const longestCopy = 500

/** What a text is compared by, as lists sort it. */
function foldedSql(text: string): string {
  return `left(lower(${text} collate "und-x-icu"), ${longestCopy})`
}

/** The copy of a field's value in a row. */
function copySql({ field }: SlottedField, alias: string): string {
  const value = columnSql(field, null, alias)
  return field.storage.class === 'text' ? textCopySql(field, value) : value
}

function textCopySql(field: Field, text: string): string {
  return isFolded(field) ? foldedSql(text) : `left(${text}, ${longestCopy})`
}

const isFolded = ({ typeDefinition }: Field) => typeDefinition.collation === 'ci'

/** Whether the copies stand in the order of the values: texts do where all of them is copied. */
export function isOrderedSlot(field: Field): boolean {
  if (readySlot(field) === null) return false
  if (field.storage.class !== 'text') return true
  const { maxLength = Number.POSITIVE_INFINITY } = field.typeDefinition.value as {
    maxLength?: number
  }
  return isFolded(field) && maxLength <= longestCopy
}

/** `insert` of the copies of rows that stand in `from`, for all slots of an entity. */
export function upsertSlotsSql(entity: Entity, from: string, alias: string): string {
  const copies = slotsOf(entity).map((one) => copySql(one, alias))
  return upsertSql(entity, from, alias, copies)
}

/** The same of any rows of the entity's table: the copies as columns of `held`, and their `insert`. */
export function copyRowsSql(entity: Entity, where: string) {
  const slots = slotsOf(entity)
  const names = slots.map(({ slot }) => identifier(slot.column))
  const copies = slots.map((one, at) => `${copySql(one, 't')} as ${names[at]}`)
  return {
    held: `select t.id, t.version, ${copies.join(', ')} from ${entity.table} t where ${where}`,
    insert: upsertSql(
      entity,
      'held h',
      'h',
      names.map((name) => `h.${name}`),
    ),
  }
}

/** Copies of an older version than the one that is there come too late and change nothing. */
function upsertSql(entity: Entity, from: string, alias: string, copies: readonly string[]): string {
  const columns = ['version', ...slotsOf(entity).map(({ slot }) => identifier(slot.column))]
  const changes = columns.map((column) => `${column} = excluded.${column}`)
  return `insert into tenant.slot as c (org_id, entity, record_id, ${columns.join(', ')})
select $1, ${literal(entity.ref)}, ${alias}.id, ${alias}.version, ${copies.join(', ')} from ${from}
on conflict (org_id, entity, record_id) do update set ${changes.join(', ')} where c.version <= excluded.version`
}

/**
 * Those who copy values as they find them do it one after the other, so that none brings back what another
 * has just replaced; who fills different records of one entity shares the lock. Writers need not wait: their
 * versions are newer.
 */
export function holdCopies(orgId: string, entity: Entity, how: '' | '_shared' = ''): Statement {
  return {
    text: `select pg_advisory_xact_lock${how}(hashtextextended($1::text || ${literal(entity.ref)}, 8))`,
    values: [orgId],
  }
}

/**
 * Keeps the copies in step, in the statement that writes the records. Those of deleted records stay:
 * whoever asks looks at the record too.
 *
 * @param given ledger keys that some row writes.
 * @returns common table expressions over `written w`.
 */
export function slotParts(
  entity: Entity,
  operation: RowOperation,
  given: readonly string[],
): string[] {
  const slots = slotsOf(entity)
  if (slots.length === 0 || (operation !== 'create' && operation !== 'update')) return []
  const changed = storedBy(entity, given).map(({ field }) => field)
  const isTouched = slots.some(
    ({ field, ledgerKey }) => given.includes(ledgerKey) || changed.includes(field),
  )
  if (operation === 'update' && !isTouched) return []
  return [`slots as (${upsertSlotsSql(entity, 'written w', 'w')})`]
}

const signs: Readonly<Record<string, string>> = {
  $eq: '=',
  $gt: '>',
  $gte: '>=',
  $lt: '<',
  $lte: '<=',
}

/** The row of copies beside a row of the entity; every record has one when any of its slots is ready. */
export function slotJoinSql(
  { alias, entity }: { readonly alias: string; readonly entity: Entity },
  org: string,
): string {
  const slots = slotAlias(alias)
  return `left join tenant.slot ${slots} on ${slots}.org_id = ${org} and ${slots}.entity = ${literal(entity.ref)} and ${slots}.record_id = ${alias}.id`
}

/** The copy of a field's value, where `slotJoinSql` has brought it along. */
export function slotValueSql(field: Field, alias: string): string {
  return `${slotAlias(alias)}.${identifier(readySlot(field)!.column)}`
}

const slotAlias = (alias: string) => `s_${alias}`

/** Whether the copies of a field can answer a question at all. */
export function isSlotQuestion({ field, operator }: Pick<Leaf<Field>, 'field' | 'operator'>) {
  if (readySlot(field) === null) return false
  if (operator === '$eq' || operator === '$in') return true
  if (operator === '$startsWith') return isFolded(field)
  return signs[operator] !== undefined && isOrderedSlot(field)
}

/**
 * Such a question as a condition over the copies, which an index answers. Copies of texts are folded and
 * cut: they find the candidates, and the value itself decides.
 *
 * @param operand placeholder with its cast.
 * @param leaf the condition over the value.
 */
export function slotConditionSql(
  { field, operator }: Pick<Leaf<Field>, 'field' | 'operator'>,
  alias: string,
  operand: string,
  leaf: () => string,
): string {
  const column = slotValueSql(field, alias)
  const sign = signs[operator]
  if (field.storage.class !== 'text')
    return sign ? `${column} ${sign} ${operand}` : `${column} = any(${operand})`
  // Told apart from the candidates, it would make them look rare to the planner.
  return `(${candidatesSql(field, operator, column, operand)} and case when ${leaf()} then true else false end)`
}

function candidatesSql(field: Field, operator: string, column: string, operand: string): string {
  const copy = textCopySql(field, operand)
  if (operator === '$in')
    return `${column} = any(array(select ${textCopySql(field, 'v')} from unnest(${operand}) v))`
  if (operator !== '$startsWith') {
    const sign = signs[operator]!
    return `${column} ${sign.endsWith('=') ? sign : `${sign}=`} ${copy}`
  }
  // Behind every copy that begins so: none is longer than this.
  const last = `${copy} || repeat(chr(1114111), ${longestCopy})`
  return `${column} collate "C" between (${copy} collate "C") and ((${last}) collate "C")`
}

/** Ids of the records that such a question finds, in the order of their copies: what its index gives as it is read. */
export function slotIdsSql(
  { field, operator }: Pick<Leaf<Field>, 'field' | 'operator'>,
  { alias, entity }: { readonly alias: string; readonly entity: Entity },
  org: string,
  operand: string,
): string {
  const column = slotValueSql(field, alias)
  const slots = slotAlias(alias)
  return (
    `select ${slots}.record_id as id from tenant.slot ${slots} where ${slots}.org_id = ${org} ` +
    `and ${slots}.entity = ${literal(entity.ref)} and ${candidatesSql(field, operator, column, operand)} ` +
    `order by ${column} collate "C", ${slots}.record_id`
  )
}

/** The row of copies of a record, looked up by its id; in the place of `slotJoinSql`. */
export function slotOfIdSql(
  { alias, entity }: { readonly alias: string; readonly entity: Entity },
  org: string,
  id: string,
): string {
  return (
    `cross join lateral (select c.* from tenant.slot c where c.org_id = ${org} ` +
    `and c.entity = ${literal(entity.ref)} and c.record_id = ${id} offset 0) ${slotAlias(alias)}`
  )
}

/** Ids of the records whose copy in the slot is a value of another row, for fields whose slot is ready. */
export function slotLeadsToSql(field: Field, entity: Entity, org: string, id: string): string {
  const column = identifier(readySlot(field)!.column)
  return `select s.record_id as id from tenant.slot s where s.org_id = ${org} and s.entity = ${literal(entity.ref)} and s.${column} = ${id}`
}
