/** A cell of a table by its place among the loaded records and the shown columns. */
export interface CellAt {
  readonly row: number
  readonly col: number
}

/** A rectangle of cells; all four sides belong to it. */
export interface CellRange {
  readonly top: number
  readonly left: number
  readonly bottom: number
  readonly right: number
}

/** The rectangle between two corners, whichever they are. */
export function rangeBetween(a: CellAt, b: CellAt): CellRange {
  return {
    top: Math.min(a.row, b.row),
    left: Math.min(a.col, b.col),
    bottom: Math.max(a.row, b.row),
    right: Math.max(a.col, b.col),
  }
}

export const rowsOf = (range: CellRange): number => range.bottom - range.top + 1
export const colsOf = (range: CellRange): number => range.right - range.left + 1
export const cellsOf = (range: CellRange): number => rowsOf(range) * colsOf(range)

export const isInRange = ({ top, left, bottom, right }: CellRange, { row, col }: CellAt): boolean =>
  row >= top && row <= bottom && col >= left && col <= right

/** What one row shows of a range: its columns, and whether the border runs along its top and bottom. */
export interface RangeInRow {
  readonly left: number
  readonly right: number
  readonly isTop: boolean
  readonly isBottom: boolean
}

export function rangeInRow(range: CellRange | null, row: number): RangeInRow | null {
  if (!range || row < range.top || row > range.bottom) return null
  const { left, right, top, bottom } = range
  return { left, right, isTop: row === top, isBottom: row === bottom }
}

/** The sides of the border that one cell draws, as words for CSS: `t l`. Undefined outside of the range. */
export function edgesOf(range: RangeInRow | null, col: number): string | undefined {
  if (!range || col < range.left || col > range.right) return undefined
  const sides = { t: range.isTop, b: range.isBottom, l: col === range.left, r: col === range.right }
  return Object.entries(sides)
    .flatMap(([side, isEdge]) => (isEdge ? [side] : []))
    .join(' ')
}
