export interface Ordered {
  readonly key: string
  readonly order: number
}

/**
 * The orders to write so that one field comes to another place: one where there is room between its
 * neighbours, else all that follow.
 *
 * @param fields in their order.
 * @param to its place once it has been taken out.
 */
export function moveOrders(
  fields: readonly Ordered[],
  key: string,
  to: number,
): readonly Ordered[] {
  const moved = fields.find((one) => one.key === key)
  if (!moved) return []
  const rest = fields.filter((one) => one.key !== key)
  const at = Math.max(0, Math.min(to, rest.length))
  if (fields.indexOf(moved) === at) return []
  const before = rest[at - 1]?.order
  const after = rest[at]?.order
  const order = between(before, after)
  if (order !== null) return [{ key, order }]
  const next = rest.toSpliced(at, 0, moved)
  return next.flatMap((one, place) => {
    const wanted = (place + 1) * 10
    return one.order === wanted ? [] : [{ key: one.key, order: wanted }]
  })
}

function between(before: number | undefined, after: number | undefined): number | null {
  if (before === undefined) return after === undefined ? 10 : after - 10
  if (after === undefined) return before + 10
  if (after - before <= 0.001) return null
  const middle = (before + after) / 2
  const whole = Math.round(middle)
  return whole > before && whole < after ? whole : middle
}
