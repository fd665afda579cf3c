import type { IssueCode } from '@runwaycrm/sdk'
import { Ajv, type ErrorObject } from 'ajv'
import formatsPlugin from 'ajv-formats'
import { type Problem, placeOf } from './problem.ts'

/** Tells everything that is wrong with a value, as problems below `at`. */
export type SchemaCheck = (value: unknown, at: string) => Problem[]

const ajv = new Ajv({ allErrors: true, verbose: true, strict: false, ownProperties: true })
// The package is CommonJS: its default export is the module when Node imports it.
const addFormats = formatsPlugin as unknown as (ajv: Ajv, names: string[]) => void
addFormats(ajv, ['date', 'date-time', 'email', 'uri', 'uuid', 'time'])
const compiled = new WeakMap<object, SchemaCheck>()

/**
 * A check compiled once per schema object, at its first use. The schema must be ours or have passed
 * `checkSchema`.
 */
export function schemaCheck(schema: object): SchemaCheck {
  const known = compiled.get(schema)
  if (known) return known
  const check = lazyCheck(schema)
  compiled.set(schema, check)
  return check
}

function lazyCheck(schema: object): SchemaCheck {
  let validate: ReturnType<typeof ajv.compile> | undefined
  return (value, at) => {
    try {
      validate ??= ajv.compile(closeMaps(schema) as object)
    } catch (error) {
      return [told(at, 'BAD_FORMAT', `The schema of this place cannot be used: ${error}`)]
    }
    return validate(value) ? [] : explain(validate.errors ?? [], at)
  }
}

/** Whether a document is a JSON Schema at all, by the meta-schema. */
export function isSchema(document: object): boolean {
  return ajv.validateSchema(document) === true
}

/**
 * A keyed map says which keys it takes by a pattern; without `additionalProperties` all others would
 * slip through unchecked.
 */
function closeMaps(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closeMaps)
  if (typeof schema !== 'object' || schema === null) return schema
  const copy = Object.fromEntries(
    Object.entries(schema).map(([key, value]) => [
      key,
      key === 'const' || key === 'enum' || key === 'default' ? value : closeMaps(value),
    ]),
  )
  return 'patternProperties' in copy && !('additionalProperties' in copy)
    ? { ...copy, additionalProperties: false }
    : copy
}

function explain(errors: readonly ErrorObject[], at: string): Problem[] {
  const unions = errors.filter((error) => error.keyword === 'anyOf' || error.keyword === 'oneOf')
  return (
    errors
      // What a condition asks for tells of itself.
      .filter((error) => error.keyword !== 'if')
      .filter((error) => !unions.some((union) => error !== union && isBranchOf(error, union)))
      .map((error) => toProblem(error, at))
  )
}

/** One wrong value fails every branch of a union; the union's own error says it once. */
function isBranchOf(error: ErrorObject, union: ErrorObject): boolean {
  return (
    error.schemaPath.startsWith(`${union.schemaPath}/`) &&
    (error.instancePath === union.instancePath ||
      error.instancePath.startsWith(`${union.instancePath}/`))
  )
}

function toProblem(error: ErrorObject, at: string): Problem {
  const below = error.instancePath
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
  const place = placeOf(at, ...below)
  const params = error.params as Record<string, unknown>
  switch (error.keyword) {
    case 'required':
      return told(placeOf(place, String(params['missingProperty'])), 'REQUIRED', 'This is missing.')
    case 'additionalProperties':
      return unknownKey(place, String(params['additionalProperty']), error)
    case 'type':
      return told(place, 'WRONG_TYPE', `This must be ${kindsOf(params['type'])}.`)
    case 'anyOf':
    case 'oneOf':
    case 'enum':
    case 'const':
      return notAnOption(place, error)
    case 'pattern':
    case 'format':
      return told(place, 'BAD_FORMAT', `"${shown(error.data)}" does not have the right form.`)
    case 'minLength':
    case 'minItems':
    case 'minProperties':
      return told(
        place,
        'REQUIRED',
        `This has too little in it: it takes at least ${params['limit']}.`,
      )
    case 'maxLength':
    case 'maxItems':
    case 'maxProperties':
      return told(place, 'TOO_LONG', `This is too long: it takes at most ${params['limit']}.`)
    default:
      return told(place, codes[error.keyword] ?? 'BAD_FORMAT', `This ${error.message}.`)
  }
}

const codes: Readonly<Record<string, IssueCode>> = {
  minimum: 'OUT_OF_RANGE',
  maximum: 'OUT_OF_RANGE',
  exclusiveMinimum: 'OUT_OF_RANGE',
  exclusiveMaximum: 'OUT_OF_RANGE',
  multipleOf: 'OUT_OF_RANGE',
}

function told(at: string, code: IssueCode, message: string): Problem {
  return { at, code, message, hint: 'See the schema of this place in sdk/plugin.schema.json.' }
}

function unknownKey(at: string, key: string, error: ErrorObject): Problem {
  const known = Object.keys((error.parentSchema?.['properties'] as object | undefined) ?? {})
  const patterns = Object.keys(
    (error.parentSchema?.['patternProperties'] as object | undefined) ?? {},
  )
  const hint =
    known.length > 0
      ? `Known here: ${known.join(', ')}.`
      : `Keys have the form ${patterns.join(' or ')}.`
  return {
    at: placeOf(at, key),
    code: 'UNKNOWN_FIELD',
    message: `"${key}" is not known here.`,
    hint,
  }
}

function notAnOption(at: string, error: ErrorObject): Problem {
  const options = optionsOf(error)
  const message = `${shown(error.data)} is not one of the possible values.`
  const hint = options ? `Use one of ${options.join(', ')}.` : 'See the schema of this place.'
  return { at, code: 'UNKNOWN_OPTION', message, hint }
}

function optionsOf(error: ErrorObject): string[] | null {
  if (error.keyword === 'enum') return (error.schema as unknown[]).map(shown)
  if (error.keyword === 'const') return [shown(error.schema)]
  const branches = error.schema as readonly { const?: unknown; type?: string }[]
  const names = branches.map((branch) => ('const' in branch ? shown(branch.const) : branch.type))
  return names.every((name) => name !== undefined) ? names : null
}

function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing')
  return text.length > 60 ? `${text.slice(0, 57)}...` : text
}

/** In the words of people rather than of JSON Schema. */
const kinds: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
}

/** @param types one of JSON Schema, or several of them. */
function kindsOf(types: unknown): string {
  return String(types)
    .split(',')
    .map((type) => kinds[type] ?? type)
    .join(' or ')
}
