import { fieldMaskOf } from '../access/field-mask.ts'
import type { RequestContext } from '../context/request-context.ts'
import type { Entity, Field } from '../model/model.ts'
import type { Codecs } from './fields.ts'
import { type StoredPart, storageOf } from './storage-columns.ts'

/** `{"<ledger key>": [before, after]}`, as an update leaves it in the ledger. */
export type LedgerFields = Readonly<Record<string, readonly [unknown, unknown]>>

/** A change of one field as the API shows it. */
export interface FieldChange {
  readonly from: unknown
  readonly to: unknown
}

/**
 * The fields of a ledger row in the terms of the API, by API name, without those that are not in
 * `visible`. What the model does not know any more is left out.
 */
export function showChanges(
  entity: Entity,
  fields: LedgerFields,
  visible: ReadonlySet<string>,
  codecs: Codecs,
): Record<string, FieldChange> {
  const shown: Record<string, FieldChange> = {}
  for (const field of fieldsIn(entity, fields)) {
    if (!visible.has(field.apiName)) continue
    const parts = storageOf(entity).partsOf.get(field) ?? []
    const from = showValue(field, parts, (part) => fields[part.ledgerKey]?.[0], codecs)
    const to = showValue(field, parts, (part) => fields[part.ledgerKey]?.[1], codecs)
    shown[field.apiName] = { from, to }
  }
  return shown
}

/** A value from the ledger or from `to_jsonb` of a row, as the API shows it. */
export function showValue(
  field: Field,
  parts: readonly StoredPart[],
  valueOfPart: (part: StoredPart) => unknown,
  codecs: Codecs,
): unknown {
  let main: unknown = null
  const others: Record<string, unknown> = {}
  for (const part of parts) {
    const value = fromJson(part, valueOfPart(part) ?? null)
    if (part.part === null) main = value
    else others[part.part] = value
  }
  return main === null ? null : codecs.of(field).format({ main, parts: others })
}

/** Fields of the model that a ledger row speaks of. */
export function fieldsIn(entity: Entity, fields: LedgerFields): ReadonlySet<Field> {
  const { byLedgerKey } = storageOf(entity)
  return new Set(Object.keys(fields).flatMap((key) => byLedgerKey.get(key)?.field ?? []))
}

/** Ledger keys of fields, by API names. */
export function ledgerKeysOf(entity: Entity, names: ReadonlySet<string>): string[] {
  return [...storageOf(entity).byLedgerKey.values()]
    .filter((part) => names.has(part.field.apiName))
    .map((part) => part.ledgerKey)
}

/** Fields that the actor may read on every record that they may read at all. */
export function alwaysVisible(ctx: RequestContext, entity: Entity): ReadonlySet<string> {
  const names = new Set<string>()
  for (const [name, right] of fieldMaskOf(ctx.ability, entity, 'read'))
    if (right === true) names.add(name)
  return names
}

/** PostgreSQL writes moments into JSON with an offset and without milliseconds. */
function fromJson(part: StoredPart, value: unknown): unknown {
  if (part.class !== 'timestamptz' || typeof value !== 'string') return value
  return new Date(value).toISOString()
}
