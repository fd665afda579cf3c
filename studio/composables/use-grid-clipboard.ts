import type { FieldInfo, RecordData } from '@runwaycrm/sdk'
import { shallowRef } from 'vue'
import { useI18n } from 'vue-i18n'
import { type CellRange, cellsOf, rangeBetween } from '../model/cell-range.ts'
import { copiedCell } from '../model/cell-text.ts'
import {
  parseTsv,
  sizeOf,
  type TextTable,
  tileOver,
  toHtml,
  toTsv,
} from '../model/clipboard-table.ts'
import { mostPasted } from '../model/paste-plan.ts'
import { useFormat } from './use-format.ts'
import { useModel } from './use-model.ts'

/** A block of texts and the cell where its corner goes. */
export interface PasteRequest {
  readonly block: TextTable
  readonly top: number
  readonly left: number
  /** So many that nobody looked at them. */
  readonly isTooLarge?: boolean
}

/** Copying to and pasting from a spreadsheet, by the clipboard events of the browser. */
export function useGridClipboard(deps: {
  fields: () => readonly FieldInfo[]
  records: () => readonly RecordData[]
  /** Selected records; copied whole when there are any. */
  chosen: () => readonly RecordData[]
  /** Null while a cell is being edited: the input has a clipboard of its own. */
  range: () => CellRange | null
  canWrite: () => boolean
  clear: (range: CellRange) => void
  /** One text into one cell, at once. */
  pasteOne: (row: number, field: FieldInfo, words: string) => void
  announce: (text: string) => void
}) {
  const format = useFormat()
  const model = useModel()
  const { t } = useI18n()
  /** What waits for a look at what it will do. */
  const asked = shallowRef<PasteRequest | null>(null)

  /** @returns what went to the clipboard. */
  function copy(event: ClipboardEvent): 'rows' | 'cells' | null {
    const range = deps.range()
    const chosen = deps.chosen()
    if (!event.clipboardData || (!range && chosen.length === 0)) return null
    // A range that was drawn is meant, whatever rows are chosen besides.
    const isRows = chosen.length > 0 && (!range || cellsOf(range) === 1)
    const records = isRows || !range ? chosen : deps.records().slice(range.top, range.bottom + 1)
    const fields =
      isRows || !range ? deps.fields() : deps.fields().slice(range.left, range.right + 1)
    const context = { ...format.context.value, currency: model.value.model.org.currency }
    const rows = records.map((record) =>
      fields.map((field) => copiedCell(field, record[field.apiName], context)),
    )
    event.preventDefault()
    event.clipboardData.setData('text/plain', toTsv(rows.map((row) => row.map(({ text }) => text))))
    event.clipboardData.setData('text/html', toHtml(rows))
    const n = records.length * fields.length
    deps.announce(t('edit.copied', { n }, n))
    return isRows || !range ? 'rows' : 'cells'
  }

  function paste(event: ClipboardEvent): void {
    const range = deps.range()
    if (!range || !deps.canWrite()) return
    const text = event.clipboardData?.getData('text/plain') ?? ''
    if (text === '') return
    event.preventDefault()
    const { top, left } = range
    // The cells of a large one are counted before anything is made of them.
    if (countCells(text) > mostPasted) {
      asked.value = { block: [], top, left, isTooLarge: true }
      return
    }
    const block = tileOver(parseTsv(text), range)
    const { rows, cols } = sizeOf(block)
    const field = deps.fields()[left]
    if (rows === 1 && cols === 1 && field) deps.pasteOne(top, field, block[0]?.[0] ?? '')
    else asked.value = { block, top, left }
  }

  return {
    asked,
    copy,
    cut(event: ClipboardEvent): void {
      const range = deps.range()
      if (copy(event) === 'cells' && range && deps.canWrite()) deps.clear(range)
    },
    paste,
    /** The range that a block covers, for marking it behind the dialog. */
    covered: ({ block, top, left }: PasteRequest): CellRange =>
      rangeBetween(
        { row: top, col: left },
        {
          row: top + Math.max(1, block.length) - 1,
          col: left + Math.max(1, sizeOf(block).cols) - 1,
        },
      ),
  }
}

/** Tabs and line ends, which is what cells are apart from a few in quotes. */
function countCells(text: string): number {
  let count = 1
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 9 || code === 10) count++
  }
  return count
}
