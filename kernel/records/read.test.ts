import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { composeModel } from '../model/compose-model.ts'
import { createLayer } from '../model/layer.ts'
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

describe('what is kept in custom', () => {
  it('breaks no query, whatever an import by hand left there', async () => {
    const ctx = zooContext({ orgId: newId() })
    const [id] = await fixture.insert(ctx, animals, [{ label: 'odd' }])
    const names = [...animals.fields.values()].filter(({ key }) => key.startsWith('x'))
    const junk = [
      '"nonsense"',
      '1e400',
      '-1.5',
      'true',
      '[]',
      '{"a": 1}',
      'null',
      '"9999999-01-01"',
    ]
    for (const value of junk) {
      const custom = names.flatMap(({ storage }) => {
        if (storage.in !== 'custom') return []
        return [storage, ...Object.values(storage.parts)].map(({ id: key }) => `"${key}": ${value}`)
      })
      await fixture.db.query(ctx.org.id, {
        text: `update ${animals.table} set custom = $2::jsonb where id = $1`,
        values: [id, `{${custom.join(', ')}}`],
      })
      expect(await reader.get(ctx, animals, id!)).toMatchObject({ id, label: 'odd' })
      for (const field of names) {
        const filter = { [field.apiName]: { $exists: true } }
        const { sortable = false, groupable = false } = field.typeDefinition
        await reader.list(ctx, animals, { filter, ...(sortable ? { sort: field.apiName } : {}) })
        if (!groupable) continue
        const groupBy = [{ field: field.apiName }]
        await reader.aggregate(ctx, animals, { groupBy, measures: { n: { count: '*' } } })
      }
    }
  })
})

describe('a composed text', () => {
  it('has no gaps where parts are blank, and is null when all of them are', async () => {
    const ctx = zooContext({ orgId: newId() })
    const values = [
      { label: 'Ada', color: 'red' },
      { label: '  Ada  B ' },
      { color: 'red' },
      { weight: 1 },
    ]
    const ids = await fixture.insert(ctx, animals, values)
    const found = await reader.getMany(ctx, animals, ids)
    expect([...found.values()].map(({ both }) => both)).toEqual(['Ada red', 'Ada B', 'red', null])
    const list = await reader.list(ctx, animals, { filter: { both: { $startsWith: 'ada' } } })
    expect(list.data).toHaveLength(2)
  })
})

describe('models that share an entity', () => {
  it('do not share what their other entities look like', async () => {
    const wider = composeModel(
      [
        createLayer(
          {
            id: 'test.more',
            version: '1.0.0',
            contract: 1,
            title: 'More',
            tier: 'declarative',
            requires: { 'platform.fields': '^1.0.0', 'test.zoo': '^1.0.0' },
            contributes: {
              fields: { view: { entity: 'test.zoo:house', field: { type: 'text' } } },
            },
          },
          'package',
        ),
      ],
      zooModel,
    )
    expect(wider.entities.get(animals.ref)).toBe(animals)
    const narrow = zooContext({ orgId: newId() })
    const wide = { ...zooContext({ orgId: narrow.org.id }), model: wider }
    const [house] = await fixture.insert(narrow, houses, [{ name: 'Ark' }])
    const [id] = await fixture.insert(narrow, animals, [{ houseId: house }])
    for (const _ of [1, 2]) {
      for (const [ctx, has] of [
        [narrow, false],
        [wide, true],
      ] as const) {
        const record = await reader.get(ctx, animals, id!, { expand: ['house'] })
        expect(Object.hasOwn(record['house'] as object, 'view')).toBe(has)
      }
    }
  })
})

describe('inside a transaction', () => {
  it('sees what the transaction wrote', async () => {
    const ctx = zooContext({ orgId: newId() })
    const [id] = await fixture.insert(ctx, animals, [{ label: 'before' }])
    await fixture.db.transaction(ctx.org.id, async (tx) => {
      const text = `update ${animals.table} set label = 'within' where id = $1`
      await tx.one({ text, values: [id] })
      expect(await reader.get({ ...ctx, tx }, animals, id!)).toMatchObject({ label: 'within' })
    })
  })
})
