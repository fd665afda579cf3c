import { drawLines } from './graph-lines.ts'
import { alongEdges, type Way } from './graph-order.ts'

export interface LayoutNode {
  readonly key: string
  readonly width: number
  readonly height: number
}
export interface LayoutEdge extends Way {
  readonly id: string
  /** How wide its label is; none without. */
  readonly labelWidth?: number
}
export interface Spot {
  readonly x: number
  readonly y: number
}
export interface PlacedNode extends LayoutNode {
  /** Of its upper left corner. */
  readonly x: number
  readonly y: number
  readonly rank: number
}
export interface PlacedEdge {
  readonly id: string
  /** Where its line begins, bends and ends. */
  readonly points: readonly Spot[]
  /** The middle of its label. */
  readonly label: Spot
}
export interface Layout {
  readonly nodes: readonly PlacedNode[]
  readonly edges: readonly PlacedEdge[]
  readonly width: number
  readonly height: number
}

/** A node, or the place where an edge passes a rank. */
export interface Item {
  readonly node: LayoutNode | null
  readonly width: number
  readonly rank: number
  readonly isApart: boolean
  /** Its place among what one node leads to. */
  place: number
  readonly above: Item[]
  readonly below: Item[]
  /** Of its middle. */
  x: number
}

const between = { nodes: 36, passing: 20, apart: 72 }

/**
 * Places a graph from top to bottom, in ranks: every node stands below all that lead to it, edges turn in the
 * gaps between ranks, and what the start does not lead to stands beside the rest. The same graph always looks
 * the same. Circles are drawn, too: an edge that leads back goes round at the side.
 *
 * @param start the key of the first node.
 * @see K. Sugiyama et al., "Methods for visual understanding of hierarchical system structures", 1981.
 */
export function layoutGraph(
  nodes: readonly LayoutNode[],
  edges: readonly LayoutEdge[],
  start: string | null,
): Layout {
  const { order, back, reached } = alongEdges(
    nodes.map(({ key }) => key),
    edges,
    start,
  )
  const byKey = new Map(nodes.map((node) => [node.key, node]))
  const ranks = ranksOf(order, edges, back, reached)
  const items = new Map<string, Item>()
  const layers: Item[][] = []
  const put = (item: Item): Item => {
    const layer = layers[item.rank] ?? []
    layers[item.rank] = layer
    layer.push(item)
    return item
  }
  const itemOf = (key: string): Item => {
    const node = byKey.get(key)!
    const isApart = !reached.has(key)
    return { ...blank(ranks.get(key)!, isApart), node, width: node.width }
  }
  for (const key of order) items.set(key, put(itemOf(key)))
  const ways = new Map<LayoutEdge, readonly Item[]>()
  for (const [place, edge] of edges.entries()) {
    const from = items.get(edge.from)
    const to = items.get(edge.to)
    if (!from || !to || back.has(edge) || to.rank <= from.rank) continue
    const way = [from]
    for (let rank = from.rank + 1; rank < to.rank; rank++) {
      const width = rank === from.rank + 1 ? Math.max(8, edge.labelWidth ?? 0) : 8
      way.push(put({ ...blank(rank, from.isApart), node: null, width }))
    }
    way.push(to)
    way[1]!.place = Math.min(way[1]!.place, place)
    way.slice(1).forEach((item, at) => {
      item.above.push(way[at]!)
      way[at]!.below.push(item)
    })
    ways.set(edge, way)
  }
  for (let rank = 0; rank < layers.length; rank++) layers[rank] ??= []
  sortLayers(layers)
  placeAcross(layers, ways.values())
  const least = Math.min(0, ...layers.flat().map((item) => item.x - item.width / 2))
  for (const item of layers.flat()) item.x = Math.round(item.x - least)
  return drawLines(layers, edges, ways, items)
}

const blank = (rank: number, isApart: boolean) => ({
  rank,
  isApart,
  place: Number.MAX_SAFE_INTEGER,
  above: [] as Item[],
  below: [] as Item[],
  x: 0,
})

/** One below the lowest that leads there; what the start leads to does not wait for what stands apart. */
function ranksOf(
  order: readonly string[],
  edges: readonly LayoutEdge[],
  back: ReadonlySet<Way>,
  reached: ReadonlySet<string>,
): Map<string, number> {
  const ranks = new Map<string, number>()
  for (const key of order) {
    const before = edges.filter(
      (edge) => edge.to === key && !back.has(edge) && reached.has(edge.from) === reached.has(key),
    )
    ranks.set(key, Math.max(0, ...before.map((edge) => (ranks.get(edge.from) ?? -1) + 1)))
  }
  return ranks
}

/** Puts neighbours near each other, so that few edges cross; what is equal stays in the order of reading. */
function sortLayers(layers: Item[][]): void {
  const first = new Map<Item, number>()
  for (const layer of layers) {
    const wish = (item: Item) => mean(item.above.map((one) => first.get(one) ?? 0)) || 0
    layer.sort(
      (a, b) => Number(a.isApart) - Number(b.isApart) || wish(a) - wish(b) || a.place - b.place,
    )
    for (const [at, item] of layer.entries()) first.set(item, at)
  }
  let best = layers.map((layer) => [...layer])
  let fewest = crossings(layers)
  for (let sweep = 0; sweep < 8 && fewest > 0; sweep++) {
    const isDown = sweep % 2 === 0
    const places = new Map<Item, number>()
    const notePlaces = (layer: readonly Item[]) => {
      for (const [at, item] of layer.entries()) places.set(item, at)
    }
    for (const layer of layers) notePlaces(layer)
    for (const layer of isDown ? layers : layers.toReversed()) {
      const wish = (item: Item) => {
        const near = isDown ? item.above : item.below
        return near.length === 0 ? places.get(item)! : mean(near.map((one) => places.get(one)!))
      }
      const wishes = new Map(layer.map((item) => [item, wish(item)]))
      layer.sort((a, b) => Number(a.isApart) - Number(b.isApart) || wishes.get(a)! - wishes.get(b)!)
      notePlaces(layer)
    }
    const found = crossings(layers)
    if (found >= fewest) continue
    fewest = found
    best = layers.map((layer) => [...layer])
  }
  best.forEach((layer, rank) => {
    layers[rank] = layer
  })
}

function crossings(layers: readonly (readonly Item[])[]): number {
  let count = 0
  for (const [rank, layer] of layers.entries()) {
    const places = new Map((layers[rank + 1] ?? []).map((item, at) => [item, at]))
    const ends = layer.map((item) => item.below.map((one) => places.get(one) ?? 0))
    for (const [at, own] of ends.entries())
      for (const others of ends.slice(at + 1))
        for (const a of own) for (const b of others) if (a > b) count++
  }
  return count
}

/** Moves items of a rank, in their order and at a distance, to the middle of what they are joined with. */
function placeAcross(layers: readonly (readonly Item[])[], ways: Iterable<readonly Item[]>): void {
  for (const layer of layers) {
    let x = 0
    layer.forEach((item, at) => {
      x += at === 0 ? 0 : distance(layer[at - 1]!, item)
      item.x = x
    })
  }
  for (let sweep = 0; sweep < 40; sweep++)
    for (const layer of sweep % 2 === 0 ? layers.toReversed() : layers) settle(layer)
  straighten(layers, ways)
}

/**
 * The places nearest to the middle of all neighbours that keep order and distance: regression under an order,
 * by joining what presses on each other. Rank by rank this comes to the least bends of all.
 */
function settle(layer: readonly Item[]): void {
  const offsets: number[] = []
  const blocks: { sum: number; weight: number; items: Item[] }[] = []
  layer.forEach((item, at) => {
    const offset = at === 0 ? 0 : offsets[at - 1]! + distance(layer[at - 1]!, item)
    offsets.push(offset)
    const near = [...item.above, ...item.below].map((one) => ({ x: one.x, pull: pull(item, one) }))
    const weight = near.reduce((sum, one) => sum + one.pull, 0) || 0.05
    const wish =
      near.length === 0 ? item.x : near.reduce((sum, one) => sum + one.x * one.pull, 0) / weight
    blocks.push({ sum: (wish - offset) * weight, weight, items: [item] })
    for (;;) {
      const last = blocks.at(-1)!
      const before = blocks.at(-2)
      if (!before || before.sum / before.weight <= last.sum / last.weight) break
      blocks.splice(-2, 2, {
        sum: before.sum + last.sum,
        weight: before.weight + last.weight,
        items: [...before.items, ...last.items],
      })
    }
  })
  let at = 0
  for (const { sum, weight, items } of blocks)
    for (const item of items) item.x = sum / weight + offsets[at++]!
}

/** A long edge is straight before anything else. */
function pull(a: Item, b: Item): number {
  if (a.node === null && b.node === null) return 8
  return a.node === null || b.node === null ? 2 : a.above.length + b.above.length > 2 ? 1 : 3
}

/** A bend of a few pixels looks like a mistake: a long edge is one line where that can be, then the rest. */
function straighten(layers: readonly (readonly Item[])[], ways: Iterable<readonly Item[]>): void {
  const mayStand = (item: Item, x: number): boolean => {
    const layer = layers[item.rank]!
    const at = layer.indexOf(item)
    const [left, right] = [layer[at - 1], layer[at + 1]]
    return (
      (!left || x - left.x >= distance(left, item) - 0.001) &&
      (!right || right.x - x >= distance(item, right) - 0.001)
    )
  }
  for (const way of ways) {
    const passing = way.slice(1, -1)
    const line = passing.map(({ x }) => x).find((x) => passing.every((item) => mayStand(item, x)))
    if (line !== undefined) for (const item of passing) item.x = line
  }
  const snap = (item: Item, near: readonly Item[]) => {
    const found = near.toSorted((a, b) => Math.abs(a.x - item.x) - Math.abs(b.x - item.x))[0]
    if (found && Math.abs(found.x - item.x) <= 14 && mayStand(item, found.x)) item.x = found.x
  }
  for (const layer of layers)
    for (const item of layer) if (item.node && item.above.length === 1) snap(item, item.above)
  for (const layer of layers.toReversed())
    for (const item of layer)
      if (item.node && item.above.every((one) => one.x !== item.x)) snap(item, item.below)
}

function distance(a: Item, b: Item): number {
  const isPassing = a.node === null || b.node === null
  const space = isPassing ? between.passing : between.nodes
  const apart = a.isApart !== b.isApart ? between.apart : 0
  return (a.width + b.width) / 2 + space + apart
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length
