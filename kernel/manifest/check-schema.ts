import { fieldKeyPattern, type Tier } from '@runwaycrm/sdk'
import { type Problem, placeOf } from './problem.ts'
import { isSchema } from './schema-check.ts'

const schemaKeywords = [
  'not',
  'items',
  'additionalProperties',
  'propertyNames',
  'contains',
  'if',
  'then',
  'else',
] as const
const schemaLists = ['anyOf', 'oneOf', 'allOf'] as const
const patternKeywords = new Set(['pattern', 'patternProperties'])
const plainKeywords = new Set(
  `type const enum required default examples title description format nullable deprecated readOnly
   writeOnly minimum maximum exclusiveMinimum exclusiveMaximum multipleOf minLength maxLength minItems
   maxItems uniqueItems minProperties maxProperties properties`
    .split(/\s+/)
    .concat(schemaKeywords, schemaLists),
)
const formats = new Set(['date', 'date-time', 'email', 'uri', 'uuid', 'time'])
const propertyName = new RegExp(fieldKeyPattern)

/**
 * Checks a JSON Schema that came with a plugin before a validator turns it into code: known keywords,
 * tame property names, no references, and patterns only from plugins that the operator installed.
 */
export function checkSchema(schema: unknown, at: string, tier: Tier): Problem[] {
  const problems = checkNode(schema, at, tier)
  if (problems.length === 0 && isObject(schema) && !isSchema(schema)) {
    const hint = 'Compare it with JSON Schema draft 7.'
    return [problem(at, 'BAD_FORMAT', 'This is not a JSON Schema.', hint)]
  }
  return problems
}

function checkNode(schema: unknown, at: string, tier: Tier): Problem[] {
  if (typeof schema === 'boolean') return []
  if (!isObject(schema)) {
    return [problem(at, 'WRONG_TYPE', 'A JSON Schema is an object.', 'Write { "type": ... }.')]
  }
  const problems = Object.keys(schema).flatMap((keyword) =>
    checkKeyword(keyword, schema[keyword], placeOf(at, keyword), tier),
  )
  for (const map of ['properties', 'patternProperties'] as const) {
    const inner = schema[map]
    if (!isObject(inner)) continue
    for (const [name, property] of Object.entries(inner)) {
      const place = placeOf(at, map, name)
      if (map === 'properties' && !propertyName.test(name)) problems.push(badName(place, name))
      problems.push(...checkNode(property, place, tier))
    }
  }
  for (const keyword of schemaKeywords) {
    if (keyword in schema) {
      problems.push(...checkNode(schema[keyword], placeOf(at, keyword), tier))
    }
  }
  for (const keyword of schemaLists) {
    const branches = schema[keyword]
    if (!Array.isArray(branches)) continue
    branches.forEach((branch, i) => {
      problems.push(...checkNode(branch, placeOf(at, keyword, i), tier))
    })
  }
  return problems
}

function checkKeyword(keyword: string, value: unknown, at: string, tier: Tier): Problem[] {
  if (keyword.startsWith('x-')) return []
  if (patternKeywords.has(keyword)) {
    const sources = keyword === 'pattern' ? [value] : isObject(value) ? Object.keys(value) : [value]
    if (tier !== 'trusted') return [noPattern(at)]
    return sources.every(isPattern) ? [] : [badPattern(at)]
  }
  if (!plainKeywords.has(keyword)) return [unknownKeyword(at, keyword)]
  if (keyword === 'format' && !formats.has(String(value))) return [unknownFormat(at, String(value))]
  return []
}

function isPattern(source: unknown): boolean {
  try {
    return typeof source === 'string' && new RegExp(source, 'u') instanceof RegExp
  } catch {
    return false
  }
}

function badName(at: string, name: string): Problem {
  return problem(
    at,
    'BAD_FORMAT',
    `"${name}" cannot be the name of a property.`,
    'Begin with a small letter and use letters and digits only, at most 63.',
  )
}

function noPattern(at: string): Problem {
  return problem(
    at,
    'UNKNOWN_FIELD',
    'Patterns are for plugins that the operator installs.',
    'Use "enum", "format", "minLength" or "maxLength" instead.',
  )
}

function badPattern(at: string): Problem {
  return problem(
    at,
    'BAD_FORMAT',
    'This is not a regular expression.',
    'Correct it; it is read with the flag u.',
  )
}

function unknownKeyword(at: string, keyword: string): Problem {
  const hint =
    keyword === '$ref'
      ? 'Write the referenced schema out in its place.'
      : 'Remove it; put notes under a key that begins with x-.'
  return problem(at, 'UNKNOWN_FIELD', `The keyword "${keyword}" is not supported.`, hint)
}

function unknownFormat(at: string, format: string): Problem {
  const hint = `Use one of ${[...formats].join(', ')}.`
  return problem(at, 'UNKNOWN_OPTION', `The format "${format}" is not known.`, hint)
}

function problem(at: string, code: Problem['code'], message: string, hint: string): Problem {
  return { at, code, message, hint }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
