import { checkSchema } from '../manifest/check-schema.ts'
import type { Point } from '../manifest/point.ts'
import { type Problem, placeOf } from '../manifest/problem.ts'
import { templateCheck } from '../manifest/template-check.ts'
import { checkGraph, type Graph } from './check-graph.ts'
import { isJsonObject, type JsonObject, leafAt } from './leaf.ts'
import { type FindSchema, isEdge, isLinked, type Place, walkDefinition } from './walk-definition.ts'

interface Around {
  readonly graph: Graph
  /** The node that a value stands in; null for the nodes themselves. */
  readonly node: string | null
}

/**
 * Checks what the schema of a point alone cannot: parts whose schema another contribution brings, and graphs.
 * References are another check; a part whose reference leads nowhere may hold anything.
 */
export function checkLinked(
  definition: JsonObject,
  point: Pick<Point, 'schema' | 'references'>,
  find: FindSchema,
  at: string,
): Problem[] {
  if (!isLinked(point)) return []
  const problems: Problem[] = []
  const graphs: Graph[] = []
  const visit = (place: Place, around: Around | null): Around | null => {
    const { value, path, schemas } = place
    if (place.brought) {
      // A part that is missing counts as empty: what is required in it is told where it would stand.
      const check = templateCheck(place.brought, place.hasTemplates)
      problems.push(...check(value ?? {}, placeOf(at, ...path)))
    }
    if (value !== undefined && schemas.some((one) => one['x-json-schema'] === true)) {
      // Whoever writes a definition may be somebody whom the operator did not install.
      problems.push(...checkSchema(value, placeOf(at, ...path), 'declarative'))
    }
    const mark = schemas.find((one) => 'x-graph' in one)?.['x-graph']
    if (mark !== undefined && isJsonObject(value)) {
      const graph = graphAt(place, value, mark)
      graphs.push(graph)
      return { graph, node: null }
    }
    if (!around) return null
    const node = around.node ?? path.at(-1)!
    if (typeof value === 'string' && isEdge(schemas)) {
      around.graph.edges.push({ from: node, to: value, path })
    }
    return { graph: around.graph, node }
  }
  walkDefinition<Around | null>(definition, point, find, visit, null)
  return [...problems, ...graphs.flatMap((graph) => checkGraph(graph, at))]
}

function graphAt({ path, around }: Place, nodes: JsonObject, mark: unknown): Graph {
  const sibling = leafAt(mark, ['start'])
  const start =
    typeof sibling === 'string'
      ? { path: [...path.slice(0, -1), sibling], value: leafAt(around, [sibling]) }
      : null
  return { path, nodes, start, edges: [] }
}
