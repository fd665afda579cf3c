import type { Filter } from '@runwaycrm/sdk'
import type { FilterChip } from './filter-chip.ts'
import { chipCondition, chipOf } from './filter-json.ts'

/** A filter as people build it: conditions, groups of them, and what no editor draws. */
export type FilterNode =
  | { readonly kind: 'chip'; readonly chip: FilterChip }
  | FilterGroup
  /** Kept and sent as it came. */
  | { readonly kind: 'advanced'; readonly filter: Filter }

export interface FilterGroup {
  readonly kind: 'group'
  readonly join: 'and' | 'or'
  readonly nodes: readonly FilterNode[]
}

/** Groups within groups that are still readable. */
export const mostDepth = 4
/** The server takes no more in one filter. */
const mostConditions = 100

/** The whole filter as a group of nodes that are ANDed. */
export function parseTree(filter: Filter): FilterGroup {
  return { kind: 'group', join: 'and', nodes: nodesOf(filter, 1) }
}

function nodesOf(filter: Filter, depth: number): readonly FilterNode[] {
  return Object.entries(filter).flatMap(([key, value]): readonly FilterNode[] => {
    const kept: FilterNode = { kind: 'advanced', filter: { [key]: value } }
    if (!key.startsWith('$')) {
      const chip = chipOf(key, value as never)
      return [chip ? { kind: 'chip', chip } : kept]
    }
    if ((key !== '$and' && key !== '$or') || !isFilters(value) || depth > mostDepth) return [kept]
    const join = key === '$and' ? 'and' : 'or'
    const parts = value.flatMap((part): readonly FilterNode[] => {
      const node = partOf(part, depth)
      return node.kind === 'group' && node.join === join ? node.nodes : [node]
    })
    return join === 'and' || parts.length === 1 ? parts : [{ kind: 'group', join, nodes: parts }]
  })
}

/** One member of `$and` or `$or`: alone what it is, several conditions as a group that is ANDed. */
function partOf(filter: Filter, depth: number): FilterNode {
  const nodes = nodesOf(filter, depth + 1)
  const [only] = nodes
  return nodes.length === 1 && only ? only : { kind: 'group', join: 'and', nodes }
}

const isFilters = (value: unknown): value is readonly Filter[] =>
  Array.isArray(value) &&
  value.length > 0 &&
  value.every(
    (one) =>
      typeof one === 'object' && one !== null && !Array.isArray(one) && Object.keys(one).length > 0,
  )

/** The filter of a tree; conditions without a value and groups without conditions say nothing. */
export function treeFilter(node: FilterNode): Filter {
  if (node.kind === 'advanced') return node.filter
  if (node.kind === 'chip') return chipCondition(node.chip) ?? {}
  const parts = node.nodes.map(treeFilter).filter((part) => Object.keys(part).length > 0)
  if (parts.length === 0) return {}
  if (parts.length === 1) return parts[0] ?? {}
  if (node.join === 'or') return { $or: parts }
  return join(parts)
}

/** The short form where no key appears twice. */
function join(parts: readonly Filter[]): Filter {
  const keys = parts.flatMap((part) => Object.keys(part))
  return new Set(keys).size === keys.length ? Object.assign({}, ...parts) : { $and: parts }
}

/** Conditions of a tree, those that are not drawn among them. */
export function countConditions(node: FilterNode): number {
  return node.kind === 'group' ? node.nodes.reduce((sum, one) => sum + countConditions(one), 0) : 1
}

export const isFull = (root: FilterNode): boolean => countConditions(root) >= mostConditions

/** A way to a node: places in groups from the root. */
export type NodePath = readonly number[]

/** The tree with one node changed, or taken out by null; a group that is left empty goes as well. */
export function replaceNode(
  group: FilterGroup,
  path: NodePath,
  next: FilterNode | null,
): FilterGroup {
  const [at, ...rest] = path
  if (at === undefined) return next?.kind === 'group' ? next : group
  const node = group.nodes[at]
  const changed = rest.length > 0 && node?.kind === 'group' ? replaceNode(node, rest, next) : next
  const isGone =
    changed === null || (changed.kind === 'group' && changed.nodes.length === 0 && rest.length > 0)
  return {
    ...group,
    nodes: isGone ? group.nodes.toSpliced(at, 1) : group.nodes.with(at, changed),
  }
}

export const addNode = (group: FilterGroup, node: FilterNode): FilterGroup => ({
  ...group,
  nodes: [...group.nodes, node],
})
