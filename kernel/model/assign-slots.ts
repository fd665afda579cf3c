import { IndexSlotsUsedError, type StorageClass } from '@runwaycrm/sdk'
import { ownLayer } from './layer.ts'
import type { LayerDocument } from './layer-document.ts'
import type { Entity, Field, Model } from './model.ts'
import { storageIdOf } from './storage-names.ts'
import { inRecordOnly } from './stored-formula.ts'

/** The columns of `tenant.slot`, for each entity anew, by the class of what they hold. */
const slotColumns: Readonly<Partial<Record<StorageClass, readonly string[]>>> = {
  text: ['t1', 't2', 't3', 't4', 't5', 't6'],
  float8: ['f1', 'f2', 'f3', 'f4'],
  bigint: ['i1', 'i2'],
  date: ['d1'],
  timestamptz: ['z1', 'z2'],
  uuid: ['u1', 'u2', 'u3', 'u4'],
  boolean: ['b1'],
}

/**
 * Gives indexed fields of the own layer their slots. A field keeps the slot it has; relations take one
 * that is left over, since lists of what leads here are asked for all the time.
 *
 * @param model with the document as its own layer.
 * @throws IndexSlotsUsedError naming who holds them, when there is none left for an indexed field.
 */
export function assignSlots(document: LayerDocument, model: Model): LayerDocument {
  const slots: Record<string, string> = {}
  for (const entity of model.entities.values()) {
    const own = [...entity.fields.values()].filter(isOwn)
    const wanted = own.filter((field) => field.definition.indexed === true)
    const wished = own.filter((field) => isRelation(field) && !wanted.includes(field))
    const taken = new Map<string, Field>()
    const keep = (field: Field) => {
      const column = document.slots?.[idOf(field)]
      if (column === undefined || !slotColumns[field.storage.class]?.includes(column)) return false
      if (taken.has(column)) return false
      taken.set(column, field)
      slots[idOf(field)] = column
      return true
    }
    const give = (field: Field): boolean => {
      const column = slotColumns[field.storage.class]?.find((name) => !taken.has(name))
      if (column === undefined) return false
      taken.set(column, field)
      slots[idOf(field)] = column
      return true
    }
    for (const field of own) if (isStored(field)) slots[idOf(field)] = inRecordOnly
    // Whoever only wished for one makes room.
    const waiting = wanted.filter((field) => !keep(field))
    const refused = waiting.filter((field) => !give(field))
    if (refused.length > 0) throw slotsUsed(entity, refused, taken)
    for (const field of wished) if (!keep(field)) give(field)
  }
  return Object.keys(slots).length > 0 ? { ...document, slots } : withoutSlots(document)
}

function withoutSlots({ slots: _, ...rest }: LayerDocument): LayerDocument {
  return rest
}

function isOwn(field: Field): boolean {
  return field.from === ownLayer && (field.storage.in === 'custom' || isStored(field))
}

function isStored({ storage }: Field): boolean {
  return storage.in === 'computed' && storage.stored !== null
}

function isRelation({ typeDefinition, storage }: Field): boolean {
  return storage.class === 'uuid' && ['relation', 'user'].includes(typeDefinition.kind ?? '')
}

function idOf(field: Field): string {
  const { storage } = field
  return (storage.in === 'computed' ? storage.stored?.key : storageIdOf(field)) ?? ''
}

function slotsUsed(
  entity: Entity,
  refused: readonly Field[],
  taken: ReadonlyMap<string, Field>,
): Error {
  const errors = refused.map((field) => {
    const columns = slotColumns[field.storage.class]
    const holders = (columns ?? []).flatMap((column) => taken.get(column)?.label ?? [])
    const message = columns
      ? `${entity.definition.label} has ${columns.length} indexed fields of this kind already: ${holders.join(', ')}.`
      : `A field of the type "${field.definition.type}" cannot be indexed.`
    return {
      path: `entities/${entity.ref}/fields/${field.key}/indexed`,
      code: 'OUT_OF_RANGE' as const,
      message,
    }
  })
  return new IndexSlotsUsedError(errors[0]!.message, { errors })
}
