import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type Caller, startApp, type TestApp } from '../setup/test-app.ts'

/**
 * Lists by indexed fields of which some find few records and some very many: they are come by in different
 * ways, and give the same answers.
 */
let app: TestApp
let acme: Caller
let admin: pg.Client

const total = 9_000
const cities = ['Oslo', 'oslo', 'Bergen']

interface Row {
  readonly id: string
  readonly name: string
  readonly code: string
  readonly city: string
  readonly price: number | null
  readonly day: string
  readonly note: string
}
/** In the order of the ids. */
let rows: readonly Row[]

const numbered = (n: number) => String(n).padStart(5, '0')
const made = Array.from({ length: total }, (_, n) => ({
  name: `P${numbered((n * 4_001) % total)}`,
  code: `${n < 4_500 ? 'A' : 'B'}-${numbered(n)}`,
  city: cities[n % 20 === 0 ? 2 : n % 2]!,
  price: n % 10 === 0 ? null : ((n * 7_919) % total) / 10,
  day: n % 3 === 0 ? '2026-01-01' : `2026-02-${String(1 + (n % 28)).padStart(2, '0')}`,
  note: `note ${n % 7}`,
}))

const fields = {
  name: { type: 'text', required: true },
  code: { type: 'text' },
  city: { type: 'text' },
  price: { type: 'number' },
  day: { type: 'date' },
  note: { type: 'text' },
}
const entity = {
  label: 'Property',
  labelPlural: 'Properties',
  plural: 'properties',
  titleField: 'name',
  fields,
}

async function publish(ops: readonly { path: readonly string[]; value: unknown }[]) {
  await acme.call('PATCH', '/studio/draft', { ops: ops.map((op) => ({ op: 'set', ...op })) })
  const { hash } = (await acme.call('POST', '/studio/plan')).json()
  expect((await acme.call('POST', '/studio/publish', { hash })).statusCode).toBe(201)
}

beforeAll(async () => {
  app = await startApp()
  acme = await app.createOrg({ name: 'Acme' })
  admin = new pg.Client({ connectionString: app.database.adminUrl })
  await admin.connect()
  await publish([{ path: ['entities', 'property'], value: entity }])
  const { rows: layers } = await admin.query<{ ids: Record<string, string> }>(
    `select document -> 'storageIds' as ids from tenant.layer_revision where org_id = $1 order by n desc limit 1`,
    [acme.orgId],
  )
  const storageIds = Object.entries(layers[0]!.ids).map(([at, id]) => [at.split('/').at(-1)!, id])
  const idOf = Object.fromEntries(storageIds) as Record<keyof typeof fields, string>
  const stored = made.map((row) =>
    Object.fromEntries(Object.entries(row).map(([key, value]) => [idOf[key as 'name'], value])),
  )
  const { rows: kept } = await admin.query<{ id: string }>(
    `insert into tenant.record (org_id, entity, id, version, created_at, updated_at, created_by, updated_by, custom)
     select $1, 't:property', uuidv7(), 1, now(), now(), '{}', '{}', c.value
       from jsonb_array_elements($2) with ordinality c order by c.ordinality
     returning id`,
    [acme.orgId, JSON.stringify(stored)],
  )
  rows = kept.map(({ id }, n) => ({ id, ...made[n]! }))
  const indexed = ['code', 'city', 'price', 'day'].map((key) => ({
    path: ['entities', 'property', 'fields', key, 'indexed'],
    value: true,
  }))
  await publish(indexed)
  const waiting = 'select 1 from tenant.slot_fill where org_id = $1 and not is_ready'
  await vi.waitUntil(async () => (await admin.query(waiting, [acme.orgId])).rowCount === 0, {
    timeout: 60_000,
    interval: 50,
  })
}, 180_000)
afterAll(async () => {
  await admin.end()
  await app.stop()
})

/** Filters with what they mean, those of few records and those of many. */
const filters: readonly (readonly [object, (row: Row) => boolean])[] = [
  [{ code: { $startsWith: 'a-0001' } }, ({ code }) => code.startsWith('A-0001')],
  [{ code: { $startsWith: 'A' } }, ({ code }) => code.startsWith('A')],
  [{ code: { $startsWith: 'C' } }, () => false],
  // Its copies are those of "oslo" too.
  [{ city: 'Oslo' }, ({ city }) => city === 'Oslo'],
  [{ price: { $gt: 100, $lt: 800 } }, ({ price }) => price !== null && price > 100 && price < 800],
  [
    { city: 'Oslo', price: { $lt: 700 }, code: { $startsWith: 'b-08' } },
    ({ city, price, code }) =>
      city === 'Oslo' && price !== null && price < 700 && code.startsWith('B-08'),
  ],
  [
    { city: { $ne: 'Bergen' }, price: { $lt: 700 }, day: { $gt: '2026-01-01' } },
    ({ city, price, day }) =>
      city !== 'Bergen' && price !== null && price < 700 && day > '2026-01-01',
  ],
  [
    { $or: [{ price: { $gte: 890 } }, { note: 'note 3' }], day: { $gte: '2026-01-01' } },
    ({ price, note }) => (price !== null && price >= 890) || note === 'note 3',
  ],
  [
    { $not: { price: { $lt: 700 } }, code: { $startsWith: 'B' } },
    ({ price, code }) => !(price !== null && price < 700) && code.startsWith('B'),
  ],
]

/** Nulls last both ways; equal ones by id, in the direction of the key. */
const by =
  (key: 'price' | 'name' | 'city' | 'id', sign: 1 | -1) =>
  (one: Row, other: Row): number => {
    const [a, b] = [one, other].map((row) => {
      const value = row[key]
      return key === 'city' ? row.city.toLowerCase() : value
    })
    if (a === b) return key === 'id' ? 0 : by('id', sign)(one, other)
    if (a === null || b === null) return a === null ? 1 : -1
    return a! < b! ? -sign : sign
  }
const sorts = {
  '': by('id', -1),
  price: by('price', 1),
  city: by('city', 1),
  '-name': by('name', -1),
} as const

async function page(query: Readonly<Record<string, string>>) {
  const answer = await acme.call('GET', `/properties?${new URLSearchParams(query)}`)
  expect(answer.statusCode, answer.body).toBe(200)
  return answer.json<{
    data: { name: string }[]
    page: { nextCursor: string | null; count?: number }
  }>()
}

describe('a list by indexed fields', () => {
  it.each(filters)('gives what %j means, in every order, page by page', async (filter, test) => {
    for (const [sort, order] of Object.entries(sorts)) {
      const expected = rows.filter(test).sort(order)
      const names = expected.map(({ name }) => name)
      const question = {
        filter: JSON.stringify(filter),
        limit: '60',
        fields: 'name',
        ...(sort ? { sort } : {}),
      }
      const first = await page({ ...question, count: 'exact' })
      expect(first.page.count).toBe(expected.length)
      const got = first.data.map(({ name }) => name)
      const { nextCursor: cursor } = first.page
      if (cursor !== null) {
        got.push(...(await page({ ...question, cursor })).data.map(({ name }) => name))
      }
      expect(got, sort).toEqual(names.slice(0, 120))
      const { data } = await page({ ...question, offset: '150' })
      expect(data.map(({ name }) => name)).toEqual(names.slice(150, 210))
    }
  })

  it('shows the deleted ones in the same ways', async () => {
    const gone = rows.filter(({ price }) => price !== null && price >= 897)
    for (const { id } of gone.slice(0, 5)) await acme.call('DELETE', `/properties/${id}`)
    const expected = gone.slice(0, 5).map(({ name }) => name)
    for (const least of [100, 890]) {
      const question = { filter: JSON.stringify({ price: { $gte: least } }), sort: 'id' }
      const { data } = await page({ ...question, deleted: 'only' })
      expect(data.map(({ name }) => name)).toEqual(expected)
      const living = await page({ ...question, sort: '-price', limit: '20' })
      for (const { name } of living.data) expect(expected).not.toContain(name)
    }
    for (const { id } of gone.slice(0, 5)) await acme.call('POST', `/properties/${id}/restore`)
  })
})
