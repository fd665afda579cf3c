import pg from 'pg'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { readFormula } from '../../kernel/model/formula/check.ts'
import {
  type Expression,
  FormulaError,
  formulaLimits,
  sizeOf,
  type ValueType,
} from '../../kernel/model/formula/expression.ts'
import type { Field } from '../../kernel/model/model.ts'
import { formulaSql } from '../../kernel/records/formula-sql.ts'
import { createSeeded } from '../../kernel/records/testing/seeded.ts'
import { createTestDatabase, type TestDatabase } from '../setup/test-database.ts'
import { type MadeFormula, makeFormula, type Row, type Value } from './formulas/make-formula.ts'
import { mutateFormula } from './formulas/mutate-formula.ts'

/**
 * Formulas by the thousand, right ones and broken ones. Reading them never crashes; whatever can be read
 * runs in PostgreSQL over rows with blanks and extremes without an error, and where plain JavaScript can
 * judge, gives the same.
 */
const runs = Number(process.env['RUNWAY_RUNS'] ?? 2_000)
const given = process.env['RUNWAY_SEED']
const random = createSeeded(given === undefined ? undefined : Number(given))
const perStatement = 50
vi.setConfig({ testTimeout: 120_000 + runs * 20 })

const columns: Readonly<Record<string, readonly [ValueType, string]>> = {
  name: ['text', 'text'],
  code: ['text', 'text'],
  price: ['number', 'bigint'],
  area: ['number', 'float8'],
  isOpen: ['boolean', 'boolean'],
  day: ['date', 'date'],
  moment: ['dateTime', 'timestamptz'],
  tags: ['list', 'jsonb'],
}

const names = [
  null,
  '',
  'n/a',
  'Ada',
  ' 12.5 ',
  'x'.repeat(12_000),
  '😀é',
  "it's \\ $1 %",
  'Infinity',
]
const numbers = [
  null,
  0,
  -1.5,
  3,
  1e308,
  -1e308,
  1e-308,
  1e140,
  -1e139,
  1e-139,
  0.1,
  Number.NaN,
  Number.POSITIVE_INFINITY,
]
const days = [
  null,
  '0001-01-01',
  '9999-12-31',
  'infinity',
  '-infinity',
  '2026-02-28',
  '4713-01-01 BC',
  '5874897-12-31',
]
const moments = [
  null,
  '0001-01-01 00:00Z',
  '9999-12-31 23:59Z',
  'infinity',
  '-infinity',
  '2026-03-29 01:30Z',
  '294276-12-31 00:00Z',
]
const prices = [null, 0, 15_000, -25_000, 90_071_992_547_409, 33_333]
const tags = [null, '[]', '["a"]', 'null']

let database: TestDatabase
let client: pg.Client
const rows: Row[] = []
beforeAll(async () => {
  console.info(`formulas: RUNWAY_SEED=${random.seed} RUNWAY_RUNS=${runs}`)
  database = await createTestDatabase()
  client = new pg.Client({ connectionString: database.serverUrl })
  await client.connect()
  const admin = new pg.Client({ connectionString: database.adminUrl })
  await admin.connect()
  const made = Object.entries(columns).map(([name, [, type]]) => `"${name}" ${type}`)
  await admin.query(`create table public.row (n integer, ${made.join(', ')})`)
  await admin.query('grant select on public.row to public; grant usage on schema public to public')
  for (let n = 0; n < 13; n++) {
    const price = prices[n % prices.length]!
    const row = {
      name: names[n % names.length]!,
      code: names[(n * 5 + 3) % names.length]!,
      price,
      area: numbers[n]!,
      isOpen: [true, false, null][n % 3]!,
      day: days[n % days.length]!,
      moment: moments[n % moments.length]!,
      tags: tags[n % tags.length]!,
    }
    const places = Object.keys(row).map((_, index) => `$${index + 2}`)
    await admin.query(`insert into public.row values ($1, ${places.join(', ')})`, [
      n,
      ...Object.values(row),
    ])
    const clip = (text: string | null) => (text === null ? null : text.slice(0, 10_000))
    rows.push({
      ...row,
      name: clip(row.name),
      code: clip(row.code),
      price: price === null ? null : price / 10_000,
    })
  }
  await admin.end()
})
afterAll(async () => {
  await client?.end()
  await database?.drop()
})

let slowestMs = 0
let largest = 0

function compile(source: string): { expression: Expression | null; sql: string | null } {
  const begun = process.threadCpuUsage()
  const { expression, problems } = readFormula(source, (name, at) => {
    const column = Object.hasOwn(columns, name) ? columns[name] : undefined
    if (!column) throw new FormulaError(at, `There is no field "${name}".`, 'Use another.')
    return { kind: 'field', type: column[0], steps: [], name, part: null }
  })
  const sql = expression && formulaSql(expression, surroundings)
  const { user, system } = process.threadCpuUsage(begun)
  slowestMs = Math.max(slowestMs, (user + system) / 1000)
  for (const { at, message, hint } of problems) {
    expect(at >= 0 && at <= Math.max(source.length, formulaLimits.length), source).toBe(true)
    expect(message.length > 0 && hint.length > 0, source).toBe(true)
    expect((message + hint).isWellFormed(), source).toBe(true)
  }
  if (expression) {
    largest = Math.max(largest, sizeOf(expression))
    // Conversions stand beside the parts that were written.
    expect(sizeOf(expression)).toBeLessThanOrEqual(2 * formulaLimits.nodes)
  }
  return { expression, sql }
}

const surroundings = {
  field: ({ name }: { name: string }) => {
    const kind = name === 'price' ? 'currency' : 'text'
    return { field: { typeDefinition: { kind } } as unknown as Field, sql: `t."${name}"` }
  },
  now: () => "'2026-03-01 12:00:00+00'::timestamptz",
  zone: () => "'Europe/Oslo'::text",
}

/** Runs many at once; one that fails is found by running them one by one. */
async function runAll(list: readonly { source: string; sql: string }[]): Promise<unknown[][]> {
  const text = (some: typeof list) =>
    `select ${some.map(({ sql }) => sql).join(', ')} from public.row t order by t.n`
  try {
    return (await client.query({ text: text(list), rowMode: 'array' })).rows as unknown[][]
  } catch (error) {
    for (const one of list) {
      await client.query(text([one])).catch((cause: Error) => {
        throw new Error(`${cause.message}: ${one.source}`)
      })
    }
    throw error
  }
}

it('formulas that are right give what plain JavaScript gives, and raise nothing', async () => {
  let judged = 0
  for (let done = 0; done < runs; done += perStatement) {
    const made: { formula: MadeFormula; source: string; sql: string }[] = []
    while (made.length < perStatement) {
      const formula = makeFormula(random, 1 + random.below(4))
      if (formula.source.length > formulaLimits.length) continue
      const { sql } = compile(formula.source)
      if (sql === null) {
        // Of blanks alone nobody knows the type, and one may be too large; nothing else is refused.
        if (!formula.source.includes('null')) {
          const [problem] = readFormula(formula.source, knownField).problems
          expect(problem?.message, formula.source).toMatch(/at most/)
        }
        continue
      }
      made.push({ formula, source: formula.source, sql })
    }
    const answers = await runAll(made)
    answers.forEach((answer, n) => {
      made.forEach(({ formula, source }, index) => {
        if (!formula.judge) return
        judged += 1
        const expected = shown(formula.judge(rows[n]!))
        const got = answer[index] as Value
        if (!isSame(got, expected)) {
          throw new Error(`Row ${n}: ${source}\n got ${brief(got)}, expected ${brief(expected)}`)
        }
      })
    })
  }
  console.info(`formulas: ${judged} values judged`)
  expect(judged).toBeGreaterThan(runs)
})

it('formulas that are broken are told, or run without an error', async () => {
  let refused = 0
  let batch: { source: string; sql: string }[] = []
  for (let done = 0; done < runs; done++) {
    const source = mutateFormula(makeFormula(random, 1 + random.below(4)).source, random)
    const { sql } = compile(source)
    if (sql === null) refused += 1
    else batch.push({ source, sql })
    if (batch.length === perStatement) {
      await runAll(batch)
      batch = []
    }
  }
  if (batch.length > 0) await runAll(batch)
  console.info(
    `formulas: ${refused} of ${runs} refused; the slowest took ${slowestMs.toFixed(1)} ms, the largest has ${largest} parts`,
  )
  expect(refused).toBeGreaterThan(runs / 10)
  expect(refused).toBeLessThan(runs)
})

const knownField = (name: string) =>
  ({ kind: 'field', type: columns[name]![0], steps: [], name, part: null }) as const

/** A text of nothing is blank. */
function shown(value: Value): Value {
  return value === '' ? null : value
}

function isSame(got: Value, expected: Value): boolean {
  if (typeof got === 'number' && typeof expected === 'number') return got === expected
  return got === expected
}

function brief(value: Value): string {
  return JSON.stringify(value)?.slice(0, 200) ?? 'nothing'
}
