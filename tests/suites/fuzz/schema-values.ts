import fc from 'fast-check'
import type { JsonSchema } from './open-api.ts'

export type Values = fc.Arbitrary<unknown>

const deepest = 6
/** Longer texts and lists are the business of the boundary mode. */
const usualLength = 40
const usualItems = 4

/** A place that is filled in when the request is sent: the id of a record that is there by then. */
export const idOf = (kind: string): fc.Arbitrary<string> =>
  fc.nat({ max: 30 }).map((n) => `⟦${kind}:${n}⟧`)

/** The same for a record of an entity, by its reference. */
export const recordOf = (entity: string): fc.Arbitrary<string> => idOf(entity.replace(':', '/'))

/**
 * Values that a JSON Schema allows.
 *
 * @param name of the field, which says what an id is of: `accountId`.
 */
export function valuesOf(
  schema: JsonSchema,
  components: Readonly<Record<string, JsonSchema>>,
  name = '',
  depth = 0,
): Values {
  const below = (inner: unknown, innerName = name) =>
    valuesOf(inner as JsonSchema, components, innerName, depth + 1)
  if (depth > deepest) return fc.constant(null)
  if (typeof schema['$ref'] === 'string') {
    return below(components[schema['$ref'].split('/').at(-1)!] ?? {})
  }
  if ('const' in schema) return fc.constant(schema['const'])
  if (Array.isArray(schema['enum'])) return fc.constantFrom(...schema['enum'])
  const { 'x-field': field, 'x-record': record, 'x-reference': point } = schema
  if (typeof field === 'string' && schema['type'] === undefined) {
    const at = field.lastIndexOf('.')
    const entity = components[field.slice(0, at).replace(':', '.')]
    const known = (entity?.['properties'] as Record<string, JsonSchema>)?.[field.slice(at + 1)]
    if (known) return below(known, field.slice(at + 1))
  }
  if (typeof record === 'string' && record.includes(':') && schema['type'] !== 'array')
    return recordOf(record)
  if (point === 'entities') return idOf('entities')
  for (const union of ['anyOf', 'oneOf']) {
    const branches = schema[union]
    if (!Array.isArray(branches)) continue
    const [first, ...others] = branches.map((branch) => below(branch))
    // The first is what the field is for, the others are null mostly.
    return fc.oneof({ arbitrary: first!, weight: 4 }, ...others)
  }
  const type = Array.isArray(schema['type']) ? schema['type'][0] : schema['type']
  switch (type) {
    case 'string':
      return textsOf(schema, name)
    case 'integer':
      return fc.integer(bounds(schema, -1_000_000, 1_000_000))
    case 'number':
      return fc.double({ ...bounds(schema, -1e9, 1e9), noNaN: true, noDefaultInfinity: true })
    case 'boolean':
      return fc.boolean()
    case 'null':
      return fc.constant(null)
    case 'array': {
      const items = below(schema['items'] ?? {}, name.replace(/s$/, ''))
      const minLength = Number(schema['minItems'] ?? 0)
      const maxLength = Math.min(Number(schema['maxItems'] ?? usualItems), minLength + usualItems)
      return schema['uniqueItems']
        ? fc.uniqueArray(items, { minLength, maxLength, selector: (item) => JSON.stringify(item) })
        : fc.array(items, { minLength, maxLength })
    }
    case 'object':
      return objectsOf(schema, below)
    default:
      return fc.jsonValue({ maxDepth: 2 })
  }
}

function objectsOf(schema: JsonSchema, below: (inner: unknown, name?: string) => Values): Values {
  const properties = Object.entries((schema['properties'] ?? {}) as Record<string, JsonSchema>)
  const more = schema['additionalProperties']
  const named = fc.record(
    Object.fromEntries(properties.map(([name, inner]) => [name, below(inner, name)])),
    { requiredKeys: (schema['required'] ?? []) as never[] },
  ) as fc.Arbitrary<object>
  if (properties.length > 0 || more === false) return named
  const values = typeof more === 'object' ? below(more) : fc.jsonValue({ maxDepth: 1 })
  return fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), values, { maxKeys: 3 })
}

function textsOf(schema: JsonSchema, name: string): Values {
  const minLength = Number(schema['minLength'] ?? 0)
  const maxLength = Math.min(Number(schema['maxLength'] ?? usualLength), minLength + usualLength)
  switch (schema['format']) {
    case 'uuid':
      return idOf(name)
    case 'email':
      return fc.oneof(
        fc.nat().map((n) => `p${n}@example.test`),
        fc.emailAddress(),
      )
    case 'uri':
      return fc.webUrl()
    case 'date':
      return moments().map((moment) => moment.slice(0, 10))
    case 'date-time':
      return moments()
    case 'time':
      return moments().map((moment) => moment.slice(11, 19))
  }
  if (name === 'phone') return fc.constantFrom('+4722000000', '+14155550100', '+442079460000')
  if (name === 'currency') return fc.constantFrom('USD', 'EUR', 'NOK', 'JPY')
  if (name === 'timeZone') return fc.constantFrom('UTC', 'Europe/Oslo')
  if (typeof schema['pattern'] === 'string') {
    return fc.stringMatching(new RegExp(schema['pattern'], 'u'), { size: 'small' })
  }
  if (/Ids?$/.test(name) || name === 'id') return idOf(name)
  return fc.string({ minLength, maxLength })
}

function moments(): fc.Arbitrary<string> {
  const [min, max] = ['0001-01-01', '9999-12-31'].map((day) => new Date(day)) as [Date, Date]
  return fc.date({ min, max, noInvalidDate: true }).map((date) => date.toISOString())
}

function bounds(schema: JsonSchema, min: number, max: number): { min: number; max: number } {
  const low = Number(schema['minimum'] ?? schema['exclusiveMinimum'] ?? min)
  const high = Number(schema['maximum'] ?? schema['exclusiveMaximum'] ?? Math.max(max, low))
  return { min: low, max: Math.max(low, high) }
}
