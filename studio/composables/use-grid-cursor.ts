import { ref, shallowRef } from 'vue'
import type { LeftBy } from '../components/field-left.ts'

export interface CellAt {
  readonly row: number
  readonly col: number
}
export interface Editing extends CellAt {
  /** What was typed to begin; absent keeps the value and selects it. */
  readonly initialText?: string
}

/** The focus cell of a table and what its keys do. */
export function useGridCursor(deps: {
  rowCount: () => number
  colCount: () => number
  /** Rows per page of PageUp and PageDown. */
  pageSize: () => number
  /** Brings a row into view. */
  reveal: (cell: CellAt) => void
  /** Whether the cell takes text that is typed over it. */
  takesText: (cell: CellAt) => boolean
  /** Begins editing, or toggles at once. @returns false when the cell cannot be edited. */
  edit: (cell: CellAt, initialText?: string) => boolean
  clear: (cell: CellAt) => void
  toggle: (row: number) => void
  extend: (from: number, to: number) => void
  selectAll: () => void
  open: (row: number) => void
  copy: () => void
  escape: () => void
}) {
  const cursor = shallowRef<CellAt | null>(null)
  const editing = shallowRef<Editing | null>(null)
  const isActive = ref(false)

  function moveTo(row: number, col: number): void {
    const cell = {
      row: Math.max(0, Math.min(deps.rowCount() - 1, row)),
      col: Math.max(0, Math.min(deps.colCount() - 1, col)),
    }
    cursor.value = cell
    deps.reveal(cell)
  }

  /** Leaves the editor and goes where its last key points. */
  function leaveEditor(by: LeftBy | 'cancel'): void {
    const cell = editing.value
    editing.value = null
    if (!cell || by === 'blur') return
    if (by === 'Enter') moveTo(cell.row + 1, cell.col)
    else if (by === 'Tab') moveOn(cell, 1)
    else if (by === 'ShiftTab') moveOn(cell, -1)
    else cursor.value = cell
  }
  /** Along the row, then to the next. */
  function moveOn(cell: CellAt, by: 1 | -1): void {
    const col = cell.col + by
    if (col < 0) moveTo(cell.row - 1, deps.colCount() - 1)
    else if (col >= deps.colCount()) moveTo(cell.row + 1, 0)
    else moveTo(cell.row, col)
  }

  /** @returns whether the key was for the table. */
  function onKey(event: KeyboardEvent): boolean {
    if (editing.value) return false
    const mod = event.metaKey || event.ctrlKey
    const cell = cursor.value
    if (mod && event.key.toLowerCase() === 'a') {
      deps.selectAll()
      return true
    }
    if (event.key === 'Escape') {
      if (cell) cursor.value = null
      deps.escape()
      return true
    }
    if (!cell) {
      if (/^Arrow(Down|Up)$/.test(event.key)) {
        moveTo(0, 0)
        return true
      }
      return false
    }
    if (mod && event.key.toLowerCase() === 'c') {
      deps.copy()
      return true
    }
    if (mod && event.key === 'Enter') {
      deps.open(cell.row)
      return true
    }
    if (mod || event.altKey) return false
    const page = deps.pageSize()
    const moves: Readonly<Record<string, readonly [number, number]>> = {
      ArrowUp: [cell.row - 1, cell.col],
      ArrowDown: [cell.row + 1, cell.col],
      ArrowLeft: [cell.row, cell.col - 1],
      ArrowRight: [cell.row, cell.col + 1],
      Home: [cell.row, 0],
      End: [cell.row, deps.colCount() - 1],
      PageUp: [cell.row - page, cell.col],
      PageDown: [cell.row + page, cell.col],
    }
    const move = moves[event.key]
    if (move) {
      moveTo(...move)
      if (event.shiftKey && move[0] !== cell.row)
        deps.extend(cell.row, cursor.value?.row ?? cell.row)
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
        deps.clear(cell)
        return true
    }
    if (event.key.length === 1 && deps.takesText(cell)) return deps.edit(cell, event.key)
    return false
  }
  const isLast = (cell: CellAt): boolean =>
    cell.row === deps.rowCount() - 1 && cell.col === deps.colCount() - 1

  return { cursor, editing, isActive, moveTo, leaveEditor, onKey }
}
