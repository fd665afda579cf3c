import { type FieldValues, InvalidError, type RecordData } from '@runwaycrm/sdk'
import type { Entity, Field } from '../model/model.ts'
import { storageOf } from '../records/storage-columns.ts'
import type { TransactionContext } from '../records/transactions.ts'

/** Those that hold something of a person and are kept; what is computed of them follows. */
export function personalFields(entity: Entity): Field[] {
  return [...entity.fields.values()].filter(
    (field) => field.definition.pii === true && field.storage.in !== 'computed',
  )
}

/** What stands in the place of personal values: nothing, or words where something has to stand. */
export function erasedValues(entity: Entity, id: string): FieldValues {
  const values: Record<string, unknown> = {}
  for (const field of personalFields(entity))
    values[field.apiName] = field.required ? placeholder(field, id) : null
  if (entity.ref === 'kernel:user') values['active'] = false
  return values as FieldValues
}

function placeholder(field: Field, id: string): string {
  const kind = kindOf(field)
  if (kind === 'email') return `erased-${id}@erased.invalid`
  if (kind === 'url') return `https://erased.invalid/${id}`
  if (field.storage.in !== 'computed' && field.storage.class === 'text')
    return field.unique ? `Erased ${id}` : 'Erased'
  const message = `"${field.label}" is required and personal, and nothing can stand in its place. Make it optional first.`
  throw new InvalidError(message, {
    errors: [{ path: field.apiName, code: 'OUT_OF_RANGE', message }],
  })
}

/** `email` of `platform.fields:email`. */
export function kindOf({ type }: Field): string {
  return type.slice(type.indexOf(':') + 1)
}

/** Shorter ones would be found in what has nothing to do with the person. */
const shortest = 6

/**
 * Texts by which the person is found where no id is kept: emails, phones and the name, of today and of
 * the record's history.
 */
export async function wordsOf(
  ctx: TransactionContext,
  entity: Entity,
  person: RecordData,
): Promise<readonly string[]> {
  const telling = personalFields(entity).filter(
    (field) => ['email', 'phone'].includes(kindOf(field)) || field.key === entity.titleField,
  )
  const found = new Set<unknown>([
    ...telling.map((field) => person[field.apiName]),
    person[entity.byApiName.get(entity.titleField)?.apiName ?? entity.titleField],
  ])
  const keys = telling.flatMap((field) =>
    (storageOf(entity).partsOf.get(field) ?? []).map((part) => part.ledgerKey),
  )
  const { rows } = await ctx.tx.one<{ value: string }>({
    text: `select distinct v.value from tenant.ledger l
        cross join lateral jsonb_each(l.fields) f (key, pair)
        cross join lateral jsonb_array_elements_text(f.pair) v (value)
      where l.org_id = $1 and l.record_id = $2 and f.key = any($3::text[]) and v.value is not null`,
    values: [ctx.org.id, person.id, keys],
  })
  for (const { value } of rows) found.add(value)
  const isWord = (value: unknown): value is string =>
    typeof value === 'string' && value.trim().length >= shortest && value !== 'Erased'
  return [...found].filter(isWord).map((word) => word.trim())
}
