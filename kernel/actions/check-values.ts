import { InvalidError, type Issue } from '@runwaycrm/sdk'
import { pathOfPlace } from '../manifest/problem.ts'
import { schemaCheck } from '../manifest/schema-check.ts'

type JsonObject = Readonly<Record<string, unknown>>

const closed = new WeakMap<object, object>()

/**
 * Checks what a caller sent against the schema of the definition, compiled once, and fills in defaults.
 * A property that the schema does not name is an error, unless the schema says that others may come.
 *
 * @param at Where the value stands in the request, e.g. `input`.
 * @returns a copy with defaults.
 * @throws InvalidError naming every problem at once.
 */
export function checkInput(schema: object, value: unknown, at: string): unknown {
  const filled = fillDefaults(schema, value)
  const issues = issuesOf(closedSchema(schema), filled, at)
  if (issues.length > 0) throw new InvalidError(undefined, { errors: issues })
  return filled
}

/** Everything that is wrong with what a handler gave back. */
export function checkOutput(schema: object, value: unknown): readonly Issue[] {
  return issuesOf(schema, value, 'output')
}

function issuesOf(schema: object, value: unknown, at: string): readonly Issue[] {
  return schemaCheck(schema)(value, at).map(({ at: place, code, message }) => ({
    path: pathOfPlace(place),
    code,
    message,
  }))
}

function closedSchema(schema: object): object {
  let known = closed.get(schema)
  if (!known) {
    known = 'additionalProperties' in schema ? schema : { ...schema, additionalProperties: false }
    closed.set(schema, known)
  }
  return known
}

/** Own properties only: a schema never reaches a prototype. */
function fillDefaults(schema: object, value: unknown): unknown {
  if (!isObject(value)) return value
  const { properties } = schema as { properties?: unknown }
  if (!isObject(properties)) return value
  const filled: Record<string, unknown> = { ...value }
  for (const [key, property] of Object.entries(properties)) {
    if (!isObject(property)) continue
    if (Object.hasOwn(filled, key)) filled[key] = fillDefaults(property, filled[key])
    else if (Object.hasOwn(property, 'default')) {
      filled[key] = structuredClone(property['default'])
    }
  }
  return filled
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
