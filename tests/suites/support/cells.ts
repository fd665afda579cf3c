import { isDeepStrictEqual } from 'node:util'

/** Counts what was compared, by surface, and keeps what was not as it should be. */
export interface Cells {
  readonly counts: ReadonlyMap<string, number>
  readonly failures: readonly string[]
  total(): number
  /** One cell: what the product answered and what the oracle says. */
  compare(surface: string, where: string, actual: unknown, expected: unknown): void
  /** Cells of a record: per field the value, or that it is not there. */
  compareFields(
    surface: string,
    where: string,
    actual: Readonly<Record<string, unknown>>,
    expected: Readonly<Record<string, unknown>>,
  ): void
}

export function createCells(): Cells {
  const counts = new Map<string, number>()
  const failures: string[] = []

  function compare(surface: string, where: string, actual: unknown, expected: unknown): void {
    counts.set(surface, (counts.get(surface) ?? 0) + 1)
    if (isDeepStrictEqual(plain(actual), plain(expected))) return
    failures.push(`${surface}: ${where}: ${text(actual)} instead of ${text(expected)}`)
  }

  return {
    counts,
    failures,
    total: () => [...counts.values()].reduce((sum, count) => sum + count, 0),
    compare,
    compareFields(surface, where, actual, expected) {
      for (const name of new Set([...Object.keys(actual), ...Object.keys(expected)])) {
        compare(surface, `${where}.${name}`, actual[name], expected[name])
      }
    },
  }
}

/** As JSON carries it: an undefined member is one that is not there. */
function plain(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value))
}

function text(value: unknown): string {
  return String(JSON.stringify(value)).slice(0, 300)
}
