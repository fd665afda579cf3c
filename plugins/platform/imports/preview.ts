import type { MappedRow } from './map-row.ts'
import type { ImportSpec } from './spec.ts'
import type { RowFailure } from './write-batch.ts'

const mostRows = 20
const mostProblems = 100
/** Longer texts are cut: a preview is for looking. */
const mostCharacters = 500

/** Collects what a dry run shows: the first rows as they would be written, and the first problems. */
export function createPreview() {
  const rows: { line: number; values: Record<string, unknown> }[] = []
  const problems: RowFailure[] = []
  return {
    addRow({ line, values, wishes }: MappedRow): void {
      if (rows.length >= mostRows) return
      const wished = wishes.map((wish) => [wish.field.apiName, wish.text])
      const all = { ...values, ...Object.fromEntries(wished) }
      const short = Object.entries(all).map(([name, value]) => [name, cut(value)])
      rows.push({ line, values: Object.fromEntries(short) })
    },
    addProblems(failures: readonly RowFailure[]): void {
      for (const failure of failures.slice(0, mostProblems - problems.length))
        problems.push({ ...failure, value: String(cut(failure.value)) })
    },
    result: (
      columns: ImportSpec['columns'],
      header: readonly string[],
      created: ReadonlyMap<string, number>,
    ) => ({ columns, header, rows, problems, relations: Object.fromEntries(created) }),
  }
}

function cut(value: unknown): unknown {
  if (typeof value !== 'string' || value.length <= mostCharacters) return value
  return `${value.slice(0, mostCharacters).toWellFormed()}…`
}
