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

/**
 * Where cells are once records have come, gone or changed places: with their records, by `id`. A range whose rows no
 * longer stand together as they did is given up: it would have others in it that nobody chose.
 */
export function followRows(
  before: readonly { readonly id: string }[],
  now: readonly { readonly id: string }[],
) {
  let places: Map<string, number> | null = null
  /** Loaded before or not yet: nobody knows of another record there. */
  const isHole = (row: number) => row < now.length && !(row in now)
  function cell<T extends CellAt>(at: T | null): T | null {
    const id = at ? before[at.row]?.id : undefined
    if (!at || id === undefined || isHole(at.row) || now[at.row]?.id === id) return at
    places ??= new Map(now.flatMap((record, row) => [[record.id, row] as const]))
    const row = places.get(id)
    return row === undefined ? null : { ...at, row }
  }
  return {
    cell,
    range(cursor: CellAt | null, corner: CellAt | null) {
      const [from, to] = [cell(cursor), cell(corner)]
      if (!from || !to || !cursor || !corner) return { cursor: from, corner: null }
      const { top, bottom } = rangeBetween(cursor, corner)
      const shift = from.row - cursor.row
      for (let row = top; row <= bottom; row++)
        if (row in before && !isHole(row + shift) && before[row]?.id !== now[row + shift]?.id)
          return { cursor: from, corner: null }
      return { cursor: from, corner: to }
    },
  }
}
