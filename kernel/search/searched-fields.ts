import { createHash } from 'node:crypto'
import type { Entity, Field, FieldStorage, Model } from '../model/model.ts'

/** Texts, addresses, numbers of telephones: what people type to find a record. Long texts count in part. */
export function searchedFields(entity: Entity): readonly Field[] {
  let fields = known.get(entity)
  if (!fields) {
    fields = [...entity.fields.values()].filter(
      (field) => field.key === entity.titleField || isSearched(field),
    )
    known.set(entity, fields)
  }
  return fields
}
const known = new WeakMap<Entity, readonly Field[]>()

function isSearched({ typeDefinition, storage }: Field): boolean {
  const { kind, operators } = typeDefinition
  return kind === 'text' && operators.includes('$contains') && storage.in !== 'computed'
}

const isFound = ({ definition: { hidden, searched } }: Entity) => !hidden && searched !== false

/** Entities that search looks at, by name. */
export function searchedEntities(model: Model): readonly Entity[] {
  return [...model.entities.values()]
    .filter((entity) => isFound(entity) && searchedFields(entity).length > 0)
    .sort((a, b) => (a.ref < b.ref ? -1 : 1))
}

/** Raise it when rows are made in another way: all organisations are then filled again. */
const format = 2

/** Which fields are searched, and where their values are. */
export function searchMark(model: Model): string {
  let known = marks.get(model)
  if (known === undefined) {
    const fields = searchedEntities(model).map((entity) => [
      entity.ref,
      entity.titleField,
      searchedFields(entity).map(({ key, storage }) => [key, withoutCopies(storage)]),
    ])
    known = createHash('sha256')
      .update(JSON.stringify([format, fields]))
      .digest('hex')
      .slice(0, 16)
    marks.set(model, known)
  }
  return known
}
const marks = new WeakMap<Model, string>()

/** What is indexed for lists, or kept beside what it is worked out from, is nothing to search. */
function withoutCopies(storage: FieldStorage): object {
  if (storage.in === 'custom') return { ...storage, slot: undefined }
  if (storage.in === 'computed') return { ...storage, stored: null, room: undefined }
  return storage
}
