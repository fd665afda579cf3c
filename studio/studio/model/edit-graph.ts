import { optionKey } from '../../model/option-key.ts'
import { isJsonObject, type Json, type JsonObject, type Path, valueAt, withValue } from './leaf.ts'
import type { ReadEdge, ReadGraph } from './read-graph.ts'
import { waysOn } from './read-graph.ts'
import { memberSchema, type Schema } from './schema.ts'

/** A kind of node that may be added. */
export interface NodeKind {
  /** The reference; empty for graphs whose nodes are of one kind. */
  readonly ref: string
  readonly label: string
  /** What it asks for; null when nothing is known of that. */
  readonly schema: Schema | null
}

/** Where a node is added: the texts that will name it, and the node that it leads on to. */
export interface AddPlace {
  readonly leaves: readonly Path[]
  readonly next: string | null
}

export interface Added {
  readonly definition: JsonObject
  readonly key: string
}

/** A new node where texts named another, or none, yet. Its key is made of its kind, and stays. */
export function addNode(
  definition: JsonObject,
  graph: ReadGraph,
  kind: NodeKind,
  { leaves, next }: AddPlace,
): Added {
  const key = optionKey(kind.label, new Set(graph.nodes.map((node) => node.key)))
  const member = memberSchema(graph.schema) ?? {}
  const { kindOf, settings } = graph
  const shape: Schema =
    settings !== null && kind.schema
      ? { ...member, properties: { ...member.properties, [settings]: kind.schema } }
      : member
  const filled: JsonObject = {
    ...(kindOf !== null && { [kindOf]: kind.ref }),
    ...(settings !== null && { [settings]: defaultsOf(kind.schema) }),
  }
  const [way] = waysOn(shape, settings)
  const node = next !== null && way ? withValue(filled, way, next) : filled
  const start = graph.nodes.length === 0 && graph.startPath ? [graph.startPath] : []
  const changes: readonly (readonly [Path, Json | undefined])[] = [
    [[...graph.path, key], node],
    ...[...leaves, ...start].map((leaf) => [leaf, key] as const),
  ]
  return { definition: withAll(definition, changes), key }
}

function defaultsOf(schema: Schema | null): JsonObject {
  return Object.fromEntries(
    Object.entries(schema?.properties ?? {}).flatMap(([name, one]) =>
      one.default === undefined ? [] : [[name, one.default]],
    ),
  )
}

/** Where a node goes that comes right after another: on its way on, where that leads somewhere or not. */
export function placeAfter(graph: ReadGraph, key: string): AddPlace | null {
  const end = graph.ends.find((one) => one.from === key)
  if (end) return { leaves: [end.path], next: null }
  const edge = graph.edges.find((one) => one.from === key)
  return edge ? placeOn([edge]) : null
}

/** Between two nodes, on every edge that is drawn as one. */
export function placeOn(edges: readonly ReadEdge[]): AddPlace {
  return { leaves: edges.map((edge) => edge.path), next: edges[0]?.to ?? null }
}

/** Before all others. */
export const placeAtStart = (graph: ReadGraph): AddPlace => ({
  leaves: graph.startPath ? [graph.startPath] : [],
  next: graph.start,
})

/** Without a node: what led to it leads to the node after it, where that is clear, or nowhere. */
export function removeNode(definition: JsonObject, graph: ReadGraph, key: string): JsonObject {
  const leaving = graph.edges.filter((edge) => edge.from === key && edge.to !== key)
  const onward = new Set(leaving.map((edge) => edge.to))
  const plain = leaving.find((edge) => edge.label === '')
  const next = plain?.to ?? (onward.size === 1 ? [...onward][0] : undefined)
  const inward = graph.edges.filter((edge) => edge.to === key && edge.from !== key)
  const isStart = graph.start === key && graph.startPath !== null
  const first = next ?? leaving[0]?.to ?? graph.nodes.find((node) => node.key !== key)?.key
  const changes: readonly (readonly [Path, Json | undefined])[] = [
    ...(isStart ? [[graph.startPath!, first] as const] : []),
    // From the last place of a list to the first, so that places stay what they are.
    ...inward.toReversed().map((edge) => [edge.path, next] as const),
    [[...graph.path, key], undefined],
  ]
  return withAll(definition, changes)
}

/** Another node at the end of a way. */
export function leadTo(definition: JsonObject, way: Path, key: string | undefined): JsonObject {
  return withAll(definition, [[way, key]])
}

/**
 * Another kind of contribution at a reference. What it brings for a part of the same object is not what stands
 * there, so that begins anew.
 */
export function withReference(
  definition: JsonObject,
  path: Path,
  ref: string | undefined,
  siblings: Schema,
): JsonObject {
  const name = path.at(-1)
  const around = path.slice(0, -1)
  const parts = Object.entries(siblings.properties ?? {}).flatMap(([part, one]) => {
    const at = [...around, part]
    const depends = one['x-schema-of']?.reference === name
    return depends && valueAt(definition, at) !== undefined ? [[at, {}] as const] : []
  })
  return withAll(definition, [[path, ref], ...parts])
}

function withAll(
  definition: JsonObject,
  changes: readonly (readonly [Path, Json | undefined])[],
): JsonObject {
  const result = changes.reduce<Json | undefined>(
    (document, [path, value]) => withValue(document, path, value),
    definition,
  )
  return isJsonObject(result) ? result : definition
}
