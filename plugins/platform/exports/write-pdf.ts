import { createRequire } from 'node:module'
import type { FieldInfo, HandlerContext } from '@runwaycrm/sdk'
import PDFDocument from 'pdfkit'
import { cellText, type Locale, type Names } from './cell-text.ts'
import { columnWidths, wrapText } from './pdf-layout.ts'
import { createPdfText, type PdfText, type Shaped } from './pdf-text.ts'
import type { ExportPage } from './read-pages.ts'

const { resolve } = createRequire(import.meta.url)
/** Latin, Greek, Cyrillic, Armenian, Georgian and more; no CJK, no Indic scripts, no emoji. */
const fontFiles = {
  plain: resolve('dejavu-fonts-ttf/ttf/DejaVuSansCondensed.ttf'),
  bold: resolve('dejavu-fonts-ttf/ttf/DejaVuSansCondensed-Bold.ttf'),
} as const

const margin = 36
const padding = 4
const foot = 22
const mostLines = 5
/** Longer cells are cut before they are measured; five lines hold far less. */
const mostCharacters = 1_000
const missingMark = '□'
const colors = { ink: '#1f2430', faint: '#5f6675', line: '#d9dce3', head: '#f2f3f6' } as const
const numberKinds: ReadonlySet<string> = new Set(['number', 'currency'])

interface PdfOptions {
  readonly title: string
  readonly matched: number
  /** BCP 47, of whoever reads it. */
  readonly language: string
  readonly ctx: Pick<HandlerContext, 'org' | 'now' | 't'>
}

type Face = 'plain' | 'bold'

/**
 * Records as a table on A4 across, its text embedded as text: the head of the table on every page, long
 * cells in up to five lines, page numbers. A character that the font lacks is shown as □, and the last
 * page says so.
 */
export async function* writePdf(
  pages: AsyncIterable<ExportPage>,
  fields: readonly FieldInfo[],
  names: Names,
  { title, matched, language, ctx }: PdfOptions,
): AsyncGenerator<Uint8Array> {
  const { org, now } = ctx
  const t: HandlerContext['t'] = (key, values) => ctx.t(key, values, language)
  const locale: Locale = {
    language,
    timeZone: org.timeZone,
    yes: t('yes'),
    no: t('no'),
  }
  const doc = new PDFDocument({
    size: 'A4',
    layout: 'landscape',
    margin: 0,
    // Numbers of pages are written once the last is known.
    bufferPages: true,
    autoFirstPage: false,
    lang: language,
    info: { Title: title, Author: org.name, CreationDate: now },
  })
  doc.registerFont('plain', fontFiles.plain)
  doc.registerFont('bold', fontFiles.bold)
  const fonts = { plain: createPdfText(doc, 'plain'), bold: createPdfText(doc, 'bold') }
  const size = fields.length > 16 ? 6 : fields.length > 10 ? 7 : 8
  const lineHeight = size * 1.4
  const shown = showable(fonts.plain)
  const wide = 841.89 - 2 * margin
  const bottom = 595.28 - margin - foot
  let widths: readonly number[] = []
  let y = 0

  const inLines = (text: string, column: number, font: Face): readonly Shaped[] => {
    const width = (widths[column] ?? 0) - 2 * padding
    const measure = (part: string) => fonts[font].measure(part, size)
    return wrapText(shown.text(text.slice(0, mostCharacters)), width, mostLines, measure).map(
      (line) => fonts[font].shape(line, size),
    )
  }
  const heightOf = (cells: readonly (readonly Shaped[])[]) =>
    Math.max(...cells.map((lines) => lines.length)) * lineHeight + 2 * padding
  const drawRow = (cells: readonly (readonly Shaped[])[], font: Face): void => {
    const height = heightOf(cells)
    if (font === 'bold') doc.rect(margin, y, wide, height).fill(colors.head)
    let left = margin
    const pieces = cells.flatMap((lines, column) => {
      const start = left
      const width = widths[column] ?? 0
      left += width
      const isNumber = numberKinds.has(fields[column]?.kind ?? '')
      return lines.map((line, index) => ({
        hex: line.hex,
        x: isNumber ? start + width - padding - line.width : start + padding,
        y: y + padding + index * lineHeight,
      }))
    })
    doc.fillColor(colors.ink)
    fonts[font].draw(pieces, size)
    y += height
    doc
      .moveTo(margin, y)
      .lineTo(margin + wide, y)
      .lineWidth(0.5)
      .stroke(colors.line)
  }
  const put = (font: Face, points: number, color: string, text: string, top: number): void => {
    const measure = (part: string) => fonts[font].measure(part, points)
    const [line = ''] = wrapText(shown.text(text), wide, 1, measure)
    doc.fillColor(color)
    fonts[font].draw([{ ...fonts[font].shape(line, points), x: margin, y: top }], points)
  }
  const head = () => fields.map((field, column) => inLines(field.label, column, 'bold'))
  const beginPage = (isFirst: boolean): void => {
    doc.addPage()
    y = margin
    if (isFirst) {
      const when = new Intl.DateTimeFormat(language, {
        dateStyle: 'long',
        timeStyle: 'short',
        timeZone: org.timeZone,
      }).format(now)
      const count = new Intl.NumberFormat(language).format(matched)
      put('bold', 15, colors.ink, title, y)
      const made = `${t('pdf.made', { org: org.name, when })} · ${t('pdf.records', { n: count })}`
      put('plain', 9, colors.faint, made, y + 22)
      y += 42
    }
    drawRow(head(), 'bold')
  }

  for await (const records of pages) {
    const rows = records.map((record) =>
      fields.map((field) => cellText(field, record[field.apiName], names, locale)),
    )
    if (widths.length === 0) {
      const widthOf = (font: Face, text: string) =>
        fonts[font].measure(shown.text(text.slice(0, 120)), size) + 2 * padding
      const wanted = fields.map((field, column) => [
        widthOf('bold', field.label),
        ...rows.map((row) => widthOf('plain', row[column] ?? '')),
      ])
      widths = columnWidths(wanted, wide)
      beginPage(true)
    }
    for (const row of rows) {
      const cells = row.map((text, column) => inLines(text, column, 'plain'))
      if (y + heightOf(cells) > bottom) beginPage(false)
      drawRow(cells, 'plain')
    }
    // Others have their turn between two pages of records.
    await new Promise(setImmediate)
  }
  if (widths.length === 0) {
    widths = columnWidths(
      fields.map((field) => [fonts.bold.measure(shown.text(field.label), size)]),
      wide,
    )
    beginPage(true)
  }
  numberPages(doc, fonts.plain, { t }, shown.isMissing())
  doc.end()
  yield* doc as AsyncIterable<Uint8Array>
}

function numberPages(
  doc: PDFKit.PDFDocument,
  font: PdfText,
  { t }: Pick<HandlerContext, 't'>,
  isMissing: boolean,
): void {
  const { count } = doc.bufferedPageRange()
  const top = 595.28 - margin - 8
  for (let index = 0; index < count; index++) {
    doc.switchToPage(index)
    doc.fillColor(colors.faint)
    const page = font.shape(t('pdf.page', { n: index + 1, all: count }), 8)
    font.draw([{ hex: page.hex, x: 841.89 - margin - page.width, y: top }], 8)
    if (isMissing && index === count - 1)
      font.draw([{ ...font.shape(t('pdf.missing'), 8), x: margin, y: top }], 8)
  }
}

/** Puts a mark for what the font cannot draw, and forgets control characters. */
function showable(font: PdfText) {
  const known = new Map<string, string>()
  let isMissing = false
  const show = (character: string): string => {
    if (/\p{Cc}|\p{Cf}|[\u{fe00}-\u{fe0f}]/u.test(character)) return character === '\n' ? '\n' : ''
    return font.has(character) ? character : missingMark
  }
  return {
    isMissing: () => isMissing,
    text(text: string): string {
      let result = ''
      for (const character of text.toWellFormed().replaceAll('\t', ' ')) {
        const drawn = known.get(character) ?? show(character)
        known.set(character, drawn)
        if (drawn === missingMark && character !== missingMark) isMissing = true
        result += drawn
      }
      return result
    },
  }
}
