import type { Point } from '../manifest/point.ts'
import { isJsonObject, type JsonObject, type Path } from './leaf.ts'

/** The JSON Schema that a contribution has under a property, e.g. the `schema` of a step type. */
export type FindSchema = (point: string, ref: string, property: string) => object | null

/** A value in a definition, with everything that schemas say of it. */
export interface Place {
  /** Undefined where a part is missing whose schema another contribution brings. */
  readonly value: unknown
  readonly path: Path
  /** All that hold here: the point's, branches of unions, and the one that was brought. */
  readonly schemas: readonly JsonObject[]
  /** The schema that `x-schema-of` led to. */
  readonly brought: object | null
  /** A key that somebody chose: neither a property of the schema nor a node or an edge of a graph. */
  readonly isChosen: boolean
  /** What the value is a member of. */
  readonly around: JsonObject | null
  /** Within `x-templates`: a text with `{{ … }}` stands for a value of any type. */
  readonly hasTemplates: boolean
}

interface Walk<T> {
  readonly references: Point['references']
  readonly find: FindSchema
  readonly visit: (place: Place, inherited: T) => T
}

/**
 * Visits every value in a definition, the outer before the inner. Where a schema says `x-schema-of`, what the
 * sibling refers to says how it goes on.
 *
 * @param visit is given what it returned for the value around, and returns what the values within get.
 */
export function walkDefinition<T>(
  definition: JsonObject,
  { schema, references }: Pick<Point, 'schema' | 'references'>,
  find: FindSchema,
  visit: (place: Place, inherited: T) => T,
  inherited: T,
): void {
  const schemas = branchesOf(schema)
  const root = {
    value: definition,
    path: [],
    schemas,
    brought: null,
    isChosen: false,
    around: null,
  }
  step({ references, find, visit }, { ...root, hasTemplates: false }, inherited)
}

function step<T>(walk: Walk<T>, place: Place, inherited: T): void {
  const below = walk.visit(place, inherited)
  const { value, path, schemas, hasTemplates } = place
  if (Array.isArray(value)) {
    const items = schemas.flatMap((one) => one['items'] ?? []).flatMap(branchesOf)
    const plain = { schemas: items, brought: null, isChosen: false, around: null }
    const templates = hasTemplates || isMarked(items)
    value.forEach((one, i) => {
      const item = { ...plain, value: one, path: [...path, String(i)], hasTemplates: templates }
      step(walk, item, below)
    })
  }
  if (!isJsonObject(value)) return
  const isGraph = schemas.some((one) => 'x-graph' in one)
  for (const key of keysOf(value, schemas)) {
    const named = propertiesOf(schemas, key)
    const own = (named.length > 0 ? named : schemas.flatMap(entriesOf)).flatMap(branchesOf)
    const brought = broughtBy(walk, place, value, own)
    const all = brought ? [...own, ...branchesOf(brought)] : own
    const member: Place = {
      value: Object.hasOwn(value, key) ? value[key] : undefined,
      path: [...path, key],
      schemas: all,
      brought,
      isChosen: named.length === 0 && !isGraph && !isEdge(all) && !key.startsWith('$'),
      around: value,
      hasTemplates: hasTemplates || isMarked(all),
    }
    step(walk, member, below)
  }
}

/** Whether a text names a node. */
export const isEdge = (schemas: readonly JsonObject[]) =>
  schemas.some((schema) => schema['x-node'] === true)

const isMarked = (schemas: readonly JsonObject[]) =>
  schemas.some((schema) => schema['x-templates'] === true)

/** Those that are there, and those that another contribution has something to say about. */
function keysOf(value: JsonObject, schemas: readonly JsonObject[]): Set<string> {
  const keys = new Set(Object.keys(value))
  for (const { properties } of schemas) {
    if (!isJsonObject(properties)) continue
    for (const [key, schema] of Object.entries(properties)) {
      if (isJsonObject(schema) && 'x-schema-of' in schema) keys.add(key)
    }
  }
  return keys
}

function broughtBy<T>(
  { references, find }: Walk<T>,
  { path, schemas }: Place,
  value: JsonObject,
  own: readonly JsonObject[],
): object | null {
  const of = own.find((schema) => isJsonObject(schema['x-schema-of']))?.['x-schema-of']
  if (!isJsonObject(of)) return null
  const sibling = String(of['reference'])
  const ref = Object.hasOwn(value, sibling) ? value[sibling] : undefined
  if (typeof ref !== 'string') return null
  const said = propertiesOf(schemas, sibling).find((schema) => schema['x-reference'] !== undefined)
  const point = said?.['x-reference'] ?? pointAt(references, [...path, sibling])
  return typeof point === 'string' ? find(point, ref, String(of['at'])) : null
}

function pointAt(references: Point['references'], path: Path): string | undefined {
  return references.find(
    ([pattern]) =>
      pattern.length === path.length && pattern.every((one, i) => one === '*' || one === path[i]),
  )?.[1]
}

function propertiesOf(schemas: readonly JsonObject[], key: string): JsonObject[] {
  return schemas.flatMap(({ properties }) => {
    const schema =
      isJsonObject(properties) && Object.hasOwn(properties, key) ? properties[key] : null
    return isJsonObject(schema) ? [schema] : []
  })
}

function branchesOf(schema: unknown): JsonObject[] {
  if (!isJsonObject(schema)) return []
  const parts = ['anyOf', 'oneOf', 'allOf'].flatMap((name) => schema[name] ?? [])
  return [schema, ...parts.flatMap(branchesOf)]
}

function entriesOf({ patternProperties, additionalProperties }: JsonObject): unknown[] {
  const patterns = isJsonObject(patternProperties) ? Object.values(patternProperties) : []
  return [...patterns, ...(isJsonObject(additionalProperties) ? [additionalProperties] : [])]
}

const linked = new WeakMap<object, boolean>()

/** Whether a point's definitions are more than its schema and its list of references say. */
export function isLinked({ schema }: Pick<Point, 'schema'>): boolean {
  const is = linked.get(schema) ?? hasKeyword(schema)
  linked.set(schema, is)
  return is
}

function hasKeyword(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  return Object.entries(value).some(
    ([key, inner]) =>
      key === 'x-graph' || key === 'x-schema-of' || key === 'x-reference' || hasKeyword(inner),
  )
}
