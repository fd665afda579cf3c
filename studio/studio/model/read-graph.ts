import { isJsonObject, type Json, type JsonObject, type Path, pathText } from './leaf.ts'
import { memberSchema, type Schema, schemaBelow } from './schema.ts'

/** A node of a definition that is a graph. */
export interface ReadNode {
  readonly key: string
  readonly path: Path
  readonly value: JsonObject
  /** What the reference that says its kind names; empty for nodes of one kind. */
  readonly kind: string
  /** What somebody called it. */
  readonly label: string
}
/** A text that names the next node. */
export interface ReadEdge {
  /** The path of the text. */
  readonly id: string
  readonly path: Path
  readonly from: string
  readonly to: string
  /** Empty for the way that a node leads on as a rule. */
  readonly label: string
}
/** A way on from a node that leads nowhere yet. */
export interface ReadEnd {
  readonly id: string
  readonly path: Path
  readonly from: string
  readonly label: string
}
export interface ReadGraph {
  readonly path: Path
  readonly schema: Schema
  /** The text that names the first node; null when the schema names none. */
  readonly startPath: Path | null
  readonly start: string | null
  readonly nodes: readonly ReadNode[]
  readonly edges: readonly ReadEdge[]
  readonly ends: readonly ReadEnd[]
  /** The member of a node that says its kind, and the one whose schema that kind brings. */
  readonly kindOf: string | null
  readonly settings: string | null
}

/** The member of a definition that is a graph. */
export function graphMember(schema: Schema): string | null {
  const found = Object.entries(schema.properties ?? {}).find(([, one]) => one['x-graph'])
  return found ? found[0] : null
}

/**
 * Reads a graph out of a definition.
 *
 * @param schema of the definition, expanded for it.
 * @param member the member that is the graph.
 */
export function readGraph(definition: JsonObject, schema: Schema, member: string): ReadGraph {
  const shape = schema.properties?.[member] ?? {}
  const startName = shape['x-graph']?.start
  const found = definition[member]
  const values = isJsonObject(found) ? found : {}
  const [settings, kindOf] = settingsOf(memberSchema(shape) ?? {})
  const nodes = Object.entries(values).flatMap(([key, value]): ReadNode[] => {
    if (!isJsonObject(value)) return []
    const [label, kind] = [value['label'], kindOf === null ? '' : value[kindOf]]
    return [
      {
        key,
        path: [member, key],
        value,
        kind: typeof kind === 'string' ? kind : '',
        label: typeof label === 'string' ? label : '',
      },
    ]
  })
  const edges = nodes.flatMap((node) => {
    const below = schemaBelow(shape, node.key) ?? {}
    // The way on that all nodes have needs no name.
    const [way = []] = waysOn(below, settings)
    const plain = way.length === 1 ? pathText([...node.path, ...way]) : null
    return edgesIn(node.value, below, node.path, node.key, '').map((edge) =>
      edge.id === plain ? { ...edge, label: '' } : edge,
    )
  })
  const taken = new Set(edges.map(({ id }) => id))
  const leaving = new Set(edges.map(({ from }) => from))
  const ends = nodes.flatMap((node) => {
    const below = schemaBelow(shape, node.key) ?? {}
    const ways = waysOn(below, settings)
    const isOwn = ways.length === 1 && ways[0]!.length === 1
    if (isOwn && leaving.has(node.key) && hasMap(below, settings)) return []
    return ways.flatMap((way): ReadEnd[] => {
      const path = [...node.path, ...way]
      const id = pathText(path)
      if (taken.has(id)) return []
      const label = way.length > 1 ? titleAt(below, way) : ''
      return [{ id, path, from: node.key, label }]
    })
  })
  const start = startName === undefined ? null : definition[startName]
  return {
    path: [member],
    schema: shape,
    startPath: startName === undefined ? null : [startName],
    start: typeof start === 'string' ? start : null,
    nodes,
    edges,
    ends,
    kindOf,
    settings,
  }
}

function settingsOf(node: Schema): readonly [string | null, string | null] {
  for (const [name, one] of Object.entries(node.properties ?? {}))
    if (one['x-schema-of']) return [name, one['x-schema-of'].reference]
  return [null, null]
}

/**
 * How one goes on from a node: the ways that its kind brings, else the first that all nodes have. Others that
 * all nodes have, such as the one after a failure, are set in the form.
 */
export function waysOn(node: Schema, settings: string | null): readonly Path[] {
  const brought = settings === null ? undefined : node.properties?.[settings]
  const ofKind = Object.entries(brought?.properties ?? {}).filter(([, one]) => one['x-node'])
  if (settings !== null && ofKind.length > 0) return ofKind.map(([name]) => [settings, name])
  const own = Object.entries(node.properties ?? {}).find(([, one]) => one['x-node'])
  return own && !brought?.['x-last'] ? [[own[0]]] : []
}

/** Whether the kind of a node brings ways in a map or a list, which have no empty places. */
function hasMap(node: Schema, settings: string | null): boolean {
  const brought = settings === null ? undefined : node.properties?.[settings]
  return Object.values(brought?.properties ?? {}).some(
    (one) => memberSchema(one)?.['x-node'] || one.items?.['x-node'],
  )
}

const titleAt = (node: Schema, way: Path): string => {
  const schema = way.reduce<Schema | null>((one, name) => one && schemaBelow(one, name), node)
  return schema?.title ?? way.at(-1)!
}

function edgesIn(
  value: Json | undefined,
  schema: Schema,
  path: Path,
  from: string,
  label: string,
): readonly ReadEdge[] {
  if (typeof value === 'string')
    return schema['x-node'] ? [{ id: pathText(path), path, from, to: value, label }] : []
  if (typeof value !== 'object' || value === null) return []
  const inner = value as Readonly<Record<string, Json>>
  // As the schema lists them, then as they come.
  const named = Object.keys(schema.properties ?? {}).filter((name) => Object.hasOwn(inner, name))
  const others = Object.keys(inner).filter((name) => !named.includes(name))
  return [...named, ...others].flatMap((name) => {
    const below = schemaBelow(schema, name, value)
    if (!below) return []
    const title = schema.properties?.[name]?.title ?? name
    return edgesIn(inner[name], below, [...path, name], from, Array.isArray(value) ? label : title)
  })
}

/** A node's problems: those whose path is in it. */
export function problemsAt(problems: ReadonlyMap<string, string>, path: Path): readonly string[] {
  const at = pathText(path)
  return [...problems]
    .filter(([place]) => place === at || place.startsWith(`${at}/`))
    .map(([, text]) => text)
}
