import { isJsonObject, type Json, type JsonObject } from './leaf.ts'

/** What a role may do with one field of the records that it may see and change. */
export type FieldRight = 'change' | 'see' | 'hidden'

const denied = {
  hidden: ['create', 'read', 'update'],
  see: ['create', 'update'],
} as const

/** Rules without a condition that take single fields away from one entity's records. */
function takesAway(rule: Json | undefined, entity: string): rule is JsonObject {
  return (
    isJsonObject(rule) &&
    rule['effect'] === 'deny' &&
    rule['entity'] === entity &&
    Array.isArray(rule['fields']) &&
    rule['condition'] === undefined &&
    (rule['scope'] === undefined || rule['scope'] === 'all')
  )
}
const listOf = (value: Json | undefined): readonly string[] =>
  Array.isArray(value) ? value.map(String) : []

export function fieldRight(rules: JsonObject, entity: string, field: string): FieldRight {
  const taken = new Set(
    Object.values(rules)
      .filter((rule) => takesAway(rule, entity) && listOf(rule['fields']).includes(field))
      .flatMap((rule) => listOf((rule as JsonObject)['operations'])),
  )
  const isTaken = (operation: string): boolean => taken.has(operation) || taken.has('manage')
  if (isTaken('read')) return 'hidden'
  return isTaken('update') ? 'see' : 'change'
}

/** The rules with the right to one field changed; fields that lose the same stand in one rule. */
export function withFieldRight(
  rules: JsonObject,
  entity: string,
  field: string,
  right: FieldRight,
): JsonObject {
  const next: Record<string, Json> = {}
  for (const [key, rule] of Object.entries(rules)) {
    if (!takesAway(rule, entity)) {
      next[key] = rule
      continue
    }
    const fields = listOf(rule['fields']).filter((one) => one !== field)
    if (fields.length > 0) next[key] = { ...rule, fields }
  }
  if (right === 'change') return next
  const operations = denied[right]
  const same = Object.entries(next).find(
    ([, rule]) =>
      takesAway(rule, entity) &&
      [...listOf(rule['operations'])].sort().join() === [...operations].sort().join(),
  )
  if (same) {
    const [key, rule] = same as [string, JsonObject]
    return { ...next, [key]: { ...rule, fields: [...listOf(rule['fields']), field] } }
  }
  const short = entity.slice(entity.indexOf(':') + 1).replace(/[^A-Za-z0-9]/g, '_')
  let key = `${short}_fields_${right}`
  for (let n = 2; Object.hasOwn(next, key); n++) key = `${short}_fields_${right}${n}`
  return {
    ...next,
    [key]: { effect: 'deny', operations: [...operations], entity, fields: [field] },
  }
}
