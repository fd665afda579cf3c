import { InvalidError, type Issue, type IssueCode } from '@runwaycrm/sdk'
import { Ajv, type ErrorObject } from 'ajv'
import formatsPlugin from 'ajv-formats'
import type { JsonSchema } from './route.ts'

// The package is CommonJS: its default export is the module when Node imports it.
const addFormats = formatsPlugin as unknown as (ajv: Ajv, names: string[]) => void

/** Checks a value against one schema. @throws InvalidError naming every problem at once. */
export type Check = (value: unknown) => void

/** Compiles the schemas of routes at boot: no coercion, nothing removed, nothing filled in. */
export function createSchemaChecks(): (schema: JsonSchema) => Check {
  const ajv = new Ajv({
    allErrors: true,
    coerceTypes: false,
    removeAdditional: false,
    useDefaults: false,
    strict: false,
    ownProperties: true,
  })
  addFormats(ajv, ['date', 'date-time', 'email', 'uri', 'uuid', 'time'])
  return (schema) => {
    const validate = ajv.compile(schema)
    return (value) => {
      if (validate(value)) return
      throw new InvalidError(undefined, { errors: issuesOf(validate.errors ?? []) })
    }
  }
}

/** AJV's errors in our words; a union is told once, not once per branch. */
function issuesOf(errors: readonly ErrorObject[]): readonly Issue[] {
  const issues = new Map<string, Issue>()
  for (const error of errors.slice(0, 200)) {
    if (error.keyword === 'if' || error.keyword === 'propertyNames') continue
    const issue = { path: pathOf(error), code: codeOf(error), message: messageOf(error) }
    issues.set(`${issue.path} ${issue.code}`, issue)
  }
  return [...issues.values()]
}

const codes: Readonly<Record<string, IssueCode>> = {
  required: 'REQUIRED',
  type: 'WRONG_TYPE',
  format: 'BAD_FORMAT',
  pattern: 'BAD_FORMAT',
  maxLength: 'TOO_LONG',
  maxItems: 'TOO_LONG',
  enum: 'UNKNOWN_OPTION',
  const: 'UNKNOWN_OPTION',
  additionalProperties: 'UNKNOWN_FIELD',
  unevaluatedProperties: 'UNKNOWN_FIELD',
  uniqueItems: 'AMBIGUOUS',
  anyOf: 'WRONG_TYPE',
  oneOf: 'WRONG_TYPE',
}

function codeOf(error: ErrorObject): IssueCode {
  return codes[error.keyword] ?? 'OUT_OF_RANGE'
}

function pathOf(error: ErrorObject): string {
  const below = error.instancePath
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
  const { missingProperty, additionalProperty, unevaluatedProperty } = error.params as Record<
    string,
    unknown
  >
  const last = missingProperty ?? additionalProperty ?? unevaluatedProperty
  if (typeof last === 'string') below.push(last)
  return below
    .reduce((path, part) => (/^\d+$/.test(part) ? `${path}[${part}]` : `${path}.${part}`), '')
    .replace(/^\./, '')
}

function messageOf(error: ErrorObject): string {
  switch (error.keyword) {
    case 'required':
      return 'This is required.'
    case 'additionalProperties':
    case 'unevaluatedProperties':
      return 'There is no such field.'
    case 'enum':
      return `One of: ${(error.params as { allowedValues: unknown[] }).allowedValues.join(', ')}.`
    default:
      return `It ${error.message ?? 'is not valid'}.`
  }
}
