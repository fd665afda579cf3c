import type { Manifest } from '@runwaycrm/sdk'
import { checkSchema } from '../manifest/check-schema.ts'
import { type Problem, placeOf } from '../manifest/problem.ts'
import { schemaCheck } from '../manifest/schema-check.ts'
import { isJsonObject, type JsonObject } from './leaf.ts'

/** A leaf of a package that each organisation says for itself stands as `{"$param": "office"}`. */
export const paramKey = '$param'

export interface FilledManifest {
  readonly manifest: Manifest
  /** What was filled in: given values, else defaults. */
  readonly values: Readonly<Record<string, unknown>>
  readonly problems: readonly Problem[]
}

/**
 * Puts an organisation's values into the places that a package leaves open. `params` of the manifest says
 * which there are: name to the JSON Schema of its value, with `default` where nobody has to say one.
 */
export function fillParams(
  manifest: Manifest,
  given: Readonly<Record<string, unknown>>,
): FilledManifest {
  const { params = {}, id } = manifest
  const problems: Problem[] = []
  const values: Record<string, unknown> = {}
  for (const name of Object.keys(given)) {
    if (Object.hasOwn(params, name)) continue
    problems.push(unknownParam(placeOf(id, 'params', name), name, params))
  }
  for (const [name, schema] of Object.entries(params)) {
    const at = placeOf(id, 'params', name)
    const wrong = checkSchema(schema, at, 'declarative')
    if (wrong.length > 0) {
      problems.push(...wrong)
      continue
    }
    const value = Object.hasOwn(given, name) ? given[name] : (schema as JsonObject)['default']
    if (value === undefined) problems.push(missing(at, name))
    else problems.push(...schemaCheck(schema)(value, at))
    values[name] = value
  }

  function filled(value: unknown, at: string): unknown {
    if (Array.isArray(value)) return value.map((entry, i) => filled(entry, placeOf(at, String(i))))
    if (!isJsonObject(value)) return value
    const name = paramOf(value)
    if (name === null) {
      return Object.fromEntries(
        Object.entries(value).map(([key, inner]) => [key, filled(inner, placeOf(at, key))]),
      )
    }
    if (Object.hasOwn(params, name)) return values[name]
    problems.push(unknownParam(at, name, params))
    return undefined
  }
  const { contributes, overrides } = manifest
  return {
    manifest: {
      ...manifest,
      ...(contributes && { contributes: filled(contributes, id) as typeof contributes }),
      ...(overrides && {
        overrides: filled(overrides, placeOf(id, 'overrides')) as typeof overrides,
      }),
    },
    values,
    problems,
  }
}

/** The name in `{"$param": "office"}`; null for any other value. */
export function paramOf(value: unknown): string | null {
  if (!isJsonObject(value) || !Object.hasOwn(value, paramKey)) return null
  const name = value[paramKey]
  return typeof name === 'string' && Object.keys(value).length === 1 ? name : null
}

function missing(at: string, name: string): Problem {
  return {
    at,
    code: 'REQUIRED',
    message: `The package asks for "${name}".`,
    hint: 'Give a value for it under "params".',
  }
}

function unknownParam(at: string, name: string, params: object): Problem {
  const known = Object.keys(params)
  return {
    at,
    code: 'UNKNOWN_FIELD',
    message: `The package has no parameter "${name.slice(0, 80)}".`,
    hint: known.length > 0 ? `It has: ${known.join(', ')}.` : 'It has none.',
  }
}
