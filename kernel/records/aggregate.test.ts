import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RequestContext } from '../context/request-context.ts'
import { createReader, type Reader } from './read.ts'
import {
  newId,
  openReadFixture,
  type ReadFixture,
  zooCodecs,
  zooContext,
  zooEntity,
} from './testing/read-fixture.ts'

const animals = zooEntity('animals')
const orgId = newId()
let fixture: ReadFixture
let reader: Reader
let ctx: RequestContext

beforeAll(async () => {
  fixture = await openReadFixture()
  reader = createReader({ db: fixture.db, codecs: zooCodecs })
  ctx = zooContext({ orgId, timeZone: 'America/New_York' })
  const houses = await fixture.insert(ctx, zooEntity('houses'), [{ name: 'Ark' }, { name: 'Den' }])
  const eur = (amount: string) => ({ amount, currency: 'EUR' })
  const usd = (amount: string) => ({ amount, currency: 'USD' })
  await fixture.insert(ctx, animals, [
    // 2026-03-01T03:00Z is still February in New York.
    {
      color: 'red',
      legs: 4,
      weight: 1,
      price: eur('10'),
      seen: '2026-03-01T03:00:00Z',
      houseId: houses[0],
    },
    {
      color: 'red',
      legs: 2,
      weight: 2,
      price: eur('0.5'),
      seen: '2026-03-01T06:00:00Z',
      houseId: houses[0],
    },
    { color: 'green', legs: 4, price: usd('7.25'), born: '2026-01-05', houseId: houses[1] },
    { color: 'green', legs: null, price: eur('1'), born: '2026-01-04' },
    { color: null, legs: 3, weight: -4, born: '2026-01-11' },
    { color: 'red', deletedAt: '2026-01-01T00:00:00Z', legs: 100 },
  ])
})
afterAll(() => fixture.close())

const ask = async (query: object) => (await reader.aggregate(ctx, animals, query as never)).data
const codeOf = (query: object) =>
  ask(query).then(
    () => 'fine',
    (error: { code: string }) => error.code,
  )

describe('aggregating', () => {
  it('measures all records at once, none when there are none', async () => {
    const measures = {
      all: { count: '*' },
      legs: { count: 'legs' },
      kinds: { countDistinct: 'legs' },
      total: { sum: 'legs' },
      mean: { avg: 'legs' },
      least: { min: 'weight' },
      last: { max: 'seen' },
      first: { min: 'born' },
    }
    expect(await ask({ measures })).toEqual([
      {
        all: 5,
        legs: 4,
        kinds: 3,
        total: 13,
        mean: 3.25,
        least: -4,
        last: '2026-03-01T06:00:00.000Z',
        first: '2026-01-04',
      },
    ])
    expect(
      await ask({ measures: { n: { count: '*' }, s: { sum: 'legs' } }, filter: { legs: 77 } }),
    ).toEqual([{ n: 0, s: null }])
  })

  it('groups by a field, null being a group, and each measure may have a filter of its own', async () => {
    const data = await ask({
      groupBy: [{ field: 'color' }],
      measures: {
        n: { count: '*' },
        four: { count: '*', filter: { legs: 4 } },
        none: { count: '*', filter: { color: { $in: [] } } },
      },
      filter: { legs: { $ne: 77 } },
    })
    expect(data).toEqual([
      { color: 'green', n: 2, four: 1, none: 0 },
      { color: 'red', n: 2, four: 1, none: 0 },
      { color: null, n: 1, four: 0, none: 0 },
    ])
  })

  it('keeps currencies apart, sorts by what was measured and cuts off', async () => {
    const data = await ask({
      groupBy: [{ field: 'color' }],
      measures: {
        total: { sum: 'price' },
        mean: { avg: 'price', filter: { color: 'red' } },
        most: { max: 'price' },
      },
      sort: '-total',
    })
    const eur = (amount: string) => ({ amount, currency: 'EUR' })
    expect(data).toEqual([
      { color: 'red', total: [eur('10.50')], mean: [eur('5.25')], most: [eur('10.00')] },
      {
        color: 'green',
        total: [eur('1.00'), { amount: '7.25', currency: 'USD' }],
        mean: [],
        most: [eur('1.00'), { amount: '7.25', currency: 'USD' }],
      },
      { color: null, total: [], mean: [], most: [] },
    ])
    expect(await ask({ measures: { total: { sum: 'price' } } })).toEqual([
      { total: [eur('11.50'), { amount: '7.25', currency: 'USD' }] },
    ])
    const top = { groupBy: [{ field: 'color' }], measures: { n: { sum: 'legs' } }, sort: '-n' }
    expect(await ask({ ...top, limit: 1 })).toEqual([{ color: 'red', n: 6 }])
  })

  it('puts moments into buckets of the organisation’s time zone, and days into weeks from Monday', async () => {
    const measures = { n: { count: '*' } }
    expect(await ask({ groupBy: [{ field: 'seen', bucket: 'month' }], measures })).toEqual([
      { seen: '2026-02-01', n: 1 },
      { seen: '2026-03-01', n: 1 },
      { seen: null, n: 3 },
    ])
    expect(await ask({ groupBy: [{ field: 'born', bucket: 'week' }], measures })).toEqual([
      { born: '2025-12-29', n: 1 },
      { born: '2026-01-05', n: 2 },
      { born: null, n: 2 },
    ])
  })

  it('groups by a path, which keeps its name, and by several fields', async () => {
    const measures = { n: { count: '*' }, prices: { sum: 'price' } }
    expect(
      await ask({
        groupBy: [{ field: 'house.name' }, { field: 'price.currency' }],
        measures,
        sort: '-house.name,n',
      }),
    ).toEqual([
      {
        'house.name': 'Den',
        'price.currency': 'USD',
        n: 1,
        prices: [{ amount: '7.25', currency: 'USD' }],
      },
      {
        'house.name': 'Ark',
        'price.currency': 'EUR',
        n: 2,
        prices: [{ amount: '10.50', currency: 'EUR' }],
      },
      {
        'house.name': null,
        'price.currency': 'EUR',
        n: 1,
        prices: [{ amount: '1.00', currency: 'EUR' }],
      },
      { 'house.name': null, 'price.currency': null, n: 1, prices: [] },
    ])
  })

  it('says what cannot be asked', async () => {
    const n = { n: { count: '*' } }
    expect(await codeOf({ measures: {} })).toBe('INVALID')
    expect(
      await codeOf({ measures: { color: { count: '*' } }, groupBy: [{ field: 'color' }] }),
    ).toBe('INVALID')
    expect(await codeOf({ measures: n, groupBy: [{ field: 'details' }] })).toBe('INVALID')
    expect(await codeOf({ measures: n, groupBy: [{ field: 'color', bucket: 'day' }] })).toBe(
      'INVALID',
    )
    expect(await codeOf({ measures: n, limit: 1001 })).toBe('INVALID')
    expect(await codeOf({ measures: { n: { sum: 'color' } } })).toBe('INVALID')
    expect(await codeOf({ measures: { n: { sum: 'legs', avg: 'legs' } } })).toBe('INVALID')
    expect(await codeOf({ measures: JSON.parse('{"__proto__": {"count": "*"}}') })).toBe('INVALID')
    expect(await codeOf({ measures: { n: { sum: 'nope' } } })).toBe('UNKNOWN_FIELD')
    expect(await codeOf({ measures: n, groupBy: [{ field: 'nope' }] })).toBe('UNKNOWN_FIELD')
    expect(await codeOf({ measures: n, sort: 'color' })).toBe('BAD_SORT')
    expect(await codeOf({ measures: n, filter: { legs: 'four' } })).toBe('BAD_FILTER')
  })

  it('sums whole numbers of any size and amounts beyond 2^53 units', async () => {
    const other = zooContext({ orgId: newId() })
    const huge = { amount: '99999999999.9999', currency: 'EUR' }
    await fixture.insert(
      other,
      animals,
      Array.from({ length: 20 }, () => ({ price: huge })),
    )
    const { data } = await reader.aggregate(other, animals, { measures: { s: { sum: 'price' } } })
    expect(data).toEqual([{ s: [{ amount: '1999999999999.998', currency: 'EUR' }] }])
  })
})
