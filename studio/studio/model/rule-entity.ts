import type { EntityInfo } from '@runwaycrm/sdk'
import { isJsonObject, type Json, type Path, valueAt } from './leaf.ts'

/**
 * The entity whose record a rule asks: the one named beside the rule or in the settings beside it; otherwise the only
 * one that other parts of the definition name so.
 *
 * @returns null where none is named, or several.
 */
export function ruleEntity(
  definition: Json | undefined,
  path: Path,
  find: (name: string) => EntityInfo | null,
): EntityInfo | null {
  const named = (value: Json | undefined): EntityInfo | null => {
    const name = isJsonObject(value) ? value['entity'] : undefined
    return typeof name === 'string' ? find(name) : null
  }
  // Entities that steps name are those of other records.
  const isAtBeginning = path.length <= 3
  for (let length = path.length - 1; length > 0 && isAtBeginning; length--) {
    const around = valueAt(definition, path.slice(0, length))
    const beside = isJsonObject(around) ? Object.values(around).map(named) : []
    const found = named(around) ?? beside.find((one) => one !== null)
    if (found) return found
  }
  const whole = named(definition)
  if (whole) return whole
  const others = isJsonObject(definition)
    ? Object.entries(definition).flatMap(([name, part]) => (name === path[0] ? [] : within(part)))
    : []
  function within(part: Json): EntityInfo[] {
    if (!isJsonObject(part)) return []
    const own = named(part)
    return own ? [own] : Object.values(part).flatMap(within)
  }
  const [first] = others
  return first && others.every((one) => one.key === first.key) ? first : null
}
