/** The rows in their order, `size` together; fewer in the last bunch, and no bunch of none. */
export function inBunches<T>(rows: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(rows.length / size) }, (_, at) =>
    rows.slice(at * size, (at + 1) * size),
  )
}
