import { placeOf } from '../manifest/problem.ts'
import type { JsonObject } from './leaf.ts'
import type { Entity, Field, Model } from './model.ts'
import { hasScope } from './named-places.ts'
import { type PlanItem, planned } from './plan-item.ts'
import { storageIdOf } from './storage-names.ts'
import { type Use, usesOfDefinition } from './uses.ts'

/**
 * Definitions that stay and will not work as they do: they name fields that go away, are called otherwise or
 * hold values of another kind afterwards.
 */
export function planNeeds(before: Model, after: Model): PlanItem[] {
  if (before.entities === after.entities) return []
  return [...after.points.values()].filter(hasScope).flatMap(({ name }) =>
    [...(after.contributions.get(name)?.values() ?? [])].flatMap((one) => {
      const definition = one.definition as JsonObject
      const uses = usesOfDefinition(before, name, one.ref, one.plugin, definition)
      const told = new Set<string>()
      return uses.flatMap((use) => {
        const key = `${use.of.ref} ${use.of.field}`
        if (!use.isNeeded || told.has(key)) return []
        told.add(key)
        return brokenBy(before, after, use, definition)
      })
    }),
  )
}

function brokenBy(before: Model, after: Model, use: Use, definition: JsonObject): PlanItem[] {
  const { point, ref, path, of } = use
  const entity = before.entities.get(of.ref)
  const was = entity?.fields.get(of.field ?? '')
  if (!entity || !was) return []
  const tell = (key: string, now?: { readonly field: Field; readonly of: Entity }) => [
    planned('breaking', placeOf(point, ref, ...path), {
      key: `plan.${key}`,
      values: {
        name: { contribution: { ref, definition }, under: point },
        field: { field: was, of: entity },
        objects: { records: entity },
        ...(now && { was: was.apiName, is: now.field.apiName }),
      },
    }),
  ]
  const then = after.entities.get(of.ref)
  const is = then?.fields.get(was.key)
  if (is) return is.type === was.type ? [] : tell('needsOtherType')
  const id = storageIdOf(was)
  const renamed =
    id === null
      ? undefined
      : [...(then?.fields.values() ?? [])].find((one) => storageIdOf(one) === id)
  return then && renamed ? tell('needsRenamed', { field: renamed, of: then }) : tell('needsGone')
}
