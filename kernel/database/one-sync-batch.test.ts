import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../tests/setup/test-database.ts'
import { createDatabase, type Database, type Statement } from './postgres.ts'
import { uuidv7 } from './uuid.ts'

let test: TestDatabase
let db: Database
const orgId = uuidv7()

beforeAll(async () => {
  test = await createTestDatabase()
  db = createDatabase({ url: test.serverUrl, secretKey: test.secretKey, poolSize: 3 })
})
afterAll(async () => {
  await db.close()
  await test.drop()
})

/** A statement and the value it gives, or the code it fails with. */
interface Case {
  readonly statement: Statement
  readonly gives: number | null
  readonly fails: string | null
}

const named = fc.record({ name: fc.nat(400), value: fc.nat(9), fails: fc.boolean() })
const cases = fc.oneof(
  { weight: 6, arbitrary: named.map(({ name, value }) => good(`n${name}`, value)) },
  { weight: 3, arbitrary: fc.nat(9).map((value) => good(undefined, value)) },
  { weight: 1, arbitrary: named.map(({ name, fails }) => divided(fails ? `d${name}` : undefined)) },
  { weight: 1, arbitrary: fc.nat(400).map((name) => unknown(`u${name}`)) },
  { weight: 1, arbitrary: fc.constant(unsendable()) },
  { weight: 1, arbitrary: fc.constant(nothing()) },
)
const withName = (name: string | undefined) => (name === undefined ? {} : { name })
function good(name: string | undefined, value: number): Case {
  const statement = { ...withName(name), text: 'select $1::int + 1 as n', values: [value] }
  return { statement, gives: value + 1, fails: null }
}
/** Fails when it runs, after it was parsed. */
function divided(name: string | undefined): Case {
  const statement = { ...withName(name), text: 'select 1 / $1::int as n', values: [0] }
  return { statement, gives: null, fails: '22012' }
}
/** Fails when it is parsed. */
function unknown(name: string): Case {
  return { statement: { name, text: 'select nowhere.x', values: [] }, gives: null, fails: '42P01' }
}
/** Fails before anything is sent. */
function unsendable(): Case {
  return {
    statement: { text: 'select $1', values: [Symbol('x')] },
    gives: null,
    fails: 'TypeError',
  }
}
/** Answers without columns. */
function nothing(): Case {
  return {
    statement: { name: 'nothing', text: 'select 1 as n where false', values: [] },
    gives: null,
    fails: null,
  }
}

it('answers every batch with its own answers, whatever failed before on the connection', async () => {
  const batches = fc.array(fc.array(cases, { minLength: 1, maxLength: 6 }), {
    minLength: 20,
    maxLength: 60,
  })
  await fc.assert(
    fc.asyncProperty(batches, async (many) => {
      await Promise.all(
        many.map(async (batch) => {
          const unsent = batch.some((c) => c.fails === 'TypeError')
          const expected = unsent ? 'TypeError' : batch.find((c) => c.fails !== null)?.fails
          const answer = await db
            .batch(
              orgId,
              batch.map((c) => c.statement),
            )
            .then(
              (results) => results.map((r) => (r.rows[0]?.['n'] as number | undefined) ?? null),
              (error) => error.code ?? error.name,
            )
          expect(answer).toEqual(expected ?? batch.map((c) => c.gives))
        }),
      )
    }),
    { numRuns: 12 },
  )
})
