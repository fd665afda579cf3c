import { afterAll, beforeAll, expect, it } from 'vitest'
import { smallModel } from '../../tests/setup/small-model.ts'
import { createTestDatabase, type TestDatabase } from '../../tests/setup/test-database.ts'
import { migrate } from './migrate.ts'
import { createDatabase, type Database } from './postgres.ts'
import { createTables } from './tables.ts'
import { uuidv7 } from './uuid.ts'

let test: TestDatabase
let db: Database
const model = smallModel(
  {},
  {
    'acme.jobs:runs': {
      columns: {
        startedAt: { storage: 'timestamptz' },
        state: { storage: 'text', required: true },
        input: { storage: 'jsonb' },
        tries: { storage: 'bigint' },
      },
    } as never,
  },
)
const [ours, theirs] = [uuidv7(), uuidv7()]
const tablesOf = (orgId: string, plugin = 'acme.jobs') =>
  createTables(db)({ orgId, plugin, model, tx: null })

beforeAll(async () => {
  test = await createTestDatabase()
  await migrate({ ...test, model })
  db = createDatabase({ url: test.serverUrl, secretKey: test.secretKey })
})
afterAll(async () => {
  await db.close()
  await test.drop()
})

it('keeps rows of one organisation, and finds, changes and removes them', async () => {
  const tables = tablesOf(ours)
  const at = '2026-01-02T03:04:05.678Z'
  const inserted = await tables.insert('runs', [
    { state: 'open', startedAt: at, input: { a: [1, '?'] }, tries: 1 },
    { state: "it's ?", tries: 2 },
    { state: 'done', tries: 3 },
  ])
  expect(inserted).toHaveLength(3)
  expect(inserted[0]).toEqual({
    id: expect.any(String),
    state: 'open',
    startedAt: at,
    input: { a: [1, '?'] },
    tries: 1,
  })
  expect(await tables.select('runs', { where: { state: "it's ?" } })).toEqual([inserted[1]])
  expect(
    await tables.select('runs', { where: { state: ['open', 'done'] }, sort: 'tries' }),
  ).toEqual([inserted[0], inserted[2]])
  expect(
    await tables.select('runs', { where: { tries: { $gte: 2 } }, sort: '-tries', limit: 1 }),
  ).toEqual([inserted[2]])
  expect(await tables.select('runs', { where: { startedAt: null } })).toHaveLength(2)
  expect(
    await tables.update('runs', { id: inserted[0]?.id }, { state: 'done', input: { b: 2 } }),
  ).toBe(1)
  expect((await tables.select('runs', { where: { id: inserted[0]?.id } }))[0]).toMatchObject({
    state: 'done',
    input: { b: 2 },
  })
  expect(await tables.delete('runs', { state: 'done' })).toBe(2)
  expect(await tables.select('runs')).toHaveLength(1)
})

it('shows them to no other organisation and to no other plugin', async () => {
  expect(await tablesOf(theirs).select('runs')).toEqual([])
  expect(await tablesOf(theirs).delete('runs', {})).toBe(0)
  await expect(tablesOf(ours, 'acme.other').select('runs')).rejects.toThrow('has no table "runs"')
})

it('takes part in a transaction', async () => {
  const failed = db.transaction(theirs, async (tx) => {
    await createTables(db)({ orgId: theirs, plugin: 'acme.jobs', model, tx }).insert('runs', [
      { state: 'x' },
    ])
    throw new Error('no')
  })
  await expect(failed).rejects.toThrow('no')
  expect(await tablesOf(theirs).select('runs')).toEqual([])
})

it('refuses columns that were not declared and rows without a required value', async () => {
  const tables = tablesOf(ours)
  await expect(tables.insert('runs', [{ state: 'x', color: 1 }])).rejects.toThrow(
    'no column "color"',
  )
  await expect(tables.insert('runs', [{ tries: 1 }])).rejects.toThrow('needs a "state"')
  await expect(tables.select('runs', { where: { org_id: theirs } })).rejects.toThrow('no column')
  await expect(tables.select('runs', { where: { state: { $fulltext: 'x' } } })).rejects.toThrow(
    'compared',
  )
  await expect(tables.select('runs', { sort: 'state; drop' })).rejects.toThrow('no column')
})
