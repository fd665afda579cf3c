import type { EntityInfo, FieldInfo, RecordData } from '@runwaycrm/sdk'
import { computed, nextTick, watch } from 'vue'
import type { LeftBy } from '../components/field-left.ts'
import { cellOf } from '../model/cell-of.ts'
import { type CellRange, followRows } from '../model/cell-range.ts'
import { editStyle, isTyped } from '../model/edit-style.ts'
import { sameValue } from '../model/read-value.ts'
import { useFieldRules } from './use-field-rules.ts'
import { useFormat } from './use-format.ts'
import { type CellAt, useGridCursor } from './use-grid-cursor.ts'
import { useGuardedSave } from './use-guarded-save.ts'
import type { Selection } from './use-selection.ts'
import { useServices } from './use-services.ts'

/** What is loaded behind the table, as it is seen through the component that has it. */
export interface TableTools {
  readonly outline: CellRange | null
  copy(event: ClipboardEvent): unknown
  cut(event: ClipboardEvent): void
  paste(event: ClipboardEvent): void
  clear(range: CellRange): void
  fillDown(range: CellRange): void
  drawFrom(event: PointerEvent): void
  pullHandle(event: PointerEvent): void
  hush(): void
}

/** The cursor of a table, its range, and values that are edited where they stand. */
export function useTableEditing(deps: {
  entity: () => EntityInfo
  fields: () => readonly FieldInfo[]
  records: () => readonly RecordData[]
  selection: () => Selection
  scroller: () => HTMLElement | null
  tools: () => TableTools | null
  perPage: () => number
  reveal: (row: number) => void
  open: (id: string) => void
}) {
  const { refusals } = useServices()
  const format = useFormat()
  const guarded = useGuardedSave()
  const fieldAt = ({ col }: CellAt): FieldInfo | undefined => deps.fields()[col]
  const recordAt = ({ row }: CellAt): RecordData | undefined => deps.records()[row]
  const canEdit = (field: FieldInfo | undefined): field is FieldInfo =>
    field !== undefined && deps.entity().can.update && editStyle(field) !== 'none'
  const rules = useFieldRules(deps.entity)
  /** A cell that a rule locks or hides says why, once somebody wants to write there. */
  const isClosed = (field: FieldInfo, record: RecordData): boolean =>
    rules.refuses(rules.reason(field, record))
  const cellId = ({ row, col }: CellAt): string => `cell-${row}-${col}`

  /** @param seen what stood there when the edit began. */
  function save(
    record: RecordData | undefined,
    field: FieldInfo,
    value: unknown,
    seen: unknown = record?.[field.apiName],
  ): void {
    const { apiName } = field
    if (!record || sameValue(record[apiName], value)) return
    const options = { isTyped: isTyped(field) }
    void guarded.save(deps.entity(), record, { [apiName]: value }, { [apiName]: seen }, options)
  }

  const grid = useGridCursor({
    rowCount: () => deps.records().length,
    loadedCount: () => {
      let count = 0
      while (count in deps.records()) count++
      return count
    },
    colCount: () => deps.fields().length,
    pageSize: () => Math.max(1, deps.perPage()),
    reveal: (cell) => {
      deps.reveal(cell.row)
      void nextTick(() =>
        document
          .getElementById(cellId(cell))
          ?.scrollIntoView({ block: 'nearest', inline: 'nearest' }),
      )
    },
    takesText: (cell) => {
      const field = fieldAt(cell)
      return canEdit(field) && isTyped(field)
    },
    edit: (cell, initialText) => {
      const field = fieldAt(cell)
      const record = recordAt(cell)
      if (!record || !canEdit(field) || isClosed(field, record)) return false
      const seen = record[field.apiName] ?? null
      if (editStyle(field) === 'toggle') save(record, field, seen !== true)
      else {
        // What was typed here before and refused is there to be mended.
        const kept = refusals.takeText(record.id, field, format.locale.value)
        const text = initialText ?? kept
        grid.editing.value = { ...cell, seen, ...(text === undefined ? {} : { initialText: text }) }
      }
      return true
    },
    clear: (range) => deps.tools()?.clear(range),
    fillDown: (range) => deps.tools()?.fillDown(range),
    toggle: (row) => deps.selection().toggle(row),
    hasChosen: () => !deps.selection().isEmpty.value,
    extend: (from, to) => deps.selection().extend(from, to),
    selectAll: () => deps.selection().selectAllMatching(),
    open: (row) => {
      const record = deps.records()[row]
      if (record) deps.open(record.id)
    },
    escape: () => deps.selection().clear(),
  })
  const { cursor, corner, editing, range, isRange } = grid

  /** Rows that come and go above do not push the cursor, or what is being typed, onto another record. */
  watch(deps.records, (now, before) => {
    const rows = followRows(before, now)
    const moved = rows.range(cursor.value, corner.value)
    cursor.value = moved.cursor
    corner.value = moved.corner
    editing.value = rows.cell(editing.value)
  })

  function focus(): void {
    deps.scroller()?.focus({ preventScroll: true })
  }
  function leave(by: LeftBy | 'cancel'): void {
    grid.leaveEditor(by)
    if (by !== 'blur') focus()
  }
  function startEdit(row: number, col: number): void {
    cursor.value = { row, col }
    corner.value = null
    grid.begin({ row, col })
  }
  const isEdited = ({ row, col }: CellAt): boolean =>
    editing.value?.row === row && editing.value.col === col
  /** Clipboard events are not those of an input in the table, nor of another place. */
  function onClipboard(event: ClipboardEvent): void {
    const target = event.target as HTMLElement
    const isTyping = /^(INPUT|TEXTAREA)$/.test(target.tagName) || target.isContentEditable
    const type = event.type as 'copy' | 'cut' | 'paste'
    if (!isTyping && deps.scroller()?.contains(document.activeElement)) deps.tools()?.[type](event)
  }

  return {
    ...{ grid, cellId, focus, leave, onClipboard },
    /** The border that is drawn. */
    outline: computed(() => deps.tools()?.outline ?? (isRange.value ? range.value : null)),
    activeId: computed(() =>
      cursor.value && !editing.value ? cellId(corner.value ?? cursor.value) : undefined,
    ),
    onKey(event: KeyboardEvent): void {
      if (event.target !== deps.scroller() || !grid.onKey(event)) return
      deps.tools()?.hush()
      event.preventDefault()
      event.stopPropagation()
    },
    /** What the pointer does to any of the cells: one listener of each kind for all of them. */
    pointer: {
      onMousedown(event: MouseEvent): void {
        const cell = cellOf(event.target)
        if (cell && !isEdited(cell)) event.preventDefault()
      },
      onPointerdown(event: PointerEvent): void {
        const cell = cellOf(event.target)
        // A finger scrolls.
        if (!cell || event.button !== 0 || isEdited(cell) || event.pointerType === 'touch') return
        if (event.shiftKey && cursor.value) grid.reachTo(cell.row, cell.col)
        else {
          cursor.value = cell
          corner.value = null
        }
        deps.tools()?.drawFrom(event)
      },
      onClick(event: MouseEvent): void {
        const cell = cellOf(event.target)
        if (!cell) return
        if (!event.shiftKey && !isRange.value) cursor.value = cell
        focus()
      },
      onDblclick(event: MouseEvent): void {
        const cell = cellOf(event.target)
        if (cell) startEdit(cell.row, cell.col)
      },
    },
    startEdit,
    commit(row: number, field: FieldInfo, value: unknown, by: LeftBy): void {
      save(deps.records()[row], field, value, editing.value?.seen)
      leave(by)
    },
    pick: (row: number, field: FieldInfo, value: unknown): void =>
      save(deps.records()[row], field, value),
  }
}
