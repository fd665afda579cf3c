import { isJsonObject, type Json, type Path } from './leaf.ts'
import {
  choicesOf,
  isOfType,
  isTemplate,
  keyPatternOf,
  type Schema,
  schemaBelow,
  typeOf,
  variantsOf,
} from './schema.ts'

/** What is wrong at a path, told by a word of the studio and what fills its places. */
export interface JsonProblem {
  readonly path: Path
  readonly code:
    | 'type'
    | 'number'
    | 'required'
    | 'unknown'
    | 'choice'
    | 'min'
    | 'max'
    | 'long'
    | 'short'
    | 'pattern'
    | 'items'
  readonly detail: string
}

/**
 * What the schema alone says of a definition, while it is written. The server checks it again, with all
 * else that a definition must agree with.
 */
export function checkJson(
  value: Json | undefined,
  schema: Schema,
  path: Path = [],
): readonly JsonProblem[] {
  const problem = (code: JsonProblem['code'], detail: unknown, at: Path = path): JsonProblem => ({
    path: at,
    code,
    detail: String(detail),
  })
  if (value === undefined || (schema['x-templates'] && isTemplate(value))) return []
  const choices = choicesOf(schema)
  if (choices.length > 0)
    return choices.includes(value) ? [] : [problem('choice', choices.join(', '))]
  if (!isOfType(schema, value)) {
    const type = typeOf(schema)
    return [problem(type === 'number' || type === 'integer' ? 'number' : 'type', type)]
  }
  const variants = variantsOf(schema)
  if (variants.length > 0) {
    const tried = variants
      .filter((one) => isOfType(one, value))
      .map((one) => checkJson(value, one, path))
    if (tried.some((problems) => problems.length === 0)) return []
    return tried.toSorted((a, b) => a.length - b.length)[0] ?? [problem('choice', '')]
  }
  if (typeof value === 'number') {
    if (value < (schema.minimum ?? -Infinity)) return [problem('min', schema.minimum)]
    return value > (schema.maximum ?? Infinity) ? [problem('max', schema.maximum)] : []
  }
  if (typeof value === 'string') return checkText(value, schema, problem)
  if (Array.isArray(value)) {
    const few = value.length < (schema.minItems ?? 0) ? [problem('items', schema.minItems)] : []
    const { items } = schema
    if (!items) return few
    return [...few, ...value.flatMap((one, at) => checkJson(one, items, [...path, String(at)]))]
  }
  return isJsonObject(value) ? checkMembers(value, schema, path, problem) : []
}

type Make = (code: JsonProblem['code'], detail: unknown, at?: Path) => JsonProblem

function checkText(value: string, schema: Schema, problem: Make): readonly JsonProblem[] {
  if (value.length > (schema.maxLength ?? Infinity)) return [problem('long', schema.maxLength)]
  if (value.length < (schema.minLength ?? 0)) return [problem('short', schema.minLength)]
  return schema.pattern !== undefined && !matches(schema.pattern, value)
    ? [problem('pattern', schema.pattern)]
    : []
}

function checkMembers(
  value: JsonObject,
  schema: Schema,
  path: Path,
  problem: Make,
): readonly JsonProblem[] {
  const missing = (schema.required ?? [])
    .filter((name) => value[name] === undefined)
    .map((name) => problem('required', name))
  const pattern = keyPatternOf(schema)
  const isClosed = schema.additionalProperties === false || pattern !== undefined
  return [
    ...missing,
    ...Object.entries(value).flatMap(([name, one]) => {
      const isNamed = schema.properties?.[name] !== undefined
      const below = schemaBelow(schema, name)
      if (isClosed && !isNamed && (!below || (pattern && !matches(pattern, name))))
        return [problem('unknown', name, [...path, name])]
      return below ? checkJson(one, below, [...path, name]) : []
    }),
  ]
}
type JsonObject = Readonly<Record<string, Json>>

/** Patterns are those of plugins that run here; one that a browser cannot read refuses nothing. */
function matches(pattern: string, text: string): boolean {
  try {
    return new RegExp(pattern, 'u').test(text)
  } catch {
    return true
  }
}
