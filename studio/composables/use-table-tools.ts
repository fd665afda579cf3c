import type { EntityInfo, FieldInfo, FieldValues, RecordData } from '@runwaycrm/sdk'
import { computed, ref } from 'vue'
import { useI18n } from 'vue-i18n'
import { type CellAt, type CellRange, cellsOf, colsOf, rowsOf } from '../model/cell-range.ts'
import { holesIn } from '../model/list-holes.ts'
import { useCellDrag } from './use-cell-drag.ts'
import { useGridClipboard } from './use-grid-clipboard.ts'
import { useGridWrites } from './use-grid-writes.ts'
import { useServices } from './use-services.ts'

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
  /** Loads the records of these places. @returns whether all of them are there; why not was said. */
  readonly reach: (first: number, last: number) => Promise<boolean>
  readonly focus: () => void
}

/** What is done to ranges: copy, cut, paste, fill, clear. Loaded once the table is on screen. */
export function useTableTools(table: TableParts) {
  const { t } = useI18n()
  const { toasts } = useServices()
  const writes = useGridWrites(() => ({
    entity: table.entity(),
    fields: table.fields(),
    records: table.records(),
  }))
  const heard = ref('')
  const lacks = ({ top, bottom }: CellRange): boolean => holesIn(table.records(), top, bottom) > 0
  /** Once all records of the range are loaded. */
  function once(range: CellRange, work: () => void): void {
    if (!lacks(range)) work()
    else void table.reach(range.top, range.bottom).then((are) => are && work())
  }
  /** The clipboard does not wait: what is not loaded is on its way for another try. */
  function mayCopy(): boolean {
    const range = table.range()
    if (!range || !lacks(range)) return true
    toasts.show({ text: t('edit.notLoaded') })
    void table.reach(range.top, range.bottom)
    return false
  }
  const clear = (range: CellRange): void => once(range, () => writes.clear(range))
  const clipboard = useGridClipboard({
    fields: table.fields,
    records: table.records,
    chosen: table.chosen,
    range: table.range,
    canWrite: () => table.entity().can.update,
    clear,
    pasteOne: (row, field, words) => void writes.pasteOne(row, field, words),
    announce: (text) => {
      heard.value = text
    },
  })
  const drag = useCellDrag({
    scroller: table.scroller,
    range: table.range,
    reachTo: table.reachTo,
    fillTo: (source, bottom) => once({ ...source, bottom }, () => writes.fillTo(source, bottom)),
  })
  const { asked } = clipboard
  const isRange = (range: CellRange | null): range is CellRange =>
    range !== null && cellsOf(range) > 1

  return {
    ...{ asked, clear, paste: clipboard.paste },
    fillDown: (range: CellRange): void => once(range, () => writes.fillDown(range)),
    copy: (event: ClipboardEvent): unknown => mayCopy() && clipboard.copy(event),
    cut(event: ClipboardEvent): void {
      if (mayCopy()) clipboard.cut(event)
    },
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
