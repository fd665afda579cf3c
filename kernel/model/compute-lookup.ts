import type { FieldTypeDefinition } from '@runwaycrm/sdk'
import { isMany } from '../access/condition-tree.ts'
import { placeOf } from '../manifest/problem.ts'
import { type Draft, type Parts, problem, type Resolver } from './computed-parts.ts'
import { takenOverType } from './computed-type.ts'
import type { Entity, Field } from './model.ts'

/** @throws ComputedError when the relation or the field is not there. */
export function computeLookup(
  { entities }: Resolver,
  parts: Parts,
  entity: Entity,
  { definition }: Field,
  type: FieldTypeDefinition,
  at: string,
): Draft {
  const { lookup } = definition
  if (lookup === undefined) {
    const hint = 'Give it {"through": a relation, "field": a field of the other record}.'
    throw problem(at, 'REQUIRED', 'A lookup needs a relation and a field.', hint)
  }
  const relation = fieldNamed(entity, lookup.through)
  if (!relation) {
    const message = `There is no field "${lookup.through}".`
    throw problem(placeOf(at, 'through'), 'UNKNOWN_FIELD', message, relationsOf(entity))
  }
  const target = relation.target === null ? undefined : entities.get(relation.target)
  if (!target || relation.typeDefinition.storage !== 'uuid') {
    const message = `"${lookup.through}" does not lead to one record.`
    throw problem(placeOf(at, 'through'), 'WRONG_TYPE', message, relationsOf(entity))
  }
  parts.use(entity.ref, relation.apiName)
  parts.read(target.ref)
  const wanted = fieldNamed(target, lookup.field)
  if (!wanted) {
    const message = `There is no field "${lookup.field}" on ${target.plural}.`
    const hint = `Use one of ${[...target.fields.keys()].slice(0, 12).join(', ')}.`
    throw problem(placeOf(at, 'field'), 'UNKNOWN_FIELD', message, hint)
  }
  if (isMany(wanted)) {
    const message = `"${lookup.field}" of ${target.plural} leads to many records.`
    throw problem(placeOf(at, 'field'), 'WRONG_TYPE', message, 'Look up a field with one value.')
  }
  const { field } = parts.use(target.ref, wanted.apiName)
  return {
    computation: { by: 'lookup', through: relation.apiName, field: field.apiName },
    typeDefinition: takenOverType(type, field.typeDefinition),
    codec: codecOf(field),
    like: field,
    size: 2,
  }
}

/** The type whose codec the values of a field have; null for plain values of the kernel. */
export function codecOf(field: Field): string | null {
  if (field.system) return null
  if (field.storage.in !== 'computed') return field.type
  return field.storage.computation.by === 'template' ? null : field.storage.codec
}

/** By its key or the name that the API has for it. */
export function fieldNamed(entity: Entity, name: string): Field | undefined {
  return entity.fields.get(name) ?? entity.byApiName.get(name)
}

function relationsOf(entity: Entity): string {
  const relations = [...entity.fields.values()].filter(({ target }) => target !== null)
  if (relations.length === 0) return 'Add a relation first.'
  return `Use one of ${relations.map(({ key }) => key).join(', ')}.`
}
