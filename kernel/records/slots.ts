import type { Ability } from '../access/build-ability.ts'
import type { Leaf } from '../access/condition-tree.ts'
import { fieldMaskOf } from '../access/field-mask.ts'
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
  return field.typeDefinition.collation === 'ci' ? foldedSql(text) : `left(${text}, ${longestCopy})`
}

/** Whether the copies stand in the order of the values: texts do where all of them is copied. */
export function isOrderedSlot(field: Field): boolean {
  if (readySlot(field) === null) return false
  if (field.storage.class !== 'text') return true
  const { collation, value } = field.typeDefinition
  const { maxLength = Number.POSITIVE_INFINITY } = value as { maxLength?: number }
  return collation === 'ci' && maxLength <= longestCopy
}

/** `insert` and what it does to a row that is there, for all slots of an entity; rows come from `from`. */
export function upsertSlotsSql(entity: Entity, from: string, alias: string): string {
  const slots = slotsOf(entity)
  const columns = slots.map(({ slot }) => identifier(slot.column))
  return `insert into tenant.slot (org_id, entity, record_id, ${columns.join(', ')})
select $1, ${literal(entity.ref)}, ${alias}.id, ${slots.map((one) => copySql(one, alias)).join(', ')} from ${from}
on conflict (org_id, entity, record_id) do update set ${columns.map((column) => `${column} = excluded.${column}`).join(', ')}`
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

/**
 * A leaf as a condition over the copies, which an index answers. Copies of texts are folded and cut: they
 * find the candidates, and the value itself decides. Null when the operator has none.
 *
 * @param org placeholder of the organisation.
 * @param operand placeholder with its cast.
 * @param leaf the condition over the value.
 */
export function slotConditionSql(
  { field, operator }: Pick<Leaf<Field>, 'field' | 'operator'>,
  { alias, entity }: { readonly alias: string; readonly entity: Entity },
  org: string,
  operand: () => string,
  leaf: () => string,
): string | null {
  const slot = readySlot(field)
  const sign = signs[operator]
  if (!slot || (sign === undefined && operator !== '$in')) return null
  if (sign !== undefined && sign !== '=' && !isOrderedSlot(field)) return null
  const column = `s.${identifier(slot.column)}`
  const found = (test: string) =>
    `exists (${recordsWhere(entity, org, `s.record_id = ${alias}.id and ${test}`)})`
  if (field.storage.class !== 'text')
    return found(`${column} ${sign ?? '='} ${sign ? operand() : `any(${operand()})`}`)
  const candidates = sign
    ? `${column} ${sign === '=' || sign.endsWith('=') ? sign : `${sign}=`} ${textCopySql(field, operand())}`
    : `${column} = any(array(select ${textCopySql(field, 'v')} from unnest(${operand()}) v))`
  // Told apart from the candidates, it would make them look rare to the planner.
  return `(${found(candidates)} and case when ${leaf()} then true else false end)`
}

/** Ids of the records whose copy in the slot is a value of another row. */
export function slotLeadsToSql(field: Field, entity: Entity, org: string, id: string): string {
  const slot = readySlot(field)
  return slot ? recordsWhere(entity, org, `s.${identifier(slot.column)} = ${id}`) : ''
}

function recordsWhere(entity: Entity, org: string, test: string): string {
  return `select s.record_id from tenant.slot s where s.org_id = ${org} and s.entity = ${literal(entity.ref)} and ${test}`
}

/** The join that brings the copies of a row along, and the value to sort by in it. */
export function slotJoinSql(
  field: Field,
  { alias, entity }: { readonly alias: string; readonly entity: Entity },
  org: string,
): { readonly join: string; readonly value: string } {
  const column = identifier(readySlot(field)!.column)
  return {
    join: ` join tenant.slot s0 on s0.org_id = ${org} and s0.entity = ${literal(entity.ref)} and s0.record_id = ${alias}.id`,
    value: `s0.${column}`,
  }
}
