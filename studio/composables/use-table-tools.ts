import type { EntityInfo, FieldInfo, FieldValues, RecordData } from '@runwaycrm/sdk'
import { computed, ref } from 'vue'
import { useI18n } from 'vue-i18n'
import { type CellAt, type CellRange, cellsOf, colsOf, rowsOf } from '../model/cell-range.ts'
import { useCellDrag } from './use-cell-drag.ts'
import { useGridClipboard } from './use-grid-clipboard.ts'
import { useGridWrites } from './use-grid-writes.ts'

/** A table as its tools see it. */
export interface TableParts {
  readonly entity: () => EntityInfo
  readonly fields: () => readonly FieldInfo[]
  readonly records: () => readonly RecordData[]
  /** Rows that are chosen. */
  readonly chosen: () => readonly RecordData[]
  readonly scroller: () => HTMLElement | null
  /** Null while a cell is being edited. */
  readonly range: () => CellRange | null
  readonly reachTo: (cell: CellAt) => void
  /** What a record gets that is made here. */
  readonly newValues: () => FieldValues
  /** Loads until so many records are there, or there are no more. */
  readonly loadTo: (count: number) => Promise<void>
  readonly focus: () => void
}

/** What is done to ranges: copy, cut, paste, fill, clear. Loaded once the table is on screen. */
export function useTableTools(table: TableParts) {
  const { t } = useI18n()
  const writes = useGridWrites(() => ({
    entity: table.entity(),
    fields: table.fields(),
    records: table.records(),
  }))
  const heard = ref('')
  const clipboard = useGridClipboard({
    fields: table.fields,
    records: table.records,
    chosen: table.chosen,
    range: table.range,
    canWrite: () => table.entity().can.update,
    clear: writes.clear,
    pasteOne: (row, field, words) => void writes.pasteOne(row, field, words),
    announce: (text) => {
      heard.value = text
    },
  })
  const drag = useCellDrag({
    scroller: table.scroller,
    range: table.range,
    reachTo: table.reachTo,
    fillTo: writes.fillTo,
  })
  const { asked } = clipboard
  const isRange = (range: CellRange | null): range is CellRange =>
    range !== null && cellsOf(range) > 1

  return {
    ...{ asked, clear: writes.clear, fillDown: writes.fillDown },
    ...{ copy: clipboard.copy, cut: clipboard.cut, paste: clipboard.paste },
    ...{ drawFrom: drag.drawFrom, pullHandle: drag.pullHandle },
    /** The border to draw that is not the range: where a pull would fill, what a paste would cover. */
    outline: computed(() => (asked.value ? clipboard.covered(asked.value) : drag.filled.value)),
    /** For screen readers. */
    announced: computed(() => {
      const range = table.range()
      if (!isRange(range)) return heard.value
      const size = { n: cellsOf(range), rows: rowsOf(range), cols: colsOf(range) }
      return heard.value || t('edit.range', size)
    }),
    hush: (): void => {
      heard.value = ''
    },
  }
}
