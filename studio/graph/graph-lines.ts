import type { Item, Layout, LayoutEdge, PlacedEdge, PlacedNode, Spot } from './graph-layout.ts'

const gapPx = { plain: 40, bent: 60, lane: 22, bend: 28, stacked: 26 }
/** What stands on a way that has no label: room for one button. */
const leastLabel = 24

type Way = readonly Item[]

/**
 * Ranks one below the other, and the lines between them: down, across in the gap, and down again. The lines of
 * one node turn together, those of others elsewhere where they would lie on each other.
 *
 * @param layers what stands in each rank, with its place across.
 * @param ways the items that each edge passes; one without leads back and goes round at the side.
 */
export function drawLines(
  layers: readonly (readonly Item[])[],
  edges: readonly LayoutEdge[],
  ways: ReadonlyMap<LayoutEdge, Way>,
  items: ReadonlyMap<string, Item>,
): Layout {
  const stacked = crowded(ways)
  const labelled = new Set([...ways].flatMap(([edge, [from]]) => (edge.labelWidth ? from! : [])))
  const tops: number[] = []
  const turns = new Map<Item, number>()
  let y = 0
  for (const layer of layers) {
    tops.push(y)
    const bottom = y + heightOf(layer)
    const lanes = lanesOf(layer)
    for (const item of layer)
      turns.set(item, bottom + gapPx.bend + (lanes.get(item) ?? 0) * gapPx.lane)
    const count = Math.max(0, ...[...lanes.values()].map((lane) => lane + 1))
    const isBent = count > 0 || layer.some((item) => labelled.has(item))
    const more = layer.some((item) => stacked.has(item)) ? gapPx.stacked : 0
    y = bottom + (isBent ? gapPx.bent : gapPx.plain) + Math.max(0, count - 1) * gapPx.lane + more
  }
  const topOf = (item: Item): number => tops[item.rank]!
  const nodes = layers.flatMap((layer) =>
    layer.flatMap((item): PlacedNode[] =>
      item.node
        ? [{ ...item.node, x: item.x - item.width / 2, y: topOf(item), rank: item.rank }]
        : [],
    ),
  )
  const width = Math.max(0, ...nodes.map((node) => node.x + node.width))
  let aside = 0
  const placed = edges.flatMap((edge): PlacedEdge[] => {
    const from = items.get(edge.from)
    const to = items.get(edge.to)
    if (!from?.node || !to) return []
    const begin = { x: from.x, y: topOf(from) + from.node.height }
    const end = { x: to.x, y: topOf(to) }
    const way = ways.get(edge)
    if (!way) return [roundTheSide(edge.id, begin, end, width + 28 + aside++ * 16)]
    const corners = way.slice(1).flatMap((item, at) => {
      const before = way[at]!
      const turn = turns.get(before)!
      if (before.x === item.x) return []
      return [
        { x: before.x, y: turn },
        { x: item.x, y: turn },
      ]
    })
    const below = stacked.has(from)
    const isPlain = corners.length === 0 && !labelled.has(from)
    const label = isPlain
      ? { x: from.x, y: begin.y + Math.min(gapPx.bend, (end.y - begin.y) / 2) }
      : { x: below ? way[1]!.x : acrossOf(way), y: turns.get(from)! + (below ? gapPx.stacked : 0) }
    return [{ id: edge.id, points: [begin, ...corners, end], label }]
  })
  const height = Math.max(0, ...nodes.map((node) => node.y + node.height))
  return { nodes, edges: placed, width, height }
}

function roundTheSide(id: string, begin: Spot, end: Spot, x: number): PlacedEdge {
  const out = begin.y + 14
  const back = end.y - 14
  const corners = [
    { x: begin.x, y: out },
    { x, y: out },
    { x, y: back },
    { x: end.x, y: back },
  ]
  return { id, points: [begin, ...corners, end], label: { x, y: (out + back) / 2 } }
}

/** The middle of the part of a line that goes across, or the line itself where that is short. */
function acrossOf([from, second]: Way): number {
  const isWide = Math.abs(second!.x - from!.x) > 56
  return isWide ? (from!.x + second!.x) / 2 : second!.x
}

/** Nodes whose labels would stand on each other in the middle of their lines: they stand further down. */
function crowded(ways: ReadonlyMap<LayoutEdge, Way>): Set<Item> {
  const found = new Set<Item>()
  for (const [from, leaving] of Map.groupBy(ways, ([, way]) => way[0]!)) {
    const spans = leaving
      .map(([edge, way]) => {
        const half = Math.max(leastLabel, edge.labelWidth ?? 0) / 2 + 2
        return { from: acrossOf(way) - half, to: acrossOf(way) + half }
      })
      .toSorted((a, b) => a.from - b.from)
    if (spans.some((span, at) => at > 0 && span.from < spans[at - 1]!.to)) found.add(from)
  }
  return found
}

const heightOf = (layer: readonly Item[]): number =>
  Math.max(0, ...layer.map((item) => item.node?.height ?? 0))

/** Which of the lines in the gap below an item's edges turn on: those of others are not crossed lengthwise. */
function lanesOf(layer: readonly Item[]): Map<Item, number> {
  const spans = layer.flatMap((item) => {
    const xs = item.below.map((one) => one.x)
    const isStraight = xs.every((x) => x === item.x)
    return isStraight ? [] : [{ item, from: Math.min(item.x, ...xs), to: Math.max(item.x, ...xs) }]
  })
  const lanes: (typeof spans)[] = []
  const found = new Map<Item, number>()
  for (const span of spans.toSorted((a, b) => a.from - b.from)) {
    const isFree = (lane: typeof spans) =>
      lane.every((other) => other.to <= span.from || other.from >= span.to)
    let at = lanes.findIndex(isFree)
    if (at < 0) at = lanes.push([]) - 1
    lanes[at]!.push(span)
    found.set(span.item, at)
  }
  return found
}

/** A line through points with rounded corners, for the `d` of a path. */
export function roundedPath(points: readonly Spot[], corner: number): string {
  const [first, ...rest] = points
  if (!first) return ''
  const parts = rest.map((point, at) => {
    const before = points[at]!
    const after = rest[at + 1]
    if (!after) return `L${point.x} ${point.y}`
    const radius = Math.min(corner, length(before, point) / 2, length(point, after) / 2)
    const into = towards(point, before, radius)
    const out = towards(point, after, radius)
    return `L${into.x} ${into.y}Q${point.x} ${point.y} ${out.x} ${out.y}`
  })
  return `M${first.x} ${first.y}${parts.join('')}`
}

const length = (a: Spot, b: Spot): number => Math.hypot(a.x - b.x, a.y - b.y)
function towards(from: Spot, to: Spot, by: number): Spot {
  const whole = length(from, to)
  if (whole === 0) return from
  const part = by / whole
  return { x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part }
}
