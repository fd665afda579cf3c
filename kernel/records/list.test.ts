import type { RecordData } from '@runwaycrm/sdk'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RequestContext } from '../context/request-context.ts'
import { createReader, type Reader } from './read.ts'
import { randomAnimal, type ZooIds } from './testing/random-zoo.ts'
import {
  newId,
  openReadFixture,
  type ReadFixture,
  zooCodecs,
  zooContext,
  zooEntity,
} from './testing/read-fixture.ts'
import { createSeeded } from './testing/seeded.ts'

const animals = zooEntity('animals')
const random = createSeeded(Number(process.env['SEED']) || undefined)
const orgId = newId()
const rows = 60

let fixture: ReadFixture
let reader: Reader
let system: RequestContext
let ids: ZooIds

beforeAll(async () => {
  fixture = await openReadFixture()
  reader = createReader({ db: fixture.db, codecs: zooCodecs })
  system = zooContext({ orgId })
  const users = await fixture.insert(system, zooEntity('users'), [{ name: 'Ann' }, { name: 'bob' }])
  const streets = await fixture.insert(system, zooEntity('streets'), [{ name: 'Bear street' }])
  const houses = await fixture.insert(system, zooEntity('houses'), [
    { name: 'bear', size: 4, streetId: streets[0] },
    { name: 'Ärger' },
    { name: 'gone', deletedAt: '2026-01-01T00:00:00.000Z' },
  ])
  ids = { users, houses, streets }
  const made = Array.from({ length: rows }, () => ({
    ...randomAnimal(random, ids),
    // Microseconds, as an import by hand may leave them: the API shows none, a page must not slip.
    createdAt: `2026-03-01T00:00:00.${String(random.below(5)).padStart(6, '0')}Z`,
  }))
  await fixture.insert(system, animals, made)
})
afterAll(() => fixture.close())

/** All pages of a list, by cursor. */
async function readAll(ctx: RequestContext, query: object, limit: number): Promise<RecordData[]> {
  const all: RecordData[] = []
  let cursor: string | undefined
  for (let page = 0; page < 100; page++) {
    const { data, page: at } = await reader.list(ctx, animals, {
      ...query,
      limit,
      ...(cursor === undefined ? {} : { cursor }),
    })
    all.push(...data)
    if (at.nextCursor === null) return all
    cursor = at.nextCursor
  }
  throw new Error('The pages do not end.')
}

describe('paging', () => {
  it('shows the newest first, 25 at a time, in one round trip', async () => {
    fixture.trips()
    const { data, page } = await reader.list(system, animals)
    expect(fixture.trips()).toBe(1)
    expect(data).toHaveLength(25)
    expect(page).toEqual({ nextCursor: expect.any(String) })
    const inOrder = data.map(({ id }) => id)
    expect(inOrder).toEqual(inOrder.toSorted().reverse())
  })

  it.each([
    '-id',
    'id',
    'label',
    '-label',
    '-price,legs',
    'seen',
    '-createdAt',
    'createdAt,-label',
    'house.name,-born',
    '-house.street.name',
    'tame,color,-weight',
    'xlabel,-xweight',
    'both',
    '-version',
    'price.currency,-price',
  ])('by cursor meets every record once, in the order of one big page, by %s', async (sort) => {
    const whole = await reader.list(system, animals, { sort, limit: 200 })
    expect(whole.page.nextCursor).toBeNull()
    const paged = await readAll(system, { sort }, 7)
    expect(paged.map(({ id }) => id)).toEqual(whole.data.map(({ id }) => id))
    expect(new Set(paged.map(({ id }) => id)).size).toBe(rows)
    const jumped = await reader.list(system, animals, { sort, limit: 7, offset: 14 })
    expect(jumped.data).toEqual(whole.data.slice(14, 21))
  })

  it('puts what has no value last, both ways, and ignores case', async () => {
    for (const sort of ['label', '-label']) {
      const { data } = await reader.list(system, animals, { sort, limit: 200 })
      const labels = data.map(({ label }) => label as string | null)
      expect(labels).toEqual([
        ...labels.filter((label) => label !== null),
        ...labels.filter((label) => label === null),
      ])
      const bears = labels.flatMap((label, at) => (/^bear/i.test(label ?? '') ? [at] : []))
      expect(bears.at(-1)! - bears[0]!).toBe(bears.length - 1)
    }
  })

  it('refuses a cursor of another question, of another reader, and what is none', async () => {
    const first = await reader.list(system, animals, { sort: 'label', limit: 5 })
    const cursor = first.page.nextCursor!
    const code = (ctx: RequestContext, query: object) =>
      reader.list(ctx, animals, query).then(
        () => 'fine',
        (error: { code: string }) => error.code,
      )
    expect(await code(system, { sort: 'label', cursor })).toBe('fine')
    expect(await code(system, { sort: '-label', cursor })).toBe('CURSOR_MISMATCH')
    expect(await code(system, { sort: 'label', filter: { legs: 4 }, cursor })).toBe(
      'CURSOR_MISMATCH',
    )
    expect(
      await code(zooContext({ orgId, userId: ids.users[0]! }), { sort: 'label', cursor }),
    ).toBe('CURSOR_MISMATCH')
    expect(await code(system, { sort: 'label', cursor: 'nonsense' })).toBe('BAD_CURSOR')
    const tomorrow = zooContext({ orgId, now: new Date('2026-03-12T09:31:00.000Z') })
    expect(await code(tomorrow, { sort: 'label', cursor })).toBe('BAD_CURSOR')
    const parts = JSON.parse(Buffer.from(cursor, 'base64url').toString())
    for (const value of [{ a: 1 }, 7, ['x'], '\0', true]) {
      const forged = Buffer.from(JSON.stringify([...parts.slice(0, 4), value])).toString(
        'base64url',
      )
      expect(await code(system, { sort: 'label', cursor: forged })).toBe('BAD_CURSOR')
    }
    expect(await code(system, { limit: 0 })).toBe('INVALID')
    expect(await code(system, { offset: 100_001 })).toBe('INVALID')
  })

  it('counts exactly or by estimate, in the same round trip', async () => {
    const filter = { legs: { $exists: true } }
    const { data } = await reader.list(system, animals, { filter, limit: 200 })
    fixture.trips()
    for (const count of ['exact', 'estimate'] as const) {
      const { page } = await reader.list(system, animals, { filter, limit: 1, count })
      expect(page.count).toBe(data.length)
    }
    expect(fixture.trips()).toBe(2)
    expect(await reader.count(system, animals, filter)).toBe(data.length)
  })

  it('lists the deleted ones to whoever could restore them', async () => {
    const houses = zooEntity('houses')
    const deleted = await reader.list(system, houses, { deleted: 'only' })
    expect(deleted.data).toMatchObject([{ name: 'gone' }])
    const rules = { see: { operations: ['read'], entity: '*' } } as const
    const viewer = zooContext({ orgId, rules: rules as never })
    expect((await reader.list(viewer, houses, { deleted: 'only' })).data).toEqual([])
    expect((await reader.list(viewer, houses)).data).toHaveLength(2)
  })
})

describe('choosing', () => {
  it('gives the fields that were asked for, with id and version', async () => {
    const { data } = await reader.list(system, animals, { fields: ['label'], limit: 1 })
    expect(Object.keys(data[0]!)).toEqual(['id', 'label', 'version'])
    await expect(reader.list(system, animals, { fields: ['nope'] })).rejects.toMatchObject({
      code: 'UNKNOWN_FIELD',
    })
  })

  it('expands relations in the same round trip; deleted targets are null', async () => {
    fixture.trips()
    const { data } = await reader.list(system, animals, {
      expand: ['house.street', 'keeper', 'owner'],
      sort: '-label',
      limit: 200,
    })
    expect(fixture.trips()).toBe(1)
    const plain = await reader.list(system, animals, { sort: '-label', limit: 200 })
    expect(data.map(({ id }) => id)).toEqual(plain.data.map(({ id }) => id))
    for (const record of data) {
      const house = record['house'] as RecordData | null
      const isThere = record['houseId'] !== null && record['houseId'] !== ids.houses[2]
      expect(house?.id ?? null).toBe(isThere ? record['houseId'] : null)
      if (house?.['name'] === 'bear') {
        expect(house).toMatchObject({
          size: 4,
          street: { id: ids.streets[0], name: 'Bear street' },
        })
      }
      expect((record['keeper'] as RecordData | null)?.id ?? null).toBe(record['keeperId'])
    }
    const one = data.find((record) => record['house'] !== null)!
    expect(await reader.get(system, animals, one.id, { expand: ['house'] })).toMatchObject({
      house: { id: one['houseId'] },
    })
    for (const path of ['houseId', 'nope', 'label', 'house.nope', 'house.street.x.y', '']) {
      await expect(reader.list(system, animals, { expand: [path] })).rejects.toMatchObject({
        code: 'BAD_EXPAND',
      })
    }
  })

  it('finds many by id, in the order of the ids', async () => {
    const { data } = await reader.list(system, animals, { limit: 3 })
    const wanted = [data[2]!.id, newId(), 'no id', data[0]!.id]
    const found = await reader.getMany(system, animals, wanted)
    expect([...found.keys()]).toEqual([data[2]!.id, data[0]!.id])
    expect(found.get(data[0]!.id)).toEqual(data[0])
  })

  it('shows nothing of another organisation', async () => {
    const [theirs] = await fixture.insert(zooContext({ orgId: newId() }), animals, [{ label: 'x' }])
    await expect(reader.get(system, animals, theirs!)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(reader.get(system, animals, 'no id')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect(await reader.count(system, animals)).toBe(rows)
  })
})
