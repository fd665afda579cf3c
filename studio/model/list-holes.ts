/** Records that are loaded for one deed that needs all of a range. */
export const mostReached = 3_000

/** How many places of a list have no record yet, from `first` to `last`. */
export function holesIn(records: readonly unknown[], first: number, last: number): number {
  let holes = 0
  for (let at = first; at <= Math.min(last, records.length - 1); at++) if (!(at in records)) holes++
  return holes
}
