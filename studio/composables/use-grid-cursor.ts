import { computed, shallowRef } from 'vue'
import type { LeftBy } from '../components/field-left.ts'
import { keyInReading } from '../i18n/reading.ts'
import { type CellAt, type CellRange, cellsOf, rangeBetween } from '../model/cell-range.ts'

export type { CellAt }
export interface Editing extends CellAt {
  /** What was typed to begin; absent keeps the value and selects it. */
  readonly initialText?: string
  /** What stood in the cell when the edit began. */
  readonly seen?: unknown
}

/** The focus cell of a table, the range that goes out from it, and what its keys do. */
export function useGridCursor(deps: {
  rowCount: () => number
  /** Rows from the first that are loaded. */
  loadedCount: () => number
  colCount: () => number
  /** Rows per page of PageUp and PageDown. */
  pageSize: () => number
  /** Brings a row into view. */
  reveal: (cell: CellAt) => void
  /** Whether the cell takes text that is typed over it. */
  takesText: (cell: CellAt) => boolean
  /** Begins editing, or toggles at once. @returns false when the cell cannot be edited. */
  edit: (cell: CellAt, initialText?: string) => boolean
  clear: (range: CellRange) => void
  fillDown: (range: CellRange) => void
  toggle: (row: number) => void
  /** Whether rows are chosen, which Shift and an arrow then extends. */
  hasChosen: () => boolean
  extend: (from: number, to: number) => void
  selectAll: () => void
  open: (row: number) => void
  escape: () => void
}) {
  const cursor = shallowRef<CellAt | null>(null)
  /** The other corner of the range; null while it is the cursor alone. */
  const corner = shallowRef<CellAt | null>(null)
  const editing = shallowRef<Editing | null>(null)
  const range = computed<CellRange | null>(() =>
    cursor.value ? rangeBetween(cursor.value, corner.value ?? cursor.value) : null,
  )
  const isRange = computed(() => range.value !== null && cellsOf(range.value) > 1)

  const inside = (row: number, col: number): CellAt => ({
    row: Math.max(0, Math.min(deps.rowCount() - 1, row)),
    col: Math.max(0, Math.min(deps.colCount() - 1, col)),
  })
  function moveTo(row: number, col: number): void {
    const cell = inside(row, col)
    cursor.value = cell
    corner.value = null
    deps.reveal(cell)
  }
  /** The range reaches to this cell, from the cursor. */
  function reachTo(row: number, col: number): void {
    if (!cursor.value) return
    const cell = inside(row, col)
    corner.value = cell
    deps.reveal(cell)
  }
  function select(next: CellRange): void {
    cursor.value = { row: next.top, col: next.left }
    corner.value = { row: next.bottom, col: next.right }
  }

  /** Leaves the editor and goes where its last key points. */
  function leaveEditor(by: LeftBy | 'cancel'): void {
    const cell = editing.value
    editing.value = null
    if (!cell || by === 'blur') return
    if (by === 'Enter') moveTo(cell.row + 1, cell.col)
    else if (by === 'Tab') moveOn(cell, 1)
    else if (by === 'ShiftTab') moveOn(cell, -1)
    else cursor.value = { row: cell.row, col: cell.col }
  }
  /** Along the row, then to the next. */
  function moveOn(cell: CellAt, by: 1 | -1): void {
    const col = cell.col + by
    if (col < 0) moveTo(cell.row - 1, deps.colCount() - 1)
    else if (col >= deps.colCount()) moveTo(cell.row + 1, 0)
    else moveTo(cell.row, col)
  }

  /** All loaded cells when a range was begun, else and then all records that match. */
  function selectAll(): void {
    const all = { top: 0, left: 0, bottom: deps.loadedCount() - 1, right: deps.colCount() - 1 }
    if (isRange.value && range.value && cellsOf(range.value) < cellsOf(all)) select(all)
    else {
      corner.value = null
      deps.selectAll()
    }
  }
  function stepBack(): void {
    if (isRange.value) {
      corner.value = null
      return
    }
    cursor.value = null
    deps.escape()
  }

  function targetOf(event: KeyboardEvent, from: CellAt): readonly [number, number] | undefined {
    const page = deps.pageSize()
    const moves: Readonly<Record<string, readonly [number, number]>> = {
      ArrowUp: [from.row - 1, from.col],
      ArrowDown: [from.row + 1, from.col],
      ArrowLeft: [from.row, from.col - 1],
      ArrowRight: [from.row, from.col + 1],
      Home: [from.row, 0],
      End: [from.row, deps.colCount() - 1],
      PageUp: [from.row - page, from.col],
      PageDown: [from.row + page, from.col],
    }
    return moves[keyInReading(event.key)]
  }

  /** @returns whether the key was for the table. */
  function onKey(event: KeyboardEvent): boolean {
    if (editing.value) return false
    const mod = event.metaKey || event.ctrlKey
    const key = event.key.toLowerCase()
    const cell = cursor.value
    if (mod && key === 'a') {
      selectAll()
      return true
    }
    if (event.key === 'Escape') {
      stepBack()
      return true
    }
    if (!cell || !range.value) {
      if (!/^Arrow(Down|Up)$/.test(event.key)) return false
      moveTo(0, 0)
      return true
    }
    if (mod && key === 'd') {
      deps.fillDown(range.value)
      return true
    }
    if (mod && event.key === 'Enter') {
      deps.open(cell.row)
      return true
    }
    // Cut, copy and paste arrive as events of their own.
    if (mod || event.altKey) return false
    const from = event.shiftKey ? (corner.value ?? cell) : cell
    const target = targetOf(event, from)
    if (target) {
      // Chosen rows are extended by whole rows.
      if (!event.shiftKey || (deps.hasChosen() && !isRange.value && target[0] !== from.row)) {
        moveTo(...target)
        if (event.shiftKey) deps.extend(from.row, cursor.value?.row ?? from.row)
      } else reachTo(...target)
      return true
    }
    switch (event.key) {
      case 'Enter':
      case 'F2':
        if (!deps.edit(cell)) deps.open(cell.row)
        return true
      case 'Tab':
        // At the ends Tab leaves the table, as it leaves any control.
        if (event.shiftKey ? cell.row === 0 && cell.col === 0 : isLast(cell)) return false
        moveOn(cell, event.shiftKey ? -1 : 1)
        return true
      case ' ':
        deps.open(cell.row)
        return true
      case 'x':
        deps.toggle(cell.row)
        return true
      case 'Delete':
      case 'Backspace':
        deps.clear(range.value)
        return true
    }
    if (event.key.length === 1 && deps.takesText(cell)) return deps.edit(cell, event.key)
    return false
  }
  const isLast = (cell: CellAt): boolean =>
    cell.row === deps.rowCount() - 1 && cell.col === deps.colCount() - 1

  return {
    ...{ cursor, corner, range, isRange, editing },
    ...{ moveTo, reachTo, leaveEditor, onKey, begin: deps.edit },
  }
}
