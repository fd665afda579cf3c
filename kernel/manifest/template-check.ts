import { type SchemaCheck, schemaCheck } from './schema-check.ts'

/** A text that is filled at run time: `{{ record.name }}`. */
export function isTemplate(value: unknown): boolean {
  return typeof value === 'string' && template.test(value)
}
const template = /\{\{[\s\S]*?\}\}/

/**
 * A check that takes a template for a value of any type, in the parts of the schema that have
 * `"x-templates": true`.
 *
 * @param everywhere the whole value stands in such a part.
 */
export function templateCheck(schema: object, everywhere = false): SchemaCheck {
  const strict = schemaCheck(schema)
  if (!everywhere && !hasTemplates(schema)) return strict
  return (value, at) => {
    const problems = strict(value, at)
    if (problems.length === 0) return problems
    const rest = schemaCheck(looseOf(schema, everywhere))(value, at)
    if (rest.length === 0) return []
    // What is wrong besides the templates the strict schema tells more plainly.
    const plain = problems.filter((problem) => !isTemplate(valueAt(value, at, problem.at)))
    return plain.length > 0 ? plain : rest
  }
}

const marked = new WeakMap<object, boolean>()

function hasTemplates(schema: object): boolean {
  const is =
    marked.get(schema) ??
    Object.entries(schema).some(
      ([key, inner]) =>
        key === 'x-templates' ||
        (typeof inner === 'object' && inner !== null && hasTemplates(inner)),
    )
  marked.set(schema, is)
  return is
}

const loose = { true: new WeakMap<object, object>(), false: new WeakMap<object, object>() }

/** One per schema, so that its validator is compiled once. */
function looseOf(schema: object, everywhere: boolean): object {
  const made = loose[`${everywhere}`]
  const known = made.get(schema) ?? (loosened(schema, everywhere) as object)
  made.set(schema, known)
  return known
}

const text = { type: 'string', pattern: template.source }

function loosened(schema: unknown, around: boolean): unknown {
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) return schema
  const is = around || Reflect.get(schema, 'x-templates') === true
  const inner = (value: unknown) => loosened(value, is)
  const map = (value: unknown) =>
    Object.fromEntries(Object.entries(value as object).map(([key, one]) => [key, inner(one)]))
  const parts = Object.entries(schema).map(([key, value]): [string, unknown] => {
    if (key === 'properties' || key === 'patternProperties') return [key, map(value)]
    if (['items', 'additionalProperties', 'then', 'else'].includes(key)) return [key, inner(value)]
    if (key === 'anyOf' || key === 'allOf') return [key, (value as unknown[]).map(inner)]
    // A template fits several branches.
    if (key === 'oneOf') return ['anyOf', (value as unknown[]).map(inner)]
    return [key, value]
  })
  const copy = Object.fromEntries(parts)
  return is ? { anyOf: [text, copy] } : copy
}

function valueAt(value: unknown, at: string, place: string): unknown {
  const steps = place.slice(at.length).split('/').slice(1)
  return steps.reduce<unknown>(
    (inner, step) =>
      typeof inner === 'object' && inner !== null && Object.hasOwn(inner, step)
        ? Reflect.get(inner, step)
        : undefined,
    value,
  )
}
