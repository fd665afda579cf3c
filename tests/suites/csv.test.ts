import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { Worker } from 'node:worker_threads'
import iconv from 'iconv-lite'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createSeeded } from '../../kernel/records/testing/seeded.ts'
import { errorFileHeader, errorLine } from '../../plugins/platform/imports/error-file.ts'
import {
  type CsvRow,
  detectFormat,
  maxColumns,
  readHeader,
  readRows,
} from '../../plugins/platform/imports/read-csv.ts'
import { type CsvFile, decodeAll, makeCsvFile, mutateCsvFile } from './csv/csv-files.ts'
import { type NaiveRecord, naiveCsv } from './csv/naive-csv.ts'

/**
 * CSV files as programs and accidents make them, read by the product and by a slow oracle. Each file has
 * a seed of its own: `RUNWAY_SEED=<that seed> RUNWAY_RUNS=1` repeats it alone.
 */
const seed = Number(process.env['RUNWAY_SEED'] ?? 20_261_125)
const runs = Number(process.env['RUNWAY_RUNS'] ?? 2_000)
vi.setConfig({ testTimeout: 300_000 + runs * 60 })

let folder: string
beforeAll(async () => {
  console.info(`csv: RUNWAY_SEED=${seed} RUNWAY_RUNS=${runs}`)
  folder = await mkdtemp(path.join(tmpdir(), 'runway-csv-suite-'))
})
afterAll(() => rm(folder, { recursive: true }))

interface Read {
  readonly format: Awaited<ReturnType<typeof detectFormat>>
  readonly header: readonly string[]
  readonly refusal: string | null
  readonly rows: readonly CsvRow[]
}

async function read({ bytes, delimiter }: CsvFile, isDelimiterGiven: boolean): Promise<Read> {
  const file = path.join(folder, 'file.csv')
  await writeFile(file, bytes)
  const format = await detectFormat(file, isDelimiterGiven ? delimiter : undefined)
  const rows: CsvRow[] = []
  for await (const row of readRows(file, format)) rows.push(row)
  try {
    return { format, header: await readHeader(file, format), refusal: null, rows }
  } catch (error) {
    const { code, message } = error as { code: string; message: string }
    expect(code).toBe('INVALID')
    return { format, header: [], refusal: message, rows }
  }
}

/** What the reader is to say of the records that the oracle found. */
function expectRows(records: readonly NaiveRecord[], { header, rows }: Read): void {
  const [first, ...rest] = records
  const columns = first?.cells.length ?? 0
  expect(header).toEqual(first?.cells.slice(0, maxColumns + 1).map((cell) => cell.trim()) ?? [])
  expect(rows).toHaveLength(rest.length)
  rest.forEach(({ line, cells }, at) => {
    const row = rows[at] as CsvRow
    const isTooLong = cells.slice(columns).some((cell) => cell !== '')
    const padded = [...cells, ...Array<string>(Math.max(0, columns - cells.length)).fill('')]
    const given = { line: row.line, isTooLong: row.problem !== undefined, cells: row.cells }
    const expected = { line, isTooLong, cells: isTooLong ? row.cells : padded }
    // Asked of every row `expect` would take most of the time.
    if (!isDeepStrictEqual(given, expected)) expect(given).toEqual(expected)
  })
}

/** Whatever the file holds: lines go up and lie in the file, and a refusal is a sentence. */
function expectOrder({ rows, refusal, header }: Read, text: string): void {
  const lines = (text.match(/\r\n|\r|\n/g)?.length ?? 0) + 1
  let last = 0
  for (const row of rows) {
    const { line, problem, cells } = row
    const isSentence =
      /^(The line has \d+ cells, the header \d+|A quote is opened|A line is longer)/
    const isWhole = problem === undefined ? cells.length >= header.length : isSentence.test(problem)
    if (!(line > last && line <= lines && isWhole)) {
      throw new Error(`After line ${last} of ${lines}: ${JSON.stringify(row)}`)
    }
    last = line
  }
  if (refusal !== null) expect(refusal).toMatch(/^Line \d+: (A quote is opened|A line is longer)/)
}

/** Says which file it was. */
async function eachFile(check: (index: number, file: number) => Promise<void>, count = runs) {
  for (let index = 0; index < count; index++) {
    try {
      await check(index, seed + index)
    } catch (error) {
      throw new Error(`RUNWAY_SEED=${seed + index} RUNWAY_RUNS=1`, { cause: error })
    }
  }
}

describe('reading', () => {
  it('finds in sound files what the oracle finds', async () => {
    let compared = 0
    await eachFile(async (_, fileSeed) => {
      const file = makeCsvFile(createSeeded(fileSeed))
      const result = await read(file, true)
      expectOrder(result, decodeAll(file.bytes, result.format.encoding))
      if (!file.isPlain) return
      expect(result.format.encoding).toBe(file.encoding)
      expect(result.refusal).toBeNull()
      expectRows(naiveCsv(file.text!, file.delimiter)!, result)
      compared += 1
    })
    if (runs >= 100) expect(compared).toBeGreaterThan(runs * 0.6)
  })

  it('takes files with bytes lost, doubled and changed, and finds what the oracle finds where they are sound', async () => {
    let sound = 0
    await eachFile(async (_, fileSeed) => {
      const random = createSeeded(fileSeed)
      const file = mutateCsvFile(random, makeCsvFile(random))
      const result = await read(file, random.chance(0.7))
      const text = decodeAll(file.bytes, result.format.encoding)
      expectOrder(result, text)
      const records = naiveCsv(text, result.format.delimiter)
      if (records === null) return
      expect(result.refusal).toBeNull()
      expectRows(records, result)
      sound += 1
    })
    if (runs >= 100) expect(sound).toBeGreaterThan(runs * 0.2)
  })

  it('hands out every row before a quote that stays open', async () => {
    for (const count of [1, 20, 200, 30_000]) {
      const lines = Array.from({ length: count }, (_, at) => `${at},x\n`).join('')
      const bytes = Buffer.from(`a,b\n${lines}"open,1\n2,3\n`)
      const { rows } = await read({ bytes } as CsvFile, false)
      expect(rows).toHaveLength(count + 1)
      expect(rows.at(-1)).toMatchObject({
        line: count + 2,
        problem: expect.stringMatching(/never closed/),
      })
    }
  })

  it('keeps characters whole that fall on the edge of what is read at once', async () => {
    for (const encoding of ['utf8', 'utf16le', 'utf16be'] as const)
      for (let shift = 0; shift < 4; shift++) {
        const cell = `${'x'.repeat(shift)}${'😀'.repeat(60_000)}`
        const bytes = iconv.encode(`a,b\n${cell},é\n`, encoding, { addBOM: true })
        const { rows } = await read({ bytes } as CsvFile, false)
        expect(rows[0]!.cells[0] === cell).toBe(true)
      }
  })

  it('reads Windows-1252 that shows itself late', async () => {
    const bytes = Buffer.concat([
      Buffer.from(`a,b\n${'plain,text\n'.repeat(40_000)}`),
      Buffer.from('M\xfcller,\x80\n', 'latin1'),
    ])
    const { rows } = await read({ bytes } as CsvFile, false)
    expect(rows.at(-1)!.cells).toEqual(['Müller', '€'])
  })

  it('holds little of a large file in memory', async () => {
    const mega = 1024 * 1024
    const header = Buffer.from('a,b\n')
    // What the file holds how often, the heap that must do, and how many rows are good.
    const large = [
      { body: Buffer.alloc(mega, ','), times: 24, heapMb: 160, rows: 0 },
      { body: Buffer.alloc(mega, `${'x'.repeat(mega - 3)},y\n`), times: 40, heapMb: 36, rows: 40 },
      { body: Buffer.alloc(mega, `${','.repeat(mega - 1)}\n`), times: 8, heapMb: 48, rows: 8 },
    ]
    for (const { body, times, heapMb, rows } of large) {
      const file = path.join(folder, 'large.csv')
      await writeFile(file, [header, ...Array<Buffer>(times).fill(body)])
      const worker = new Worker(new URL('./csv/count-rows.ts', import.meta.url), {
        workerData: file,
        resourceLimits: { maxOldGenerationSizeMb: heapMb },
      })
      const counted = await new Promise((resolve, reject) => {
        worker.once('message', resolve)
        worker.once('error', reject)
      })
      expect(counted).toBe(rows)
    }
  })
})

describe('writing', () => {
  it('leaves no cell that a spreadsheet takes for a formula, and reads back what it wrote', async () => {
    await eachFile(async (_, fileSeed) => {
      const random = createSeeded(fileSeed)
      const { text, delimiter } = makeCsvFile(random, { isLargeAllowed: false })
      const cells = naiveCsv(text!, delimiter)!.flatMap((record) => record.cells)
      const failures = cells.map((value, at) => ({
        line: at,
        column: cells[(at + 1) % cells.length]!,
        value,
        code: 'BAD_FORMAT',
        message: value,
      }))
      const written = errorFileHeader + failures.map(errorLine).join('')
      const back = naiveCsv(written, ',')!.slice(1)
      expect(back).toHaveLength(failures.length)
      back.forEach((record, at) => {
        const { column, value } = failures[at]!
        for (const [cell, was] of [
          [record.cells[1]!, column],
          [record.cells[2]!, value],
        ] as const) {
          const isFormula = /^[=+\-@\t\r\n]/.test(cell) && !/^-\d+([.,]\d+)?$/.test(cell)
          const read = /^[=+\-@\t\r\n]/.test(was) && cell !== was ? cell.slice(1) : cell
          if (isFormula || read !== was)
            expect({ isFormula, read }).toEqual({ isFormula: false, read: was })
        }
      })
    })
  })
})
