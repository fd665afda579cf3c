import { plainOperators } from './rule-tree.ts'
import type { Schema } from './schema.ts'

/** Groups within groups that the source completes. */
const depth = 5

/**
 * What a rule looks like, for the source of a definition: which facts and operators there are. The server says what
 * of it goes together.
 *
 * @param rule the part whose schema says `x-rule`.
 * @param words `x-rules` of the point.
 */
export function ruleSchema(rule: Schema, words: NonNullable<Schema['x-rules']>): Schema {
  const own = Object.values(words.operators ?? {}).flatMap((operators) => Object.keys(operators))
  const leaf: Schema['properties'] = {
    fact: { enum: Object.keys(words.facts ?? {}) },
    path: { type: 'string' },
    operator: { enum: [...plainOperators, '$not', ...new Set(own)] },
    value: {},
    name: { type: 'string' },
    priority: { type: 'integer' },
  }
  let one: Schema = { type: 'object', additionalProperties: false, properties: leaf }
  for (let level = 1; level < depth; level++) {
    const list: Schema = { type: 'array', items: one }
    one = { ...one, properties: { all: list, any: list, not: one, ...leaf } }
  }
  return { ...one, ...rule }
}
