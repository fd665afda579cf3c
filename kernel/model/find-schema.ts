import type { Tier } from '@runwaycrm/sdk'
import { checkSchema } from '../manifest/check-schema.ts'
import type { Layer } from './layer.ts'
import { isJsonObject, type JsonObject, leafAt } from './leaf.ts'
import type { Model } from './model.ts'
import type { FindSchema } from './walk-definition.ts'

/**
 * Finds schemas that contributions have under a property, for definitions of one plugin. One that a validator
 * could not be made of safely is none.
 *
 * @param plugin whose definitions they are for: a reference without a plugin is one of its own.
 */
export function schemaFinder(
  contributions: Model['contributions'],
  layerOf: (id: string) => Layer | undefined,
  plugin: string,
): FindSchema {
  return (point, ref, property) => {
    const full = ref.includes(':') ? ref : `${plugin}:${ref}`
    const found = contributions.get(point)?.get(full)
    const schema = leafAt(found?.definition, [property])
    if (!found || !isJsonObject(schema)) return null
    // Whoever changed it may be somebody whom the operator did not install.
    const isOverridden = found.overriddenBy.length > 0
    const tier = isOverridden ? 'declarative' : layerOf(found.plugin)?.manifest.tier
    return isSafe(schema, tier ?? 'declarative') ? schema : null
  }
}

const checked = new WeakMap<object, Map<Tier, boolean>>()

function isSafe(schema: JsonObject, tier: Tier): boolean {
  const known = checked.get(schema) ?? new Map<Tier, boolean>()
  checked.set(schema, known)
  const is = known.get(tier) ?? checkSchema(schema, '', tier).length === 0
  known.set(tier, is)
  return is
}
