import { type CellRange, colsOf, rowsOf } from './cell-range.ts'

/** What a spreadsheet puts on the clipboard as text, and takes from it. */
export type TextTable = readonly (readonly string[])[]

/**
 * Reads tab-separated text as spreadsheets write it: cells with tabs, line ends or quotes stand in quotes,
 * which are doubled inside. A quote that does not begin a cell is a quote.
 */
export function parseTsv(text: string): TextTable {
  const rows: string[][] = []
  let row: string[] = []
  let at = 0
  const endRow = (): void => {
    rows.push(row)
    row = []
  }
  while (at < text.length) {
    const quoted = text[at] === '"' ? readQuoted(text, at) : null
    const end = quoted?.end ?? endOfCell(text, at)
    row.push(quoted?.value ?? text.slice(at, end))
    const next = text[end]
    at = end + 1
    if (next === undefined) break
    if (next === '\t') {
      // A tab at the very end is followed by one more, empty cell.
      if (at >= text.length) row.push('')
      continue
    }
    if (next === '\r' && text[at] === '\n') at++
    endRow()
  }
  if (row.length > 0) endRow()
  return rows
}

function endOfCell(text: string, from: number): number {
  let at = from
  while (at < text.length && text[at] !== '\t' && text[at] !== '\n' && text[at] !== '\r') at++
  return at
}

/** Null when the quote is only a character: nothing ends it, or more follows behind the end. */
function readQuoted(text: string, from: number): { value: string; end: number } | null {
  let at = from + 1
  for (;;) {
    const quote = text.indexOf('"', at)
    if (quote < 0) return null
    if (text[quote + 1] === '"') {
      at = quote + 2
      continue
    }
    const next = text[quote + 1]
    if (next !== undefined && next !== '\t' && next !== '\n' && next !== '\r') return null
    return { value: text.slice(from + 1, quote).replaceAll('""', '"'), end: quote + 1 }
  }
}

export const toTsv = (rows: TextTable): string =>
  rows.map((row) => row.map(quoteCell).join('\t')).join('\n')

const quoteCell = (text: string): string =>
  /[\t\n\r]|^"/.test(text) ? `"${text.replaceAll('"', '""')}"` : text

/** A copied cell: texts are marked, so that no spreadsheet takes `=1+1` or `00123` for something else. */
export interface CopiedCell {
  readonly text: string
  readonly isText: boolean
}

/** The same as a table of HTML, which spreadsheets and mails prefer to text. */
export function toHtml(rows: readonly (readonly CopiedCell[])[]): string {
  const cells = (row: readonly CopiedCell[]): string =>
    row
      .map(({ text, isText }) => {
        const style = isText ? ` style="mso-number-format:'\\@';white-space:pre-wrap"` : ''
        return `<td${style}>${escapeHtml(text).replaceAll('\n', '<br>')}</td>`
      })
      .join('')
  return `<table><tbody>${rows.map((row) => `<tr>${cells(row)}</tr>`).join('')}</tbody></table>`
}

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
}
const escapeHtml = (text: string): string => text.replace(/[&<>"]/g, (one) => escapes[one] ?? one)

/**
 * What is laid over a chosen range: a block repeats when the range is a whole number of it in both
 * directions; else it lies once, from the corner of the range.
 */
export function tileOver(block: TextTable, range: CellRange): TextTable {
  const height = block.length
  const width = Math.max(0, ...block.map((row) => row.length))
  if (height === 0 || width === 0) return block
  const isWhole = rowsOf(range) % height === 0 && colsOf(range) % width === 0
  if (!isWhole || (rowsOf(range) === height && colsOf(range) === width)) return block
  return Array.from({ length: rowsOf(range) }, (_, row) =>
    Array.from({ length: colsOf(range) }, (_, col) => block[row % height]?.[col % width] ?? ''),
  )
}

/** Cells of a table as wide as its widest row. */
export function sizeOf(block: TextTable): { readonly rows: number; readonly cols: number } {
  return { rows: block.length, cols: block.reduce((most, row) => Math.max(most, row.length), 0) }
}
