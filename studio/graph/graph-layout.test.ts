import { describe, expect, it } from 'vitest'
import { type Layout, layoutGraph } from './graph-layout.ts'
import { roundedPath } from './graph-lines.ts'
import { alongEdges, reachedFrom } from './graph-order.ts'

const edgesOf = (...ways: string[]) =>
  ways.map((way) => {
    const [from = '', to = ''] = way.split('>')
    return { id: way, from, to }
  })
const place = (keys: string, ...ways: string[]): Layout =>
  layoutGraph(
    keys.split('').map((key) => ({ key, width: 232, height: 54 })),
    edgesOf(...ways),
    keys[0] ?? null,
  )
const at = (layout: Layout, key: string) => layout.nodes.find((node) => node.key === key)!
const middle = (layout: Layout, key: string) => at(layout, key).x + 116

describe('the order of reading', () => {
  it('tells every node after all that lead to it, and one way to its end before the next', () => {
    const edges = edgesOf('a>b', 'a>c', 'b>d', 'c>d', 'd>e')
    expect(alongEdges([...'edcba'], edges, 'a').order).toEqual([...'abcde'])
    const ways = edgesOf('a>b', 'a>x', 'b>c', 'x>y')
    expect(alongEdges([...'abcxy'], ways, 'a').order).toEqual([...'abcxy'])
  })

  it('puts what the start does not lead to last, and finds edges that lead back', () => {
    const edges = edgesOf('a>b', 'b>a', 'x>b', 'y>x')
    const { order, back, reached } = alongEdges([...'xyab'], edges, 'a')
    expect(order).toEqual([...'abyx'])
    expect([...back].map(({ id }) => id)).toEqual(['b>a'])
    expect([...reached].sort()).toEqual(['a', 'b'])
  })

  it('knows all that a node leads to', () => {
    expect([...reachedFrom(edgesOf('a>b', 'b>c', 'x>y'), 'a')].sort()).toEqual(['b', 'c'])
  })
})

describe('the layout of a graph', () => {
  it('puts a way straight down', () => {
    const layout = place('abc', 'a>b', 'b>c')
    expect(layout.nodes.map(({ x }) => x)).toEqual([0, 0, 0])
    expect(layout.edges[0]?.points).toEqual([
      { x: 116, y: 54 },
      { x: 116, y: at(layout, 'b').y },
    ])
  })

  it('puts a fork in the middle of its ways, the first on the left, and a join between them', () => {
    const layout = place('abcd', 'a>b', 'a>c', 'b>d', 'c>d')
    expect(at(layout, 'b').x).toBeLessThan(at(layout, 'c').x)
    expect(middle(layout, 'a')).toBe((middle(layout, 'b') + middle(layout, 'c')) / 2)
    expect(middle(layout, 'd')).toBe(middle(layout, 'a'))
    expect(at(layout, 'b').y).toBe(at(layout, 'c').y)
  })

  it('leads an edge over ranks past the nodes in them', () => {
    const layout = place('abcd', 'a>b', 'b>c', 'c>d', 'a>d')
    const edge = layout.edges.find(({ id }) => id === 'a>d')!
    for (const key of ['b', 'c']) {
      const { x, y, width, height } = at(layout, key)
      const hits = edge.points.some(
        (point, i) =>
          i > 0 &&
          crosses(edge.points[i - 1]!, point, {
            left: x,
            right: x + width,
            top: y,
            bottom: y + height,
          }),
      )
      expect([key, hits]).toEqual([key, false])
    }
  })

  it('puts what stands apart beside the rest, and an edge that leads back round the side', () => {
    const layout = place('abx', 'a>b', 'b>a')
    expect(at(layout, 'x').x).toBeGreaterThan(at(layout, 'a').x + 232)
    const back = layout.edges.find(({ id }) => id === 'b>a')!
    expect(Math.max(...back.points.map(({ x }) => x))).toBeGreaterThan(layout.width)
  })

  it('keeps every two nodes of any graph apart, twice in the same way', () => {
    let seed = 20261126
    const random = () => {
      seed = (seed * 1103515245 + 12345) % 2147483648
      return seed / 2147483648
    }
    for (let round = 0; round < 60; round++) {
      const keys = [...'abcdefghijklmnopqrstuvw'].slice(0, 2 + Math.floor(random() * 20))
      const ways = keys.flatMap((from) =>
        keys.filter(() => random() < 0.12).map((to) => `${from}>${to}`),
      )
      const layout = place(keys.join(''), ...ways)
      expect(layout.nodes.length).toBe(keys.length)
      expect(layout.edges.length).toBe(ways.length)
      for (const [i, a] of layout.nodes.entries())
        for (const b of layout.nodes.slice(i + 1)) {
          const isClear =
            a.x + a.width <= b.x ||
            b.x + b.width <= a.x ||
            a.y + a.height <= b.y ||
            b.y + b.height <= a.y
          expect([ways, a.key, b.key, isClear]).toEqual([ways, a.key, b.key, true])
        }
      expect(place(keys.join(''), ...ways)).toEqual(layout)
    }
  })

  it('takes nothing, and a graph without a start', () => {
    expect(layoutGraph([], [], null)).toEqual({ nodes: [], edges: [], width: 0, height: 0 })
    expect(layoutGraph([{ key: 'a', width: 10, height: 10 }], [], 'gone').nodes).toHaveLength(1)
  })
})

describe('a rounded line', () => {
  it('turns its corners, and less where there is no room', () => {
    const points = [
      { x: 0, y: 0 },
      { x: 0, y: 20 },
      { x: 100, y: 20 },
    ]
    expect(roundedPath(points, 14)).toBe('M0 0L0 10Q0 20 10 20L100 20')
    expect(roundedPath([], 14)).toBe('')
  })
})

type Box = { left: number; right: number; top: number; bottom: number }
function crosses(a: { x: number; y: number }, b: { x: number; y: number }, box: Box): boolean {
  return (
    Math.max(a.x, b.x) > box.left &&
    Math.min(a.x, b.x) < box.right &&
    Math.max(a.y, b.y) > box.top &&
    Math.min(a.y, b.y) < box.bottom
  )
}
