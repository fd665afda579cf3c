import type { RoleRule } from '@runwaycrm/sdk'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RequestContext } from '../context/request-context.ts'
import { composeModel } from '../model/compose-model.ts'
import { createLayer } from '../model/layer.ts'
import { everything } from './filter.ts'
import { compileList, type ListShape } from './list-sql.ts'
import { valuesOf } from './params.ts'
import { createReader, type Reader } from './read.ts'
import { parseSort } from './sort.ts'
import {
  newId,
  openReadFixture,
  type ReadFixture,
  zooCodecs,
  zooContext,
  zooModel,
} from './testing/read-fixture.ts'

const rollup = (measure: object, filter?: object) => ({
  type: 'rollup',
  rollup: { from: 'test.zoo:animal', through: 'house', measure, ...(filter ? { filter } : {}) },
})
const onHouse = {
  animals: rollup({ count: '*' }),
  tame: rollup({ count: '*' }, { tame: true }),
  mine: rollup({ count: '*' }, { keeperId: '@me' }),
  kinds: rollup({ countDistinct: 'color' }),
  weight: rollup({ sum: 'weight' }),
  dearest: rollup({ max: 'price' }),
  street: { type: 'formula', formula: 'street.name & ", " & name' },
  streetName: { type: 'lookup', lookup: { through: 'street', field: 'name' } },
}
const model = composeModel(
  [
    createLayer(
      {
        id: 'acme.sums',
        version: '1.0.0',
        contract: 1,
        title: 'Sums',
        tier: 'declarative',
        requires: { 'test.zoo': '^1.0.0' },
        contributes: {
          fields: Object.fromEntries(
            Object.entries(onHouse).map(([key, field]) => [
              `on${key}`,
              { entity: 'test.zoo:house', key: key === 'street' ? 'place' : key, field },
            ]),
          ),
        },
      } as never,
      'package',
    ),
  ],
  zooModel,
)
const houses = model.entityByPlural.get('houses')!
const animals = model.entityByPlural.get('animals')!
const orgId = newId()
const context = (more: Partial<Parameters<typeof zooContext>[0]> = {}): RequestContext => ({
  ...zooContext({ orgId, ...more }),
  model,
})

let fixture: ReadFixture
let reader: Reader
const ids: string[] = []
let me: string
beforeAll(async () => {
  fixture = await openReadFixture()
  reader = createReader({ db: fixture.db, codecs: zooCodecs })
  const ctx = context()
  const [street] = await fixture.insert(ctx, model.entityByPlural.get('streets')!, [
    { name: 'Main' },
  ])
  const made = Array.from({ length: 200 }, (_, n) => ({ name: `H${n}`, streetId: street! }))
  ids.push(...(await fixture.insert(ctx, houses, made)))
  const [ann] = await fixture.insert(ctx, model.entityByPlural.get('users')!, [
    { name: 'Ann', email: 'ann@example.test' },
  ])
  me = ann!
  await fixture.insert(
    ctx,
    animals,
    Array.from({ length: 4_000 }, (_, n) => ({
      label: `A${n}`,
      houseId: ids[n % 199]!,
      tame: n % 2 === 0,
      keeperId: n < 199 ? me : null,
      color: ['red', 'green', 'blue'][n % 3]!,
      weight: n === 0 ? 1e308 : n === 1 ? 0.1 : n === 200 ? 0.2 : null,
      price: { amount: `${n}.50`, currency: n % 2 ? 'USD' : 'EUR' },
    })),
  )
})
afterAll(() => fixture.close())

describe('rollups and lookups of a page', () => {
  it('have no problems in the model', () => {
    expect(model.problems.filter(({ at }) => at.startsWith('acme'))).toEqual([])
  })

  it('count, count some, sum exactly, and take the greatest amount', async () => {
    const house = await reader.get(context({ userId: me }), houses, ids[1]!)
    expect(house).toMatchObject({
      animals: 21,
      mine: 1,
      kinds: 3,
      weight: 0.3,
      dearest: 3981.5,
      place: 'Main, H1',
      streetName: 'Main',
    })
    expect(house['tame']).toBe(10)
    // What is too large for a sum does not count in it.
    expect((await reader.get(context(), houses, ids[0]!))['weight']).toBeNull()
    expect(await reader.get(context(), houses, ids[199]!)).toMatchObject({
      animals: 0,
      weight: null,
      dearest: null,
    })
  })

  it('see neither children nor values that their reader does not see', async () => {
    const rules: Record<string, RoleRule> = {
      houses: { operations: ['read'], entity: 'test.zoo:house' },
      tame: { operations: ['read'], entity: 'test.zoo:animal', condition: { tame: true } },
      prices: {
        effect: 'deny',
        operations: ['read'],
        entity: 'test.zoo:animal',
        fields: ['price', 'house'],
        condition: { color: 'red' },
      },
    }
    const ctx = context({ userId: newId(), rules })
    const house = await reader.get(ctx, houses, ids[1]!)
    const own = Array.from({ length: 4_000 }, (_, n) => n).filter((n) => n % 199 === 1)
    // Red ones hide that they live here.
    const seen = own.filter((n) => n % 2 === 0 && n % 3 !== 0)
    expect(house).toMatchObject({
      animals: seen.length,
      tame: seen.length,
      dearest: Math.max(...seen) + 0.5,
      streetName: null,
      place: ', H1',
    })
  })

  it('cost a look into an index for each row of the page, whatever stands beside it', async () => {
    const ctx = context()
    const admin = await explain(ctx, '-name', ['name', 'animals'])
    const subplans = nodes(admin).filter((node) => node['Parent Relationship'] === 'SubPlan')
    expect(subplans.length).toBe(1)
    expect(subplans[0]!['Actual Loops']).toBe(25)
    const scans = nodes(subplans[0]!).filter((node) => node['Relation Name'] === 'test_zoo_animal')
    for (const scan of scans) expect(scan['Node Type']).not.toBe('Seq Scan')
  })
})

interface PlanNode {
  readonly [key: string]: unknown
  readonly Plans?: readonly PlanNode[]
}

const nodes = (node: PlanNode): PlanNode[] => [node, ...(node.Plans ?? []).flatMap(nodes)]

async function explain(ctx: RequestContext, sort: string, fields: string[]): Promise<PlanNode> {
  const shape: ListShape = {
    condition: everything,
    sort: parseSort(ctx, houses, sort),
    fields: new Set(fields),
    expand: new Map(),
    limit: 25,
    after: null,
    offset: false,
    deleted: false,
  }
  const { text, slots } = compileList(ctx, zooCodecs, houses, shape)
  const values = valuesOf(slots, { ctx, operands: [], values: [] })
  const { rows } = await fixture.db.query<{ 'QUERY PLAN': [{ Plan: PlanNode }] }>(orgId, {
    text: `explain (analyze, format json) ${text}`,
    values,
  })
  return rows[0]!['QUERY PLAN'][0].Plan
}
