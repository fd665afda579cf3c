import type { Filter, RecordData, RoleRule } from '@runwaycrm/sdk'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { matchCondition } from '../access/match-condition.ts'
import type { RequestContext } from '../context/request-context.ts'
import type { Entity } from '../model/model.ts'
import { checkFilter } from './filter.ts'
import { requestRun } from './params.ts'
import { createReader, type Reader } from './read.ts'
import { randomAnimal, randomFilter, type ZooIds } from './testing/random-zoo.ts'
import {
  newId,
  openReadFixture,
  type ReadFixture,
  zooCodecs,
  zooContext,
  zooEntity,
} from './testing/read-fixture.ts'
import { createSeeded } from './testing/seeded.ts'

const policies = Number(process.env['POLICIES']) || 60
const random = createSeeded(Number(process.env['SEED']) || undefined)
const orgId = newId()
const animals = zooEntity('animals')
const houses = zooEntity('houses')

let fixture: ReadFixture
let reader: Reader
let ids: ZooIds
let system: RequestContext
let records: readonly RecordData[]
let allHouses: ReadonlyMap<string, RecordData>

beforeAll(async () => {
  fixture = await openReadFixture()
  reader = createReader({ db: fixture.db, codecs: zooCodecs })
  system = zooContext({ orgId })
  const users = await fixture.insert(system, zooEntity('users'), [{ name: 'Ann' }, { name: 'Bob' }])
  ids = {
    users,
    streets: [],
    houses: await fixture.insert(system, houses, [
      { name: 'bear', size: 4, secret: 'gold', cost: 7 },
      { name: 'Ärger', size: 2, secret: 'silver' },
      { name: null, size: 2, ownerId: users[0], secret: 'gold' },
    ]),
  }
  const made = Array.from({ length: 40 }, () => randomAnimal(random, ids))
  await fixture.insert(system, animals, made)
  const page = await reader.list(system, animals, { limit: 200, expand: ['house'] })
  records = page.data
  allHouses = await reader.getMany(system, houses, ids.houses)
})
afterAll(() => fixture.close())

const fieldNames = ['label', 'weight', 'price', 'tame', 'color', 'xlabel', 'house', 'both', 'owner']

/** Rules about single fields beside rules about records, some of them denying. */
function randomFieldRules(): Record<string, RoleRule> {
  const rule = (
    entity: Entity,
    fields: readonly string[],
    conditions: readonly Filter[],
  ): RoleRule => ({
    effect: random.chance(0.65) ? 'allow' : 'deny',
    operations: ['read'],
    entity: entity.ref,
    ...(random.chance(0.5) ? { condition: random.pick(conditions) } : {}),
    ...(random.chance(0.6) ? { fields: random.many(1, 4, () => random.pick(fields)) } : {}),
  })
  const ofAnimals = [{ tame: null }, { tame: true }, { color: { $ne: 'red' } }, { color: 'green' }]
  const ofHouses = [{ size: 2 }, { size: 4 }, { ownerId: '@me' }]
  const list: RoleRule[] = [
    { operations: ['read'], entity: animals.ref, condition: { tame: random.chance(0.5) } },
    ...random.many(1, 4, () => rule(animals, fieldNames, ofAnimals)),
    ...random.many(1, 2, () => rule(houses, ['name', 'size', 'secret'], ofHouses)),
  ]
  return Object.fromEntries(list.map((one, index) => [`rule${index}`, one]))
}

const houseViews = new WeakMap<object, Map<string, RecordData | null>>()
/** The same for a house, once per policy. */
function houseView(rules: Readonly<Record<string, RoleRule>>, id: string): RecordData | null {
  let views = houseViews.get(rules)
  if (!views) {
    views = new Map([...allHouses].map(([at, house]) => [at, viewOf(rules, houses, house)]))
    houseViews.set(rules, views)
  }
  return views.get(id) ?? null
}

/** The records behind the lists that a view shows, expanded. */
function homesOf(rules: Readonly<Record<string, RoleRule>>, view: RecordData) {
  const expanded = (name: string) =>
    ((view[name] ?? []) as string[]).map((id) => houseView(rules, id))
  return { homes: expanded('homeIds'), xhomes: expanded('xhomeIds') }
}

/** What a reader may see of a record by the letter of the rules; null for nothing. No CASL here. */
function viewOf(
  rules: Readonly<Record<string, RoleRule>>,
  entity: Entity,
  record: RecordData,
): RecordData | null {
  const mine = Object.values(rules).filter((rule) => rule.entity === entity.ref)
  const holds = (rule: RoleRule) =>
    matchCondition(
      checkFilter(system, entity, rule.condition as Filter | undefined, zooCodecs),
      record,
      requestRun(zooContext({ orgId, userId: ids.users[0]! })),
    ) === true
  const allowed = (speaks: (rule: RoleRule) => boolean) =>
    mine.some((rule) => rule.effect !== 'deny' && speaks(rule) && holds(rule)) &&
    !mine.some((rule) => rule.effect === 'deny' && speaks(rule) && holds(rule))
  const isVisible =
    mine.some((rule) => rule.effect !== 'deny' && holds(rule)) &&
    !mine.some((rule) => rule.effect === 'deny' && !rule.fields && holds(rule))
  if (!isVisible) return null
  const view: Record<string, unknown> = {}
  for (const field of entity.byApiName.values()) {
    const always = ['id', 'version'].includes(field.apiName)
    const names = [field.key, field.apiName]
    if (
      always ||
      allowed((rule) => !rule.fields || names.some((name) => rule.fields!.includes(name)))
    ) {
      view[field.apiName] = record[field.apiName]
    }
  }
  // Of records behind a list those are shown that the reader may see.
  for (const name of ['homeIds', 'xhomeIds'])
    if (name in view) view[name] = (view[name] as string[]).filter((id) => houseView(rules, id))
  // A composed text shows what its reader may see of its parts.
  if ('both' in view) {
    const parts = [view['label'], view['color']].filter((part) => part != null).join(' ')
    view['both'] = parts.replace(/\s+/g, ' ').trim() || null
  }
  return view as RecordData
}

it(`shows, filters, sorts, groups and sums what the reader may see and nothing else (seed ${random.seed})`, async () => {
  let masked = 0
  for (let index = 0; index < policies; index++) {
    const rules = randomFieldRules()
    const ctx = zooContext({ orgId, userId: ids.users[0]!, rules })
    const told = `seed ${random.seed}, policy ${index}: ${JSON.stringify(rules)}`
    if (!ctx.ability.can('read', animals.ref)) continue
    const mayReadHouses = ctx.ability.can('read', houses.ref)
    const views = records.flatMap((record) => {
      const view = viewOf(rules, animals, record)
      if (!view) return []
      const house = record['house'] as RecordData | null
      const houseSeen = house && 'houseId' in view ? houseView(rules, house.id) : null
      return [{ ...view, house: houseSeen }] as RecordData[]
    })
    const withHomes = views.map((view) => ({ ...view, ...homesOf(rules, view) }))
    masked += views.filter((view) => !('weight' in view)).length
    const byId = (list: readonly RecordData[]) => list.toSorted((a, b) => (a.id < b.id ? 1 : -1))
    const mayExpand = 'houseId' in Object.assign({}, ...views) || views.length === 0
    const listed = await reader
      .list(ctx, animals, { limit: 200, expand: ['house'] })
      .catch((error: { code: string }) => error)
    if ('code' in listed) expect(listed.code, told).toBe('BAD_EXPAND')
    else expect(listed.data, told).toEqual(byId(views))
    const plain = await reader.list(ctx, animals, { limit: 200 })
    expect(plain.data, told).toEqual(byId(views).map(({ house, ...rest }) => rest))
    const one = views[0]
    if (one) {
      const { house, ...rest } = one
      expect(await reader.get(ctx, animals, one.id), told).toEqual(rest)
    }
    for (const filter of random.many(3, 3, () => randomFilter(random, ids, 1))) {
      const found = await reader.list(ctx, animals, { filter, limit: 200 }).catch(codeOf)
      let expected: unknown
      try {
        const condition = checkFilter(ctx, animals, filter, zooCodecs)
        const run = requestRun(ctx)
        expected = byId(withHomes.filter((view) => matchCondition(condition, view, run))).map(
          ({ id }) => id,
        )
      } catch (error) {
        expected = codeOf(error)
      }
      const got = typeof found === 'string' ? found : found.data.map(({ id }) => id)
      expect(got, `${told} ${JSON.stringify(filter)}`).toEqual(expected)
    }
    await checkOrder(ctx, views, told)
    await checkGroups(ctx, views, told)
    if (!mayReadHouses && mayExpand) {
      const hidden = await reader
        .list(ctx, animals, { filter: { 'house.name': 'x' } })
        .catch(codeOf)
      expect(hidden, told).toBe('UNKNOWN_FIELD')
    }
  }
  expect(masked).toBeGreaterThan(policies / 4)
}, 120_000)

it('puts records whose moment of creation is hidden behind the others, and gives each page once', async () => {
  const rules: Record<string, RoleRule> = {
    look: { operations: ['read'], entity: animals.ref },
    hide: {
      effect: 'deny',
      operations: ['read'],
      entity: animals.ref,
      fields: ['createdAt'],
      condition: { tame: true },
    },
  }
  const ctx = zooContext({ orgId, userId: ids.users[0]!, rules })
  const isHidden = new Map(records.map((record) => [record.id, record['tame'] === true]))
  for (const sort of ['createdAt', '-createdAt']) {
    const found: string[] = []
    let cursor: string | undefined
    do {
      const page = await reader.list(ctx, animals, {
        sort,
        limit: 3,
        ...(cursor ? { cursor } : {}),
      })
      found.push(...page.data.map(({ id }) => id))
      cursor = page.page.nextCursor ?? undefined
    } while (cursor)
    const hidden = found.map((id) => isHidden.get(id))
    expect(hidden, sort).toEqual(hidden.toSorted())
    expect(found.toSorted(), sort).toEqual(records.map(({ id }) => id).toSorted())
  }
})

const codeOf = (error: unknown) => (error as { code: string }).code

async function checkOrder(ctx: RequestContext, views: readonly RecordData[], told: string) {
  for (const name of ['weight', 'label', 'house.size']) {
    const sorted = await reader.list(ctx, animals, { sort: name, limit: 200 }).catch(codeOf)
    const keyOf = (view: RecordData) => valueAt(view, name)
    if (typeof sorted === 'string') {
      expect(sorted, told).toBe('UNKNOWN_FIELD')
      expect(
        views.every((view) => keyOf(view) === null),
        told,
      ).toBe(true)
      continue
    }
    const byId = new Map(views.map((view) => [view.id, keyOf(view)]))
    const values = sorted.data.map(({ id }) => byId.get(id))
    const known = values.filter((value) => value !== null)
    // What is hidden stands among the nulls, ordered by id: no place tells its value.
    expect(
      values.slice(known.length).every((value) => value === null),
      told,
    ).toBe(true)
    const hiddenIds = sorted.data.slice(known.length).map(({ id }) => id)
    expect(hiddenIds, told).toEqual(hiddenIds.toSorted())
  }
}

async function checkGroups(ctx: RequestContext, views: readonly RecordData[], told: string) {
  for (const name of ['color', 'label', 'house.name', 'ownerId']) {
    const query = {
      groupBy: [{ field: name }],
      measures: { n: { count: '*' }, weights: { count: 'weight' }, most: { max: 'weight' } },
    }
    const grouped = await reader.aggregate(ctx, animals, query).catch(codeOf)
    if (typeof grouped === 'string') {
      expect(grouped, told).toBe('UNKNOWN_FIELD')
      continue
    }
    const groups = Map.groupBy(views, (view) => valueAt(view, name))
    const expected = [...groups].map(([value, members]) => {
      const weights = members.flatMap((view) => (view['weight'] as number | null) ?? [])
      return {
        [name]: value,
        n: members.length,
        weights: weights.length,
        most: weights.length > 0 ? Math.max(...weights) : null,
      }
    })
    const key = (row: Record<string, unknown>) => JSON.stringify(row[name])
    const sorted = (list: readonly Record<string, unknown>[]) =>
      list.toSorted((a, b) => (key(a) < key(b) ? -1 : 1))
    expect(sorted(grouped.data), told).toEqual(sorted(expected))
  }
}

function valueAt(view: RecordData, path: string): unknown {
  let at: unknown = view
  for (const name of path.split('.')) {
    at = typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[name] : null
  }
  return at ?? null
}
