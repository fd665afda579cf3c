import type { FieldValues, SettingsDefinition } from '@runwaycrm/sdk'
import { isJsonObject, leafAt } from './leaf.ts'
import type { Contribution } from './model.ts'

/**
 * The values of all settings of a model: what somebody set, and else the `default` of each property.
 *
 * @param stored by reference of the contribution.
 */
export function settingValues(
  settings: ReadonlyMap<string, Contribution<SettingsDefinition>>,
  stored: ReadonlyMap<string, FieldValues>,
): ReadonlyMap<string, FieldValues> {
  const defaults = allDefaults(settings)
  if (stored.size === 0) return defaults
  const values = new Map(defaults)
  for (const [ref, value] of stored) {
    const known = defaults.get(ref)
    if (known) values.set(ref, Object.freeze({ ...known, ...value }))
  }
  return values
}

const defaultsBySettings = new WeakMap<object, ReadonlyMap<string, FieldValues>>()

/** Most organisations set nothing, and then share one map. */
function allDefaults(
  settings: ReadonlyMap<string, Contribution<SettingsDefinition>>,
): ReadonlyMap<string, FieldValues> {
  const known = defaultsBySettings.get(settings)
  if (known) return known
  const defaults = new Map(
    [...settings].map(([ref, { definition }]) => [
      ref,
      Object.freeze(defaultsIn(definition.schema)),
    ]),
  )
  defaultsBySettings.set(settings, defaults)
  return defaults
}

/** What a schema gives where nothing is set. */
export function defaultsIn(schema: unknown): FieldValues {
  const properties = leafAt(schema, ['properties'])
  if (!isJsonObject(properties)) return {}
  return Object.fromEntries(
    Object.entries(properties).flatMap(([key, property]) => {
      const value = leafAt(property, ['default'])
      return value === undefined ? [] : [[key, value]]
    }),
  )
}
