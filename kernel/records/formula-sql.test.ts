import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../tests/setup/test-database.ts'
import { readFormula } from '../model/formula/check.ts'
import { FormulaError, type FormulaProblem } from '../model/formula/expression.ts'
import { formulaFunctions } from '../model/formula/functions.ts'
import { operatorsOfFormulas } from '../model/formula/operators-of-formulas.ts'
import { formulaSql } from './formula-sql.ts'

let database: TestDatabase
let client: pg.Client
beforeAll(async () => {
  database = await createTestDatabase()
  client = new pg.Client({ connectionString: database.serverUrl })
  await client.connect()
  await client.query("set time zone 'UTC'")
})
afterAll(async () => {
  await client.end()
  await database.drop()
})

const noField = (name: string, at: number): never => {
  throw new FormulaError(at, `There is no field "${name}".`, '')
}

function compile(source: string): string {
  const { expression, problems } = readFormula(source, noField)
  if (expression === null) throw new Error(JSON.stringify(problems))
  return formulaSql(expression, {
    field: () => null,
    now: () => "'2026-03-01 12:00:00+00'::timestamptz",
    zone: () => "'Europe/Oslo'",
  })
}

async function run(source: string): Promise<unknown> {
  const { rows } = await client.query(`select to_jsonb(${compile(source)}) as value`)
  return rows[0].value
}

function problemsOf(source: string): readonly FormulaProblem[] {
  return readFormula(source, noField).problems
}

const named = Object.entries({ ...formulaFunctions, ...operatorsOfFormulas })

describe('functions of formulas', () => {
  it('are more than forty, each with a label', () => {
    expect(Object.keys(formulaFunctions).length).toBeGreaterThan(40)
    for (const [, { label }] of named) expect(label).not.toBe('')
  })

  it.each(named.map(([name, { example }]) => [name, ...example] as const))(
    '%s: %s is %s',
    async (_, source, expected) => {
      expect(await run(source)).toEqual(expected)
    },
  )

  it('stand in SQL with every argument once, so that formulas cannot double', () => {
    for (const [name, { forms }] of named) {
      for (const { sql } of forms) {
        const places = [...sql.matchAll(/\$[\d*]/g)].map(([place]) => place)
        expect(new Set(places).size, name).toBe(places.length)
      }
    }
  })
})

describe('what has no answer is blank and no error', () => {
  it.each([
    '1 / 0',
    '1 % 0',
    '1e140 * 1e140',
    '-1e140 * 1e139 + 1',
    'power(10, 1000)',
    'power(0, -1)',
    'power(-8, 1 / 3)',
    'sqrt(-1)',
    'ln(0)',
    'log(10, 1)',
    'exp(1000)',
    'number("n/a")',
    'number("1e400")',
    'number("Infinity")',
    'number("NaN")',
    'date("2026-02-30")',
    'date("infinity")',
    'date("n/a")',
    'date_of(99999, 1, 1)',
    'date_of(2026, 1.5, 1)',
    'date_add(date("9999-12-31"), 1, "d")',
    'date_add(date("0001-01-01"), -1, "d")',
    'date_add(date("2026-01-01"), 1e100, "y")',
    'date_add(date("2026-01-01"), -10000, "y")',
    'date_add(now(), -120000, "m")',
    'round(1, 99)',
    'round(1, 0.5)',
    'end_of(null, "m")',
    'split_part("a", "-", 2)',
    'upper(null)',
    'left("abc", -5)',
    'mid("abc", 9, 1e100)',
    'min(null, null)',
  ])('%s', async (source) => {
    expect(await run(source)).toBeNull()
  })

  it('small numbers become zero and not an underflow', async () => {
    expect(await run('1e-100 * 1e-100')).toBe(0)
    expect(await run('power(10, -1000)')).toBe(0)
    expect(await run('exp(-1000)')).toBe(0)
  })

  it('texts do not grow without end', async () => {
    const source = `${'replace('.repeat(12)}"aaaa"${', "a", "aaaaaaaaaaaaaaaaaaaa")'.repeat(12)}`
    expect(await run(`len(${source})`)).toBe(10_000)
  })
})

describe('how formulas are read', () => {
  it.each([
    ['1 + 2 * 3', 7],
    ['(1 + 2) * 3', 9],
    ['2 - 3 - 4', -5],
    ['-2 * -3', 6],
    ['not 1 > 2 and true', true],
    ['"a" & 1 + 2', 'a3'],
    ['"say ""hi"""', 'say "hi"'],
    ["'it''s'", "it's"],
    ['if(null, 1, 2)', 2],
    ['if(false, 1)', null],
    ['null = 1', false],
    ['null < 1', false],
    ['switch(3, 1, "a", 2, "b")', null],
    ['date("2026-03-01") + 1', '2026-03-02'],
    ['date_diff(date("2026-03-01"), date("2026-03-15"), "w")', 2],
    ['text(1e20)', '1e+20'],
    ['text(1000000)', '1000000'],
    ['text(date("2026-03-01")) & true', '2026-03-01true'],
    ['hour(now())', 13],
    ['date(now())', '2026-03-01'],
    ['"\\" & "$1"', '\\$1'],
    ['1 <> 2', true],
    ['1 == 1', true],
  ])('%s is %s', async (source, expected) => {
    expect(await run(source)).toEqual(expected)
  })

  it.each([
    ['', 0, 'empty'],
    ['1 +', 3, 'not the end'],
    ['1 + + ', 6, 'Expected a value'],
    ['(1 + 2', 6, 'Expected ")"'],
    ['1 2', 2, 'Expected an operator'],
    ['"abc', 0, 'no end'],
    ['{price}', 0, 'Braces'],
    ['a ; b', 2, 'means nothing'],
    ['foo(1)', 0, 'no function "foo"'],
    ['1 + "a"', 4, 'Expected a number, not a text'],
    ['upper(1)', 6, 'Expected a text, not a number'],
    ['left("a")', 0, 'does not take 1 value'],
    ['1 < 2 < 3', 6, 'in a row'],
    ['not 1', 4, 'Expected true or false'],
    ['if(1, 2, 3)', 3, 'Expected true or false'],
    ['if(true, 1, "a")', 0, 'together'],
    ['1 = "1"', 2, 'together'],
    ['date_add(today(), 1, "x")', 21, 'Expected a unit'],
    ['switch(1, 2)', 0, 'at least 3 values'],
    ['switch(1, "a", 2)', 0, 'different types'],
    ['price * 2', 0, 'no field "price"'],
    ['1e999', 0, 'too large'],
    ['('.repeat(70), 60, 'deep'],
    [`1${' + 1'.repeat(300)}`, 798, 'at most 400 parts'],
    ['1'.repeat(2001), 2000, '2,000 characters'],
    ['__proto__(1)', 0, 'no function'],
    ['constructor', 0, 'no field'],
  ])('%s is wrong at %i: %s', (source, at, message) => {
    const [problem] = problemsOf(source)
    expect(problem!.message).toContain(message)
    expect(problem!.at).toBe(at)
    expect(
      problem!.hint === '' && !source.includes('constructor') && !source.includes('price'),
    ).toBe(false)
  })

  it('tells all names that are not there at once', () => {
    expect(problemsOf('price / area').map(({ at }) => at)).toEqual([0, 8])
  })
})
