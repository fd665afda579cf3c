/** That one node leads to another. */
export interface Way {
  readonly from: string
  readonly to: string
}
export interface GraphOrder<W extends Way> {
  /** Every node after all that lead to it; ways that part are told one after the other. */
  readonly order: readonly string[]
  /** Edges that close a circle. */
  readonly back: ReadonlySet<W>
  /** What the start leads to, itself among them. */
  readonly reached: ReadonlySet<string>
}

/** The order in which a graph is read: from its start along its edges, then what stands apart. */
export function alongEdges<W extends Way>(
  keys: readonly string[],
  edges: readonly W[],
  start: string | null,
): GraphOrder<W> {
  const known = new Set(keys)
  const leaving = Map.groupBy(
    edges.filter(({ from, to }) => known.has(from) && known.has(to)),
    ({ from }) => from,
  )
  const entered = new Set(edges.map(({ to }) => to))
  const roots = [
    ...(start !== null && known.has(start) ? [start] : []),
    ...keys.filter((key) => !entered.has(key)),
    ...keys,
  ]
  const back = new Set<W>()
  const reached = new Set<string>()
  const done = new Set<string>()
  let order: string[] = []
  for (const root of roots) {
    if (done.has(root)) continue
    const after: string[] = []
    const open = new Set([root])
    const way = [{ key: root, next: (leaving.get(root) ?? []).toReversed(), at: 0 }]
    for (let last = way.at(-1); last; last = way.at(-1)) {
      const edge = last.next[last.at++]
      if (!edge) {
        way.pop()
        open.delete(last.key)
        done.add(last.key)
        after.push(last.key)
      } else if (open.has(edge.to)) back.add(edge)
      else if (!done.has(edge.to)) {
        open.add(edge.to)
        way.push({ key: edge.to, next: (leaving.get(edge.to) ?? []).toReversed(), at: 0 })
      }
    }
    // What is found later leads at most to what was found before.
    if (root === start) for (const key of after) reached.add(key)
    order = root === start ? after.toReversed() : [...after.toReversed(), ...order]
  }
  const main = order.filter((key) => reached.has(key))
  return { order: [...main, ...order.filter((key) => !reached.has(key))], back, reached }
}

/** All that a node leads to, over however many others. */
export function reachedFrom(edges: readonly Way[], key: string): ReadonlySet<string> {
  const found = new Set<string>()
  const open = [key]
  for (let next = open.pop(); next !== undefined; next = open.pop())
    for (const { from, to } of edges)
      if (from === next && !found.has(to)) {
        found.add(to)
        open.push(to)
      }
  return found
}
