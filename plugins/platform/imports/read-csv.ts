import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import type { Writable } from 'node:stream'
import { InvalidError } from '@runwaycrm/sdk'
import { type CsvError, parse } from 'csv-parse'
import iconv from 'iconv-lite'

/** How a file is to be read; what is missing was found in the file itself. */
export interface CsvFormat {
  readonly encoding: 'utf8' | 'utf16le' | 'utf16be' | 'win1252'
  readonly delimiter: string
}

/** One record of the file below the header. */
export interface CsvRow {
  /** Where it begins, counted from 1, with the header, empty lines and line breaks inside of quotes. */
  readonly line: number
  readonly cells: readonly string[]
  /** What is wrong with the line as such: too many or too few cells, a quote that never closes. */
  readonly problem?: string
}

/** More columns than this are a mistake in the delimiter, not a table. */
export const maxColumns = 10_000
const sampleBytes = 256 * 1024
const maxLineLength = 8 * 1024 * 1024

/**
 * Finds encoding and delimiter from the first 256 kB.
 * A byte order mark decides the encoding; without one a file full of zero bytes is UTF-16, valid UTF-8 to
 * its end is UTF-8, and anything else is Windows-1252, which spreadsheets still write.
 */
export async function detectFormat(path: string, delimiter?: string): Promise<CsvFormat> {
  const sample = await readSample(path)
  const marked = encodingOf(sample)
  const encoding = marked ?? ((await isUtf8(path)) ? 'utf8' : 'win1252')
  return { encoding, delimiter: delimiter ?? detectDelimiter(decoderOf(encoding)(sample)) }
}

/**
 * The names of the columns, trimmed; none of an empty file. One more than `maxColumns` stands for all
 * that are too many.
 * @throws InvalidError with a sentence for people when the first line cannot be read.
 */
export async function readHeader(path: string, format: CsvFormat): Promise<string[]> {
  for await (const { line, cells, problem } of readRecords(path, format)) {
    if (problem === undefined) return cells.map((cell) => cell.trim())
    const message = `Line ${line}: ${problem}`
    throw new InvalidError(message, { errors: [{ path: 'file', code: 'BAD_FORMAT', message }] })
  }
  return []
}

/** The rows below the header, one at a time, never the whole file in memory. */
export async function* readRows(path: string, format: CsvFormat): AsyncGenerator<CsvRow> {
  let columns = -1
  for await (const row of readRecords(path, format)) {
    if (columns === -1 && row.problem === undefined) {
      columns = row.cells.length
      continue
    }
    const extra = row.cells.slice(columns).some((cell) => cell !== '')
    if (extra)
      yield { ...row, problem: `The line has ${row.cells.length} cells, the header ${columns}.` }
    else if (row.cells.length < columns && row.cells.length > 0)
      yield { ...row, cells: pad(row.cells, columns) }
    else yield row
  }
}

async function* readRecords(path: string, format: CsvFormat): AsyncGenerator<CsvRow> {
  let rows: CsvRow[] = []
  let lines = 0
  const parser = parse({
    delimiter: format.delimiter,
    record_delimiter: ['\r\n', '\n', '\r'],
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: true,
    max_record_size: maxLineLength,
    // Rows are taken here: those that a broken stream still holds would be lost.
    on_record: (cells: string[], { empty_lines }) => {
      const line = empty_lines + lines + 1
      lines += 1 + lineBreaksIn(cells)
      rows.push({ line, cells: cells.length > maxColumns ? cells.slice(0, maxColumns + 1) : cells })
      return null
    },
  })
  parser.on('error', () => {})
  const failure = (error: Error): CsvRow => ({
    line: parser.info.empty_lines + lines + 1,
    cells: [],
    problem: sentence(error),
  })
  let lineLength = 0
  try {
    for await (const text of decodeFile(path, format.encoding)) {
      const end = Math.max(text.lastIndexOf('\n'), text.lastIndexOf('\r'))
      lineLength = end === -1 ? lineLength + text.length : text.length - end - 1
      const error = lineLength > maxLineLength ? tooLong : await write(parser, text)
      const ready = rows
      rows = []
      yield* ready
      if (error) return yield failure(error)
    }
    const error = await new Promise<Error | null>((resolve) => {
      parser.end((problem?: Error | null) => resolve(problem ?? null))
    })
    yield* rows
    if (error) yield failure(error)
  } finally {
    parser.destroy()
  }
}

/** A line of nothing but delimiters has no characters that the parser would count. */
const tooLong = Object.assign(new Error('Line too long'), { code: 'CSV_MAX_RECORD_SIZE' })

function write(parser: Writable, text: string): Promise<Error | null> {
  return new Promise((resolve) => {
    if (text === '') resolve(null)
    else parser.write(text, (problem) => resolve(problem ?? null))
  })
}

function lineBreaksIn(cells: readonly string[]): number {
  let count = 0
  for (const cell of cells)
    if (cell.includes('\n') || cell.includes('\r')) count += cell.match(/\r\n|\n|\r/g)!.length
  return count
}

async function* decodeFile(path: string, encoding: CsvFormat['encoding']): AsyncGenerator<string> {
  const decode = decoderOf(encoding)
  for await (const chunk of createReadStream(path)) yield decode(chunk as Buffer)
  yield decode()
}

/** Decodes piece by piece, whatever the pieces cut in two; called without one at the end. */
function decoderOf(encoding: CsvFormat['encoding']): (chunk?: Buffer) => string {
  if (encoding === 'win1252') {
    const decoder = iconv.getDecoder('win1252')
    return (chunk) => (chunk ? decoder.write(chunk) : (decoder.end() ?? ''))
  }
  const label = { utf8: 'utf-8', utf16le: 'utf-16le', utf16be: 'utf-16be' }[encoding]
  const decoder = new TextDecoder(label)
  return (chunk) => (chunk ? decoder.decode(chunk, { stream: true }) : decoder.decode())
}

async function isUtf8(path: string): Promise<boolean> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  try {
    for await (const chunk of createReadStream(path))
      decoder.decode(chunk as Buffer, { stream: true })
    decoder.decode()
    return true
  } catch (error) {
    if ((error as { code?: string }).code === 'ERR_ENCODING_INVALID_ENCODED_DATA') return false
    throw error
  }
}

async function readSample(path: string): Promise<Buffer> {
  const file = await open(path)
  try {
    const buffer = Buffer.alloc(sampleBytes)
    const { bytesRead } = await file.read(buffer, 0, sampleBytes, 0)
    return buffer.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}

/** What a byte order mark or zero bytes say; null when they say nothing. */
function encodingOf(sample: Buffer): CsvFormat['encoding'] | null {
  if (sample[0] === 0xff && sample[1] === 0xfe) return 'utf16le'
  if (sample[0] === 0xfe && sample[1] === 0xff) return 'utf16be'
  if (sample[0] === 0xef && sample[1] === 0xbb && sample[2] === 0xbf) return 'utf8'
  const zeros = [0, 0] as [number, number]
  const looked = Math.min(sample.length, 2000)
  for (let i = 0; i < looked; i++) if (sample[i] === 0) zeros[i % 2]! += 1
  const enough = Math.min(100, looked / 4)
  // Zeros on both sides are characters of the text, or no text at all.
  if (zeros[1] > enough && zeros[0] * 10 < zeros[1]) return 'utf16le'
  if (zeros[0] > enough && zeros[1] * 10 < zeros[0]) return 'utf16be'
  return null
}

/** The candidate that splits the first lines most evenly, and into most cells. */
export function detectDelimiter(text: string): string {
  const lines = text
    .split(/\r\n|\n|\r/)
    .filter((line) => line.trim() !== '')
    .slice(0, 20)
  let best = { delimiter: ',', score: 0 }
  for (const delimiter of [',', ';', '\t', '|']) {
    const counts = lines.map((line) => line.replaceAll(/"[^"]*"/g, '').split(delimiter).length - 1)
    const header = counts[0] ?? 0
    if (header === 0) continue
    const even = counts.filter((count) => count === header).length / counts.length
    const score = even * 1000 + header
    if (score > best.score) best = { delimiter, score }
  }
  return best.delimiter
}

function pad(cells: readonly string[], columns: number): string[] {
  return [...cells, ...Array.from({ length: columns - cells.length }, () => '')]
}

function sentence(error: Error): string {
  const code = (error as CsvError).code
  if (code === 'CSV_QUOTE_NOT_CLOSED')
    return 'A quote is opened and never closed; the rest of the file could not be read.'
  if (code === 'CSV_MAX_RECORD_SIZE') return 'A line is longer than 8 MB; is a quote missing?'
  return `The line could not be read (${code ?? 'unknown'}).`
}
