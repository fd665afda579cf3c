import type { EntityInfo, FieldInfo, RecordData } from '@runwaycrm/sdk'
import { computed, nextTick, ref } from 'vue'
import { useI18n } from 'vue-i18n'
import type { LeftBy } from '../components/field-left.ts'
import { cellsOf, colsOf, rowsOf } from '../model/cell-range.ts'
import { editStyle } from '../model/edit-style.ts'
import { useCellDrag } from './use-cell-drag.ts'
import { useFormat } from './use-format.ts'
import { useGridClipboard } from './use-grid-clipboard.ts'
import { type CellAt, useGridCursor } from './use-grid-cursor.ts'
import { useGridWrites } from './use-grid-writes.ts'
import type { Selection } from './use-selection.ts'
import { useServices } from './use-services.ts'

/** Everything that happens to cells: the cursor, ranges, editing where the value stands, copy, paste and fill. */
export function useTableEditing(deps: {
  entity: () => EntityInfo
  fields: () => readonly FieldInfo[]
  records: () => readonly RecordData[]
  selection: () => Selection
  scroller: () => HTMLElement | null
  perPage: () => number
  reveal: (row: number) => void
  open: (id: string) => void
}) {
  const { refusals } = useServices()
  const { t } = useI18n()
  const format = useFormat()
  const writes = useGridWrites(() => ({
    entity: deps.entity(),
    fields: deps.fields(),
    records: deps.records(),
  }))
  const fieldAt = ({ col }: CellAt): FieldInfo | undefined => deps.fields()[col]
  const recordAt = ({ row }: CellAt): RecordData | undefined => deps.records()[row]
  const canEdit = (field: FieldInfo | undefined): field is FieldInfo =>
    field !== undefined && deps.entity().can.update && editStyle(field) !== 'none'
  const cellId = ({ row, col }: CellAt): string => `cell-${row}-${col}`

  const grid = useGridCursor({
    rowCount: () => deps.records().length,
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
      return canEdit(field) && ['input', 'text'].includes(editStyle(field))
    },
    edit: (cell, initialText) => {
      const field = fieldAt(cell)
      const record = recordAt(cell)
      if (!record || !canEdit(field)) return false
      const seen = record[field.apiName] ?? null
      if (editStyle(field) === 'toggle') writes.save(deps.entity(), record, field, seen !== true)
      else {
        const text = initialText ?? refusals.takeText(record.id, field, format.locale.value)
        grid.editing.value = { ...cell, seen, ...(text === undefined ? {} : { initialText: text }) }
      }
      return true
    },
    clear: writes.clear,
    fillDown: writes.fillDown,
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

  const heard = ref('')
  const clipboard = useGridClipboard({
    fields: deps.fields,
    records: deps.records,
    chosen: () => deps.selection().records.value,
    range: () => (grid.editing.value ? null : grid.range.value),
    canWrite: () => deps.entity().can.update,
    clear: writes.clear,
    pasteOne: (row, field, words) => void writes.pasteOne(row, field, words),
    announce: (text) => {
      heard.value = text
    },
  })
  const drag = useCellDrag({
    scroller: deps.scroller,
    range: () => grid.range.value,
    reachTo: ({ row, col }) => grid.reachTo(row, col),
    fillTo: writes.fillTo,
  })
  /** The border that is drawn: of the range, of where a pull would fill, of what a paste would cover. */
  const outline = computed(() => {
    if (clipboard.asked.value) return clipboard.covered(clipboard.asked.value)
    return drag.filled.value ?? (grid.isRange.value ? grid.range.value : null)
  })
  const announced = computed(() => {
    const range = grid.range.value
    if (!range || !grid.isRange.value) return heard.value
    return t('edit.range', { n: cellsOf(range), rows: rowsOf(range), cols: colsOf(range) })
  })

  function focus(): void {
    deps.scroller()?.focus({ preventScroll: true })
  }
  function leave(by: LeftBy | 'cancel'): void {
    grid.leaveEditor(by)
    if (by !== 'blur') focus()
  }
  /** Of the clipboard and of keys: not those of an input in the table, or of another place. */
  function isMine(event: Event): boolean {
    const target = event.target as HTMLElement
    if (/^(INPUT|TEXTAREA)$/.test(target.tagName) || target.isContentEditable) return false
    return document.activeElement === deps.scroller()
  }

  return {
    ...{ grid, drag, clipboard, outline, announced, cellId },
    activeId: computed(() =>
      grid.cursor.value && !grid.editing.value
        ? cellId(grid.corner.value ?? grid.cursor.value)
        : undefined,
    ),
    onKey(event: KeyboardEvent): void {
      if (event.target !== deps.scroller() || !grid.onKey(event)) return
      heard.value = ''
      event.preventDefault()
      event.stopPropagation()
    },
    onCopy: (event: ClipboardEvent): void => void (isMine(event) && clipboard.copy(event)),
    onCut: (event: ClipboardEvent): void => void (isMine(event) && clipboard.cut(event)),
    onPaste: (event: ClipboardEvent): void => void (isMine(event) && clipboard.paste(event)),
    onPress(row: number, col: number, event: PointerEvent): void {
      if (event.button !== 0 || (grid.editing.value?.row === row && grid.editing.value.col === col))
        return
      if (event.pointerType === 'touch') return
      if (event.shiftKey && grid.cursor.value) grid.reachTo(row, col)
      else {
        grid.cursor.value = { row, col }
        grid.corner.value = null
      }
      drag.drawFrom(event)
    },
    onCell(row: number, col: number, event: MouseEvent): void {
      if (!event.shiftKey && !grid.isRange.value) grid.cursor.value = { row, col }
      focus()
    },
    startEdit(row: number, col: number): void {
      grid.cursor.value = { row, col }
      grid.corner.value = null
      if (canEdit(fieldAt({ row, col }))) grid.onKey(new KeyboardEvent('keydown', { key: 'F2' }))
    },
    commit(row: number, field: FieldInfo, value: unknown, by: LeftBy): void {
      writes.save(deps.entity(), deps.records()[row], field, value, grid.editing.value?.seen)
      leave(by)
    },
    pick: (row: number, field: FieldInfo, value: unknown): void =>
      writes.save(deps.entity(), deps.records()[row], field, value),
    leave,
  }
}
