import type { Entity, Field, Model } from './model.ts'

/** A field whose values are converted, since it has another type afterwards. */
export interface TypeChange {
  readonly entity: Entity
  readonly was: Field
  readonly is: Field
}

const convertible: ReadonlySet<string | undefined> = new Set([
  'text',
  'number',
  'currency',
  'boolean',
  'date',
  'dateTime',
  'option',
  'options',
])

/** Whether values of the one can be read as values of the other at all. */
export function isTypeChange(was: Field, is: Field): boolean {
  return (
    was.type !== is.type &&
    was.storage.in === 'custom' &&
    is.storage.in === 'custom' &&
    is.typeDefinition.generated === undefined &&
    [was, is].every(({ typeDefinition }) => convertible.has(typeDefinition.kind))
  )
}

export function typeChanges(before: Model, after: Model): TypeChange[] {
  return [...after.entities.values()].flatMap((entity) => {
    const old = before.entities.get(entity.ref)
    if (!old || old === entity) return []
    return [...entity.fields.values()].flatMap((is) => {
      const was = old.fields.get(is.key)
      return was && isTypeChange(was, is) ? [{ entity, was, is }] : []
    })
  })
}
