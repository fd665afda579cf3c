import type { CellAt } from './cell-range.ts'

/** The cell of a table in which something is. */
export function cellOf(target: EventTarget | null): CellAt | null {
  const cell = (target as Element | null)?.closest<HTMLElement>('.td[data-cell]')
  const [row, col] = (cell?.dataset['cell'] ?? '').split(' ').map(Number)
  return row === undefined || col === undefined || Number.isNaN(col) ? null : { row, col }
}
