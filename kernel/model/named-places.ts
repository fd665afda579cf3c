import type { Point } from '../manifest/point.ts'
import { FormulaError } from './formula/expression.ts'
import { type Node, parseFormula } from './formula/parse.ts'
import { isJsonObject, type JsonObject, leafAt, type Path } from './leaf.ts'
import { type FindSchema, type Place, walkDefinition } from './walk-definition.ts'

/** A field that something in a definition does not work without. */
export interface NamedField {
  readonly path: Path
  /** As the definition says it: with or without a plugin. */
  readonly entity: string
  /** `score`, through relations `account.industry`. */
  readonly name: string
}

/** A dotted place as rules and templates have it: `record.score`, `steps.find.output.first.name`. */
interface Told {
  readonly path: Path
  readonly place: string
}

interface Around {
  /** Of the nearest part that says one. */
  readonly entity: string | null
  /** Length of the path of the graph around; 0 without one. */
  readonly graph: number
  /** The rule around has been read as a whole. */
  readonly isRead: boolean
}

/** Whether a point says what rules and templates look at, and so names fields nowhere but where a schema says so. */
export const hasScope = ({ schema }: Pick<Point, 'schema'>): boolean => 'x-scope' in schema

/**
 * The fields that a definition names where a schema says that it does: under `x-names`, in rules (`x-rule`),
 * formulas (`x-formula`) and templates. What these look at is a place, and `x-scope` says of which entity the
 * record at a place is.
 */
export function namedFields(
  definition: JsonObject,
  point: Pick<Point, 'references' | 'schema'>,
  find: FindSchema,
): NamedField[] {
  const named: NamedField[] = []
  const told: Told[] = []
  const scopes: { readonly at: readonly string[]; readonly entity: string }[] = []
  const visit = (place: Place, around: Around): Around => {
    const { value, path, schemas } = place
    const said = leafAt(value, ['entity'])
    const entity = typeof said === 'string' ? said : around.entity
    for (const [at, sibling] of scopeIn(schemas)) {
      const of = leafAt(value, [sibling])
      const node = around.graph > 0 ? path[around.graph]! : ''
      if (typeof of === 'string')
        scopes.push({ at: at.replace('$node', node).split('.'), entity: of })
    }
    const names = schemas.find((one) => 'x-names' in one)?.['x-names']
    if (names !== undefined && entity !== null) {
      for (const [below, name] of namesIn(String(names), value)) {
        named.push({ path: [...path, ...below], entity, name })
      }
    }
    const isRule = schemas.some((one) => one['x-rule'] === true)
    if (isRule) told.push(...placesInRule(value, path))
    if (typeof value === 'string' && !around.isRead) {
      told.push(...placesInText(value, path))
      if (schemas.some((one) => 'x-formula' in one)) told.push(...placesInFormula(value, path))
    }
    const graph = schemas.some((one) => 'x-graph' in one) ? path.length : around.graph
    return { entity, graph, isRead: around.isRead || isRule }
  }
  const outside = { entity: null, graph: 0, isRead: false }
  walkDefinition<Around>(definition, point, find, visit, outside)
  for (const { path, place } of told) {
    const steps = place.split('.')
    for (const { at, entity } of scopes) {
      const isIn = steps.length > at.length && at.every((one, i) => one === '*' || one === steps[i])
      if (isIn) named.push({ path, entity, name: steps.slice(at.length).join('.') })
    }
  }
  return named
}

function scopeIn(schemas: readonly JsonObject[]): [string, string][] {
  return schemas.flatMap((one) =>
    isJsonObject(one['x-scope'])
      ? Object.entries(one['x-scope']).map(([at, sibling]): [string, string] => [
          at,
          String(sibling),
        ])
      : [],
  )
}

/** Below the value: `field`, `fields` and `sort` are names, `values` has them as keys, `filter` asks about them. */
function namesIn(kind: string, value: unknown): [Path, string][] {
  if (kind === 'filter') return namesInFilter(value, [])
  if (kind === 'values') {
    return isJsonObject(value) ? Object.keys(value).map((key) => [[key], key]) : []
  }
  if (Array.isArray(value)) {
    return value.flatMap((one, i): [Path, string][] =>
      typeof one === 'string' ? [[[String(i)], one]] : [],
    )
  }
  if (typeof value !== 'string') return []
  return value.split(',').map((one) => [[], one.trim().replace(/^-/, '')])
}

/** Of json-rules-engine: `{fact: "record", path: "score"}` looks at `record.score`. */
function placesInRule(rule: unknown, path: Path): Told[] {
  if (typeof rule === 'string') return placesInText(rule, path)
  if (typeof rule !== 'object' || rule === null) return []
  const [fact, at] = [leafAt(rule, ['fact']), leafAt(rule, ['path'])]
  const own =
    typeof fact === 'string' && typeof at === 'string'
      ? [{ path: [...path, 'path'], place: `${fact}.${at}` }]
      : []
  const within = Object.entries(rule).flatMap(([key, one]) => placesInRule(one, [...path, key]))
  return [...own, ...within]
}

const template = /\{\{\s*([A-Za-z][\w-]*(?:\.[\w-]+)*)\s*(?:\|[^{}]*)?\}\}/g

function placesInText(text: string, path: Path): Told[] {
  if (!text.includes('{{')) return []
  return [...text.matchAll(template)].map(([, place]) => ({ path, place: place! }))
}

function placesInFormula(source: string, path: Path): Told[] {
  try {
    return namesOfNode(parseFormula(source)).map((place) => ({ path, place }))
  } catch (error) {
    if (error instanceof FormulaError) return []
    throw error
  }
}

function namesOfNode(node: Node): string[] {
  if (node.kind === 'path') return [node.name]
  return node.kind === 'call' ? node.args.flatMap(namesOfNode) : []
}

function namesInFilter(filter: unknown, path: Path): [Path, string][] {
  if (typeof filter !== 'object' || filter === null) return []
  return Object.entries(filter).flatMap(([key, inner]): [Path, string][] => {
    const at = [...path, key]
    return Array.isArray(filter) || key.startsWith('$') ? namesInFilter(inner, at) : [[at, key]]
  })
}
