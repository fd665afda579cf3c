import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { type CsvError, parse } from 'csv-parse'
import iconv from 'iconv-lite'

/** How a file is to be read; what is missing was found in the file itself. */
export interface CsvFormat {
  readonly encoding: 'utf8' | 'utf16le' | 'utf16be' | 'win1252'
  readonly delimiter: string
}

/** One line of the file below the header. `line` counts from 1, the header included. */
export interface CsvRow {
  readonly line: number
  readonly cells: readonly string[]
  /** What is wrong with the line as such: too many or too few cells, a quote that never closes. */
  readonly problem?: string
}

/** More columns than this are a mistake in the delimiter, not a table. */
export const maxColumns = 10_000
const sampleBytes = 256 * 1024

/**
 * Finds encoding and delimiter from the first 256 kB.
 * A byte order mark decides the encoding; without one a file full of zero bytes is UTF-16, valid UTF-8 is
 * UTF-8, and anything else is Windows-1252, which spreadsheets still write.
 */
export async function detectFormat(path: string, delimiter?: string): Promise<CsvFormat> {
  const sample = await readSample(path)
  const encoding = detectEncoding(sample)
  const text = iconv.decode(sample, encoding, { stripBOM: true })
  return { encoding, delimiter: delimiter ?? detectDelimiter(text) }
}

/** The names of the columns, trimmed. @throws Error with a sentence for people when there are none. */
export async function readHeader(path: string, format: CsvFormat): Promise<string[]> {
  for await (const row of readRecords(path, format)) return row.cells.map((cell) => cell.trim())
  return []
}

/** The rows below the header, one at a time, never the whole file in memory. */
export async function* readRows(path: string, format: CsvFormat): AsyncGenerator<CsvRow> {
  let columns = -1
  for await (const row of readRecords(path, format)) {
    if (columns === -1) {
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
  const parser = parse({
    delimiter: format.delimiter,
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: true,
    info: true,
    max_record_size: 8 * 1024 * 1024,
  })
  const source = createReadStream(path)
  const decoded = source.pipe(iconv.decodeStream(format.encoding, { stripBOM: true }))
  source.on('error', (error) => parser.destroy(error))
  decoded.on('error', (error: Error) => parser.destroy(error))
  decoded.pipe(parser)
  let last = 0
  try {
    for await (const item of parser as AsyncIterable<{
      record: string[]
      info: { lines: number }
    }>) {
      last = item.info.lines
      yield { line: item.info.lines, cells: item.record }
    }
  } catch (error) {
    if (!(error instanceof Error)) throw error
    // The parser cannot go on after an open quote; the rows before it are good and were handed out.
    yield {
      line: (error as CsvError & { lines?: number }).lines ?? last + 1,
      cells: [],
      problem: sentence(error),
    }
  } finally {
    source.destroy()
    parser.destroy()
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

function detectEncoding(sample: Buffer): CsvFormat['encoding'] {
  if (sample[0] === 0xff && sample[1] === 0xfe) return 'utf16le'
  if (sample[0] === 0xfe && sample[1] === 0xff) return 'utf16be'
  const zeros = [0, 0]
  for (let i = 0; i < Math.min(sample.length, 2000); i++) if (sample[i] === 0) zeros[i % 2]!++
  if (zeros[1]! > 100 || (sample.length < 400 && zeros[1]! > sample.length / 4)) return 'utf16le'
  if (zeros[0]! > 100 || (sample.length < 400 && zeros[0]! > sample.length / 4)) return 'utf16be'
  try {
    // A sample may end inside a character; `stream` forgives that and nothing else.
    new TextDecoder('utf-8', { fatal: true }).decode(sample, { stream: true })
    return 'utf8'
  } catch {
    return 'win1252'
  }
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
