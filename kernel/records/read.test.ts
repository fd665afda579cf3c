import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createReader, type Reader } from './read.ts'
import {
  newId,
  openReadFixture,
  type ReadFixture,
  zooCodecs,
  zooContext,
  zooEntity,
  zooModel,
} from './testing/read-fixture.ts'

let fixture: ReadFixture
let reader: Reader
const animals = zooEntity('animals')
const houses = zooEntity('houses')
const toys = zooEntity('toys')
const users = zooEntity('users')

beforeAll(async () => {
  fixture = await openReadFixture()
  reader = createReader({ db: fixture.db, codecs: zooCodecs })
})
afterAll(() => fixture.close())

const everyValue = {
  label: 'Åse "the" Bear',
  story: 'Once\nupon a time',
  mail: 'bear@example.com',
  call: '+4722000000',
  site: 'https://example.com/bear',
  weight: 12.5,
  legs: 4,
  price: { amount: '1054.00', currency: 'USD' },
  share: 12.5,
  tame: false,
  born: '2020-02-29',
  seen: '2026-03-01T09:30:00.000Z',
  color: 'red',
  colors: ['red', 'blue'],
  marks: ['left ear', 'x'],
  details: { a: [1, null, { b: 'c' }] },
  stars: 3,
}
const everyCustom = Object.fromEntries(
  Object.entries(everyValue).map(([key, value]) => [`x${key}`, value]),
)

describe('reading a record', () => {
  it('gives every type as it was written, in a column, in custom and in a shared table', async () => {
    expect(zooModel.problems).toEqual([])
    const ctx = zooContext({ orgId: newId() })
    const [house] = await fixture.insert(ctx, houses, [{ name: 'Ark' }])
    const [keeper] = await fixture.insert(ctx, users, [{ name: 'Kim' }])
    const [id] = await fixture.insert(ctx, animals, [
      {
        ...everyValue,
        ...everyCustom,
        houseId: house,
        keeperId: keeper,
        about: { entity: 'test.zoo:house', id: house },
      },
    ])
    fixture.trips()
    const record = await reader.get(ctx, animals, id!)
    expect(fixture.trips()).toBe(1)
    expect(record).toMatchObject({
      ...everyValue,
      ...everyCustom,
      id,
      version: 1,
      houseId: house,
      motherId: null,
      about: { entity: 'houses', id: house },
      both: 'Åse "the" Bear red',
      createdBy: { type: 'system', id: null, name: 'Ann' },
      createdAt: '2026-03-11T09:30:00.000Z',
      ownerId: null,
    })
    const [toy] = await fixture.insert(ctx, toys, [{ ...everyValue, animalId: id }])
    expect(await reader.get(ctx, toys, toy!)).toMatchObject({ ...everyValue, animalId: id })
    // The shared table keeps entities apart.
    await expect(reader.get(ctx, toys, id!)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })
})
