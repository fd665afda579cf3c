import { isMany } from '../access/condition-tree.ts'
import type { Entity, Field } from '../model/model.ts'
import type { Codecs } from './fields.ts'
import { fieldsIn, type LedgerFields, showValue } from './ledger-values.ts'
import { conflictOf, noValues, type RevertConflict } from './revert-conflict.ts'
import type { RevertRecord } from './revert-load.ts'
import type { RevertItem, RevertStepKind } from './revert-plan.ts'
import { type StoredPart, storageOf } from './storage-columns.ts'
import type { StorageValues } from './validate.ts'

/** What is done to one record to take the change back. */
export interface Decision {
  readonly id: string
  readonly operation: 'restore' | 'update' | 'delete' | null
  readonly stored?: StorageValues
  readonly conflicts: readonly RevertConflict[]
}

export interface DecideContext {
  readonly entity: Entity
  readonly codecs: Codecs
  /** API names of fields that the actor may see on every record; others are neither shown nor named. */
  readonly visible: ReadonlySet<string>
}

/**
 * Decides about one record. A value goes back only where it is still the one that was written; what is
 * back already needs nothing; everything else is a conflict. A record that was created is deleted
 * unless somebody changed it since.
 */
export function decide(
  context: DecideContext,
  step: RevertStepKind,
  { id, isSetBack }: RevertItem,
  record: RevertRecord | undefined,
): Decision {
  const nothing: Decision = { id, operation: null, conflicts: [] }
  if (!record) return nothing
  if (step === 'restore') return record.isDeleted ? { ...nothing, operation: 'restore' } : nothing
  if (step === 'delete') {
    if (record.isDeleted) return nothing
    const conflicts = changedSince(context, id, record, isSetBack)
    return { id, operation: conflicts.length > 0 ? null : 'delete', conflicts }
  }
  if (record.isDeleted) {
    const by = record.since.findLast((row) => row.op === 'delete')?.actor ?? null
    const reason = 'The record was deleted since.'
    const conflicts = [conflictOf(context.entity.plural, id, null, noValues, by, reason)]
    return { ...nothing, conflicts }
  }
  return setBack(context, id, record)
}

function setBack(context: DecideContext, id: string, record: RevertRecord): Decision {
  const { entity } = context
  const conflicts: RevertConflict[] = []
  const back: StoredPart[] = []
  for (const field of fieldsIn(entity, record.net)) {
    const parts = partsIn(entity, field, record.net)
    const is = (at: 0 | 1) =>
      parts.every((part) => same(present(record, part), record.net[part.ledgerKey]?.[at]))
    if (is(0)) continue
    if (is(1)) back.push(...parts)
    else conflicts.push(conflict(context, id, field, record, record.net, 1))
  }
  if (back.length === 0) return { id, operation: null, conflicts }
  return { id, operation: 'update', stored: valuesFor(back, record.net), conflicts }
}

/**
 * Fields of a record that somebody changed after the change set, and did not change back.
 *
 * @param isSetBack the revert itself has put back what it could: such a value is not as it was left, and nobody
 *   else's doing.
 */
function changedSince(
  context: DecideContext,
  id: string,
  record: RevertRecord,
  isSetBack: boolean,
): RevertConflict[] {
  const { entity } = context
  const left: Record<string, readonly [unknown, unknown]> = {}
  for (const { fields } of record.since)
    for (const [key, pair] of Object.entries(fields ?? {})) left[key] ??= pair
  return [...fieldsIn(entity, left)].flatMap((field) => {
    const holds = (pairs: LedgerFields) =>
      partsIn(entity, field, left).every((part) =>
        same(present(record, part), pairs[part.ledgerKey]?.[0]),
      )
    const isBack = isSetBack && partsIn(entity, field, record.net).length > 0 && holds(record.net)
    return isBack || holds(left) ? [] : [conflict(context, id, field, record, left, 0)]
  })
}

/** @param at which side of the pairs is the value that the change set left. */
function conflict(
  { entity, codecs, visible }: DecideContext,
  id: string,
  field: Field,
  record: RevertRecord,
  pairs: LedgerFields,
  at: 0 | 1,
): RevertConflict {
  const parts = storageOf(entity).partsOf.get(field) ?? []
  const touches = (fields: LedgerFields | null) =>
    fields !== null && parts.some((part) => part.ledgerKey in fields)
  const by = record.since.findLast(({ fields }) => touches(fields))?.actor ?? null
  if (!visible.has(field.apiName)) {
    const reason = 'A value that is not shown to you was changed since.'
    return conflictOf(entity.plural, id, null, noValues, by, reason)
  }
  // Which records a list led to may be hidden from whoever asks.
  if (isMany(field)) {
    const reason = 'The list was changed since.'
    return conflictOf(entity.plural, id, field.apiName, noValues, by, reason)
  }
  const values = {
    left: showValue(field, parts, (part) => pairs[part.ledgerKey]?.[at], codecs),
    now: showValue(field, parts, (part) => present(record, part), codecs),
  }
  return conflictOf(entity.plural, id, field.apiName, values, by)
}

function partsIn(entity: Entity, field: Field, fields: LedgerFields): readonly StoredPart[] {
  return (storageOf(entity).partsOf.get(field) ?? []).filter((part) => part.ledgerKey in fields)
}

function present({ row }: RevertRecord, { column, ledgerKey }: StoredPart): unknown {
  if (column !== null) return row[column] ?? null
  return (row.custom as Record<string, unknown> | null)?.[ledgerKey] ?? null
}

function valuesFor(parts: readonly StoredPart[], net: LedgerFields): StorageValues {
  const columns: Record<string, unknown> = {}
  const custom: Record<string, unknown> = {}
  const unset: string[] = []
  for (const { column, ledgerKey } of parts) {
    const value = net[ledgerKey]?.[0] ?? null
    if (column !== null) columns[column] = value
    else if (value === null) unset.push(ledgerKey)
    else custom[ledgerKey] = value
  }
  return { given: parts.map((part) => part.ledgerKey), columns, custom, unset }
}

/** Both sides come out of jsonb, which gives equal values in equal form. */
function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a ?? null) === JSON.stringify(b ?? null)
}
