import { type Problem, placeOf } from '../manifest/problem.ts'
import type { JsonObject, Path } from './leaf.ts'

/** The nodes of a graph in a definition, by key, with what leads to them. */
export interface Graph {
  readonly path: Path
  readonly nodes: JsonObject
  /** The sibling that holds the key of the first node. */
  readonly start: { readonly path: Path; readonly value: unknown } | null
  readonly edges: Edge[]
}

interface Edge {
  readonly from: string
  readonly to: string
  /** The text that names the node. */
  readonly path: Path
}

/** A start and edges that lead to no node, and circles with their ways. */
export function checkGraph({ nodes, start, edges }: Graph, at: string): Problem[] {
  const keys = Object.keys(nodes)
  const problems = start && keys.length > 0 ? checkStart(start, keys, at) : []
  for (const { to, path } of edges) {
    if (!Object.hasOwn(nodes, to)) problems.push(noNode(placeOf(at, ...path), to, keys))
  }
  // From the start, so that an edge closes a circle that a reader would say leads back.
  const roots = typeof start?.value === 'string' ? [start.value, ...keys] : keys
  return [...problems, ...circles(roots, edges, at)]
}

function checkStart(
  { path, value }: NonNullable<Graph['start']>,
  keys: readonly string[],
  at: string,
): Problem[] {
  const place = placeOf(at, ...path)
  if (value === undefined) {
    const hint = `Name the node to begin with: ${listed(keys)}.`
    return [{ at: place, code: 'REQUIRED', message: 'Nothing says where to begin.', hint }]
  }
  // A value of another kind is told by the schema.
  const isWrong = typeof value === 'string' && !keys.includes(value)
  return isWrong ? [noNode(place, value, keys)] : []
}

/** One for each edge that closes a circle. Not recursive: a graph may be as long as a layer is large. */
function circles(roots: readonly string[], edges: readonly Edge[], at: string): Problem[] {
  const leaving = Map.groupBy(edges, ({ from }) => from)
  const problems: Problem[] = []
  const done = new Set<string>()
  for (const root of roots) {
    const way: { readonly node: string; next: number }[] = []
    const open = new Set<string>()
    const enter = (node: string) => {
      open.add(node)
      way.push({ node, next: 0 })
    }
    if (!done.has(root)) enter(root)
    for (let last = way.at(-1); last; last = way.at(-1)) {
      const edge = leaving.get(last.node)?.[last.next++]
      if (!edge) {
        way.pop()
        open.delete(last.node)
        done.add(last.node)
      } else if (open.has(edge.to)) {
        const nodes = way.map(({ node }) => node)
        const circle = [...nodes.slice(nodes.indexOf(edge.to)), edge.to]
        problems.push(inCircle(placeOf(at, ...edge.path), circle))
      } else if (!done.has(edge.to)) enter(edge.to)
    }
  }
  return problems
}

function inCircle(at: string, circle: readonly string[]): Problem {
  const way = circle.length > 12 ? [...circle.slice(0, 10), '…', circle.at(-1)] : circle
  return {
    at,
    code: 'AMBIGUOUS',
    message: `This leads in a circle: ${way.join(' → ')}.`,
    hint: 'Lead on to a node that comes later, or to none.',
  }
}

function noNode(at: string, key: string, keys: readonly string[]): Problem {
  return {
    at,
    code: 'UNKNOWN_OPTION',
    message: `There is no node "${key.slice(0, 60)}".`,
    hint: keys.length > 0 ? `Use one of ${listed(keys)}.` : 'Add it first.',
  }
}

function listed(keys: readonly string[]): string {
  return keys.length > 12 ? `${keys.slice(0, 12).join(', ')}, …` : keys.join(', ')
}
