import type { FieldDefinition, FieldTypeDefinition } from '@runwaycrm/sdk'
import { manyApiName } from '../access/many-name.ts'
import { plainTerms } from './fill-terms.ts'
import type { Computation, Contribution, Field, FieldStorage, Slot } from './model.ts'
import { snakeCase } from './storage-names.ts'
import { canBeUnique } from './unique-storage.ts'

/** What decides where the values of a field are kept. */
export type FieldPlace =
  | { readonly in: 'column' }
  | {
      readonly in: 'custom'
      readonly storageId: string
      readonly slot?: Slot | undefined
      /** Of the own layer: where formulas that are stored find theirs. */
      readonly slots?: Readonly<Record<string, Slot>> | undefined
    }

/** Makes a field of its definition and its type. */
export function buildField(
  key: string,
  definition: FieldDefinition,
  type: Contribution<FieldTypeDefinition>,
  from: string,
  place: FieldPlace,
): Field {
  const typeDefinition = type.definition
  const storage = storageOf(key, definition, typeDefinition, place)
  return Object.freeze({
    key,
    apiName: apiNameOf(key, typeDefinition),
    definition,
    type: type.ref,
    typeDefinition,
    label: definition.label === undefined ? humanName(key) : plainTerms(definition.label),
    order: definition.order ?? unordered,
    from,
    storage,
    target: targetOf(definition, typeDefinition),
    system: false,
    required: definition.required === true,
    unique: definition.unique === true && canBeUnique(storage, typeDefinition, from),
    readOnly:
      definition.readOnly === true ||
      storage.in === 'computed' ||
      typeDefinition.generated !== undefined,
  })
}

function apiNameOf(key: string, { api }: FieldTypeDefinition): string {
  if (api === 'ids') return manyApiName(key)
  return api === 'id' ? `${key}Id` : key
}

/** Behind all that have an order of their own, before the system fields. */
const unordered = 10_000

/** The entity that a relation points at; users need not be named. */
export function targetOf(
  definition: FieldDefinition,
  type: Pick<FieldTypeDefinition, 'kind'>,
): string | null {
  return definition.to ?? (type.kind === 'user' ? 'kernel:user' : null)
}

function storageOf(
  key: string,
  definition: FieldDefinition,
  type: FieldTypeDefinition,
  place: FieldPlace,
): FieldStorage {
  if (type.storage === 'computed') {
    const slots = place.in === 'custom' && definition.stored ? place.slots : undefined
    const room = place.in === 'custom' && slots ? { id: place.storageId, slots } : undefined
    return unresolved(definition, type, room)
  }
  const parts = Object.entries(type.parts ?? {})
  if (place.in === 'column') {
    const column = snakeCase(key)
    return Object.freeze({
      in: 'column',
      column,
      class: type.storage,
      parts: Object.fromEntries(
        parts.map(([part, kind]) => [
          part,
          { column: `${column}_${snakeCase(part)}`, class: kind },
        ]),
      ),
    })
  }
  const id = place.storageId
  return Object.freeze({
    in: 'custom',
    id,
    class: type.storage,
    ...(place.slot ? { slot: place.slot } : {}),
    parts: Object.fromEntries(
      parts.map(([part, kind]) => [part, { id: `${id}.${part}`, class: kind }]),
    ),
  })
}

/** What it computes is settled when all entities are known. */
function unresolved(
  definition: FieldDefinition,
  type: FieldTypeDefinition,
  room: (FieldStorage & { in: 'computed' })['room'],
): FieldStorage {
  const isTemplate = (type.computed ?? 'template') === 'template'
  const template = isTemplate ? (definition.template ?? '') : null
  const computation: Computation =
    template === null ? { by: 'nothing' } : { by: 'template', template }
  return Object.freeze({
    in: 'computed',
    class: 'computed',
    template,
    computation,
    codec: null,
    reads: [],
    stored: null,
    ...(room ? { room } : {}),
  })
}

/** `annualRevenue` -> `Annual revenue`. */
function humanName(key: string): string {
  const words = key.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`).trim()
  return words.charAt(0).toUpperCase() + words.slice(1)
}
