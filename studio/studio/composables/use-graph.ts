import { type ComputedRef, computed, type InjectionKey, inject, provide, ref, watch } from 'vue'
import { useI18n } from 'vue-i18n'
import type { SearchEntry } from '../../components/AppSearchMenu.vue'
import type { CanvasEdge, CanvasEnd, CanvasNode, CanvasPlace } from '../../graph/canvas-parts.ts'
import { alongEdges } from '../../graph/graph-order.ts'
import {
  type AddPlace,
  addNode,
  leadTo,
  type NodeKind,
  placeAfter,
  placeAtStart,
  placeOn,
  removeNode,
} from '../model/edit-graph.ts'
import { referencePoint } from '../model/form-control.ts'
import { type JsonObject, pathText } from '../model/leaf.ts'
import { problemsAt, type ReadGraph, type ReadNode, readGraph } from '../model/read-graph.ts'
import { memberSchema, schemaBelow } from '../model/schema.ts'
import { useContributions } from './use-definitions.ts'
import type { Form } from './use-form.ts'

export type GraphEditing = ReturnType<typeof useGraphEditing>
const key: InjectionKey<GraphEditing> = Symbol('graph')

/** The graph around a control; null outside of one. */
export const useGraph = (): GraphEditing | null => inject(key, null)

export function provideGraph(form: Form, member: string): GraphEditing {
  const editing = useGraphEditing(form, member)
  provide(key, editing)
  return editing
}

/** A definition's graph as it is drawn and changed; every change is leaves of the draft. */
function useGraphEditing(form: Form, member: string) {
  const { t } = useI18n()
  const graph = computed<ReadGraph>(() =>
    readGraph(form.definition.value, form.schema.value, member),
  )
  const isReadOnly = computed(() => form.rule([member, 'new']) === 'locked')

  // What kinds of nodes there are, with what each asks for.
  const shape = computed(() => memberSchema(graph.value.schema) ?? {})
  const kindPoint = computed(() => {
    const { kindOf } = graph.value
    if (kindOf === null) return ''
    const own = shape.value.properties?.[kindOf]?.['x-reference']
    return own ?? referencePoint([member, '', kindOf], form.point.value?.references ?? {}) ?? ''
  })
  const { contributions } = useContributions(() => kindPoint.value)
  const kinds = computed(() => contributions.value.filter((one) => one.state !== 'removed'))
  const broughtAt = computed(() => {
    const { settings } = graph.value
    return settings === null ? undefined : shape.value.properties?.[settings]?.['x-schema-of']?.at
  })
  watch(
    kinds,
    (all) => {
      const refs = all.map((one) => one.ref)
      if (broughtAt.value !== undefined) form.askSchemas(kindPoint.value, refs, broughtAt.value)
    },
    { immediate: true },
  )
  const kindOf = (node: ReadNode) =>
    contributions.value.find((one) => one.ref === node.kind || one.key === node.kind)
  const labelOf = (name: string): string => {
    const node = graph.value.nodes.find((one) => one.key === name)
    return node ? node.label || kindOf(node)?.label || node.key : t('graph.gone', { name })
  }

  const nodes = computed<readonly CanvasNode[]>(() =>
    graph.value.nodes.map((node) => {
      const kind = kindOf(node)
      return {
        key: node.key,
        label: labelOf(node.key),
        kind: node.label ? (kind?.label ?? node.kind) : node.key,
        ...(kind?.icon && { icon: kind.icon }),
        ...(kind?.color && { color: kind.color }),
        problems: problemsAt(form.problems.value, node.path).length,
      }
    }),
  )
  const edges = computed<readonly CanvasEdge[]>(() => graph.value.edges)
  const ends = computed<readonly CanvasEnd[]>(() => graph.value.ends)
  /** As it is read. */
  const ordered = computed(() => {
    const keys = graph.value.nodes.map((node) => node.key)
    const { order, reached } = alongEdges(keys, graph.value.edges, graph.value.start)
    return order.flatMap((name) => {
      const node = nodes.value.find((one) => one.key === name)
      return node ? [{ ...node, isApart: !reached.has(name) }] : []
    })
  })
  /** Where one goes on from a node, in words. */
  const waysFrom = (name: string) => graph.value.edges.filter((edge) => edge.from === name)

  const selected = ref<string | null>(null)
  watch(graph, ({ nodes: now }) => {
    if (selected.value !== null && !now.some((node) => node.key === selected.value))
      selected.value = null
  })
  const node = computed(() => graph.value.nodes.find((one) => one.key === selected.value) ?? null)
  const nodeSchema = computed(() =>
    node.value ? (schemaBelow(graph.value.schema, node.value.key) ?? {}) : {},
  )

  /** Counts what was added here. */
  const added = ref(0)
  const write = (next: JsonObject, label: string): void => void form.write(next, label)
  function add(kind: NodeKind, place: AddPlace): void {
    const made = addNode(form.definition.value, graph.value, kind, place)
    selected.value = made.key
    added.value++
    write(made.definition, t('graph.added', { name: kind.label }))
  }
  /** A menu of kinds for a place; graphs of one kind have one entry. */
  function entriesAt(place: () => AddPlace | null): readonly SearchEntry[] {
    const at = broughtAt.value
    const all: readonly (NodeKind & { readonly icon?: string | undefined })[] =
      graph.value.kindOf === null
        ? [{ ref: '', label: shape.value.title ?? t('graph.add'), schema: null }]
        : kinds.value.map(({ ref: name, label, icon }) => ({
            ref: name,
            label,
            icon,
            schema: at === undefined ? null : form.findSchema(kindPoint.value, name, at),
          }))
    return all.map((kind) => ({
      key: kind.ref,
      label: kind.label,
      icon: kind.icon ?? 'circle',
      run: () => {
        const where = place()
        if (where) add(kind, where)
      },
    }))
  }
  const placeOf = (place: CanvasPlace): AddPlace | null => {
    if (place.is === 'end') {
      const end = graph.value.ends.find((one) => one.id === place.id)
      return end ? { leaves: [end.path], next: null } : null
    }
    const between = graph.value.edges.filter(
      (edge) => edge.from === place.from && edge.to === place.to,
    )
    return between.length > 0 ? placeOn(between) : null
  }
  function remove(name: string): void {
    const label = t('graph.removed', { name: labelOf(name) })
    write(removeNode(form.definition.value, graph.value, name), label)
  }
  /** Leads a node's way on, the first that is open or else the first of all, to another. */
  function join(from: string, to: string): void {
    const way =
      graph.value.ends.find((end) => end.from === from) ??
      graph.value.edges.find((edge) => edge.from === from)
    if (!way) return
    const label = t('graph.joined', { from: labelOf(from), to: labelOf(to) })
    write(leadTo(form.definition.value, way.path, to), label)
  }

  return {
    member,
    path: pathText([member]),
    graph,
    isReadOnly,
    nodes,
    edges,
    ends,
    ordered,
    waysFrom,
    labelOf,
    kindOf,
    selected,
    added,
    node,
    nodeSchema: nodeSchema as ComputedRef<ReturnType<typeof memberSchema> & object>,
    entriesAt,
    entriesOn: (place: CanvasPlace) => entriesAt(() => placeOf(place)),
    entriesAfter: (name: string) => entriesAt(() => placeAfter(graph.value, name)),
    entriesFirst: () => entriesAt(() => placeAtStart(graph.value)),
    entriesApart: () => entriesAt(() => ({ leaves: [], next: null })),
    mayAddAfter: (name: string) => placeAfter(graph.value, name) !== null,
    remove,
    join,
  }
}
