import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { createSeeded } from '../../kernel/records/testing/seeded.ts'
import { type Caller, startApp, type TestApp } from '../setup/test-app.ts'
import { type CsvFile, makeCsvFile, mutateCsvFile } from './csv/csv-files.ts'
import { type NaiveRecord, naiveCsv } from './csv/naive-csv.ts'

/** The files of the CSV suite through `POST /imports`; `RUNWAY_SEED=<file's seed> RUNWAY_RUNS=1` repeats one. */
const seed = Number(process.env['RUNWAY_SEED'] ?? 20_261_125)
const files = Math.ceil(Number(process.env['RUNWAY_RUNS'] ?? 2_000) * 0.03)
vi.setConfig({ testTimeout: 300_000 + files * 3_000 })

interface Run {
  readonly status: string
  readonly counts: Record<'rows' | 'created' | 'updated' | 'skipped' | 'failed', number>
  readonly errorsUrl?: string
  readonly problem?: string
}

let app: TestApp
let org: Caller
beforeAll(async () => {
  console.info(`csv imports: RUNWAY_SEED=${seed}, ${files} files`)
  app = await startApp()
  org = await app.createOrg()
})
afterAll(() => app?.stop())

const header = ['name', 'company', 'score']

async function upload(file: CsvFile, notes: string, more: object = {}) {
  const spec = {
    entity: 'leads',
    columns: { name: 'name', company: 'company', score: 'score' },
    key: [],
    defaults: { notes },
    delimiter: file.delimiter,
    ...more,
  }
  const form = new FormData()
  form.set('spec', JSON.stringify(spec))
  form.set('file', new File([new Uint8Array(file.bytes)], 'file.csv'))
  const request = new Request('http://localhost', { method: 'POST', body: form })
  return app.inject({
    method: 'POST',
    url: '/api/v1/imports',
    headers: { ...org.headers, 'content-type': request.headers.get('content-type')! },
    payload: Buffer.from(await request.arrayBuffer()),
  })
}

async function finish(id: string): Promise<Run> {
  for (;;) {
    const run = (await org.call('GET', `/imports/${id}`)).json<Run>()
    if (run.status !== 'running') return run
    await sleep(20)
  }
}

/** Names of the leads that a file brought, sorted. */
async function namesOf(notes: string): Promise<string[]> {
  const query = `filter=${encodeURIComponent(JSON.stringify({ notes }))}&fields=name&limit=200`
  const answer = await org.call('GET', `/leads?${query}`)
  return answer
    .json<{ data: { name: string }[] }>()
    .data.map(({ name }) => name)
    .sort()
}

/** Lines of the error file; no cell of it is a formula. */
async function failedLines({ errorsUrl }: Run): Promise<Set<number>> {
  if (!errorsUrl) return new Set()
  const [head, ...records] = naiveCsv((await org.call('GET', errorsUrl)).body, ',')!
  expect(head?.cells).toEqual(['line', 'column', 'value', 'code', 'message'])
  for (const cell of records.flatMap(({ cells }) => cells))
    if (/^[=+\-@\t\r]/.test(cell)) expect(cell).toMatch(/^-\d+([.,]\d+)?$/)
  return new Set(records.map(({ cells }) => Number(cells[0])))
}

function expectWhole({ counts }: Run): void {
  const { rows, created, updated, skipped, failed } = counts
  expect(created + updated + skipped + failed).toBe(rows)
}

function isGood({ cells }: NaiveRecord): boolean {
  const [name = '', company = '', score = ''] = cells.map((cell) => cell.trim())
  const isKept = (text: string) => text.length <= 500 && !text.includes('\0')
  return (
    cells.slice(3).every((cell) => cell === '') &&
    name !== '' &&
    isKept(name) &&
    isKept(company) &&
    /^\d*$/.test(score)
  )
}

async function eachFile(
  check: (file: CsvFile, notes: string) => Promise<void>,
  isMutated: boolean,
) {
  for (let index = 0; index < files; index++) {
    const random = createSeeded(seed + index)
    const cellOf = (column: string) =>
      column === 'score' ? random.pick(['', '7', '80', '100', 'many', '=1']) : null
    const made = makeCsvFile(random, { header, cellOf, isLargeAllowed: index % 10 === 0 })
    try {
      const file = isMutated ? mutateCsvFile(random, made) : made
      await check(file, `file ${isMutated} ${index}`)
    } catch (error) {
      throw new Error(`RUNWAY_SEED=${seed + index} RUNWAY_RUNS=1`, { cause: error })
    }
  }
}

it('imports every good row of a file and names every other one by its line', async () => {
  await eachFile(async (file, notes) => {
    if (!file.isPlain) return
    const answer = await upload(file, notes)
    expect(answer.statusCode, answer.body).toBe(202)
    const run = await finish(answer.json<{ id: string }>().id)
    const records = naiveCsv(file.text!, file.delimiter)!.slice(1)
    const good = records.filter(isGood)
    expect(run).toMatchObject({
      status: 'done',
      counts: { rows: records.length, created: good.length },
    })
    expectWhole(run)
    const bad = records.filter((record) => !isGood(record))
    expect(await failedLines(run)).toEqual(new Set(bad.map(({ line }) => line)))
    expect(await namesOf(notes)).toEqual(good.map(({ cells }) => cells[0]!.trim()).sort())
  }, false)
})

it('imports broken files, or says what is wrong with them', async () => {
  let imported = 0
  await eachFile(async (file, notes) => {
    const answer = await upload(file, notes, { key: ['name'], onDuplicate: 'update' })
    if (answer.statusCode === 202) {
      const run = await finish(answer.json<{ id: string }>().id)
      expect(run.status, run.problem).toBe('done')
      expectWhole(run)
      expect((await failedLines(run)).size).toBe(run.counts.failed)
      imported += 1
    } else {
      const told = answer.json<{ code: string; detail: string; errors: { message: string }[] }>()
      expect(told).toMatchObject({ status: 422, code: 'INVALID' })
      expect(told.errors.every(({ message }) => message.length > 10)).toBe(true)
    }
  }, true)
  if (files >= 60) expect(imported).toBeGreaterThan(files / 3)
})

it('refuses delimiters that are none', async () => {
  for (const delimiter of ['"', '\n', '\r', '', '::', '\ud800'])
    expect(
      (await upload({ bytes: Buffer.from('name\nx\n'), delimiter } as CsvFile, '')).json(),
    ).toMatchObject({
      status: 422,
      errors: [{ path: 'spec.delimiter' }],
    })
})
