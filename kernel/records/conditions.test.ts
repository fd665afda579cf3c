import type { Filter, RecordData, RoleRule } from '@runwaycrm/sdk'
import { Engine, type TopLevelCondition } from 'json-rules-engine'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Condition } from '../access/condition-tree.ts'
import { matchCondition, resolveOperand, testLeaf } from '../access/match-condition.ts'
import { leafSemantics } from '../access/operators.ts'
import { comparableOf } from '../access/stored-value.ts'
import type { RequestContext } from '../context/request-context.ts'
import type { Field } from '../model/model.ts'
import { checkFilter } from './filter.ts'
import { requestRun } from './params.ts'
import { createReader, type Reader } from './read.ts'
import { randomAnimal, randomFilter, randomRules, type ZooIds } from './testing/random-zoo.ts'
import {
  newId,
  openReadFixture,
  type ReadFixture,
  zooCodecs,
  zooContext,
  zooEntity,
} from './testing/read-fixture.ts'
import { createSeeded } from './testing/seeded.ts'

const policies = Number(process.env['POLICIES']) || 300
const rows = 40
const random = createSeeded(Number(process.env['SEED']) || undefined)
const orgId = newId()
const animals = zooEntity('animals')
const seesHouses: RoleRule = { operations: ['read'], entity: 'test.zoo:house' }
const seesStreets: RoleRule = { operations: ['read'], entity: 'test.zoo:street' }

let fixture: ReadFixture
let reader: Reader
let ids: ZooIds
let records: readonly RecordData[]

beforeAll(async () => {
  fixture = await openReadFixture()
  reader = createReader({ db: fixture.db, codecs: zooCodecs })
  const system = zooContext({ orgId })
  const users = await fixture.insert(system, zooEntity('users'), [
    { name: 'Ann' },
    { name: 'Bob' },
    { name: 'Cy' },
  ])
  const streets = await fixture.insert(system, zooEntity('streets'), [
    { name: 'Bear street' },
    { name: null },
  ])
  const houses = await fixture.insert(system, zooEntity('houses'), [
    { name: 'bear', size: 4, streetId: streets[0] },
    { name: 'Ärger', size: null, streetId: streets[1] },
    { name: null, size: 2 },
    { name: 'gone', size: 2, deletedAt: '2026-01-01T00:00:00.000Z' },
  ])
  ids = { users, streets, houses }
  for (const userId of users) {
    const ctx = zooContext({ orgId, userId })
    await fixture.insert(
      ctx,
      animals,
      Array.from({ length: Math.ceil(rows / 3) }, () => randomAnimal(random, ids)),
    )
  }
  const page = await reader.list(system, animals, {
    limit: 200,
    expand: ['house.street', 'homes.street', 'xhomes.street'],
  })
  records = page.data
})
afterAll(() => fixture.close())

function contextWith(rules: Readonly<Record<string, RoleRule>>): RequestContext {
  return zooContext({ orgId, userId: ids.users[0]!, teammates: ids.users.slice(0, 2), rules })
}

const idsOf = (found: readonly RecordData[]) => found.map((record) => record.id).sort()

it(`finds the same records in memory and in SQL, under ${policies} random policies (seed ${random.seed})`, async () => {
  let found = 0
  for (let index = 0; index < policies; index++) {
    const policy = randomRules(random, ids)
    const filter = randomFilter(random, ids)
    // Houses are seen whole here; what is hidden of them is the next file's matter.
    const ctx = contextWith({ ...policy, seesHouses, seesStreets })
    const denies = Object.values(policy).some(
      (rule) => rule.effect === 'deny' && rule.entity === '*',
    )
    const usesPaths = /house\.|home/.test(JSON.stringify(filter))
    if (denies && usesPaths) continue
    if (!ctx.ability.can('read', animals.ref)) {
      await expect(reader.list(ctx, animals, { filter })).rejects.toMatchObject({
        code: 'FORBIDDEN',
      })
      continue
    }
    const condition = checkFilter(ctx, animals, filter, zooCodecs)
    const run = requestRun(ctx)
    const inMemory = records.filter(
      (record) =>
        ctx.ability.matches('read', animals.ref, record) &&
        matchCondition(condition, record, run) === true,
    )
    const byRules = records.filter(
      (record) =>
        allowedByRules(ctx, policy, record) && matchCondition(condition, record, run) === true,
    )
    const page = await reader.list(ctx, animals, { filter, limit: 200 })
    const told = `seed ${random.seed}, policy ${index}: ${JSON.stringify({ policy, filter })}`
    expect(idsOf(inMemory), told).toEqual(idsOf(byRules))
    expect(idsOf(page.data), told).toEqual(idsOf(inMemory))
    found += page.data.length
  }
  expect(found).toBeGreaterThan(policies)
})

/** What policies mean, without CASL: some rule allows it and none denies it. */
function allowedByRules(
  ctx: RequestContext,
  policy: Readonly<Record<string, RoleRule>>,
  record: RecordData,
): boolean {
  const holds = (rule: RoleRule) => {
    const scope = { own: { ownerId: '@me' }, team: { ownerId: '@team' }, all: {} }
    const both = [scope[rule.scope ?? 'all'], rule.condition ?? {}] as Filter[]
    const system = zooContext({ orgId })
    return both.every((filter) =>
      matchCondition(checkFilter(system, animals, filter, zooCodecs), record, requestRun(ctx)),
    )
  }
  const rules = Object.values(policy)
  return (
    rules.some((rule) => rule.effect !== 'deny' && holds(rule)) &&
    !rules.some((rule) => rule.effect === 'deny' && holds(rule))
  )
}

it(`decides like a rules engine that uses the operators for its leaves (seed ${random.seed})`, async () => {
  const ctx = contextWith({ all: { operations: ['read'], entity: '*' } })
  const run = requestRun(ctx)
  for (let index = 0; index < 100; index++) {
    const filter = randomFilter(random, ids)
    // The engine's paths know one record at each step.
    if (JSON.stringify(filter).includes('homes.')) continue
    const condition = checkFilter(ctx, animals, filter, zooCodecs)
    const engine = new Engine(
      [
        {
          conditions: { all: [ruleOf(condition, ctx)] } as TopLevelCondition,
          event: { type: 'yes' },
        },
      ],
      { allowUndefinedFacts: true, pathResolver: followPath },
    )
    for (const name of Object.keys(leafSemantics)) {
      engine.addOperator(name, (value: unknown, { leaf, operand }: LeafValue) =>
        testLeaf(leaf, comparableOf(leaf.field, leaf.part, value), operand),
      )
    }
    for (const record of records.slice(0, 20)) {
      const { events } = await engine.run({ record })
      expect(events.length > 0, `seed ${random.seed}: ${JSON.stringify(filter)}`).toBe(
        matchCondition(condition, record, run),
      )
    }
  }
})

interface LeafValue {
  readonly leaf: { readonly operator: never; readonly field: Field; readonly part: string | null }
  readonly operand: Parameters<typeof testLeaf>[2]
}

function ruleOf(condition: Condition<Field>, ctx: RequestContext): object {
  switch (condition.kind) {
    case 'not':
      return { not: ruleOf(condition.of, ctx) }
    case 'all':
      return { all: condition.of.map((part) => ruleOf(part, ctx)) }
    case 'any':
      // An empty list is true to the engine, whatever it lists.
      return condition.of.length === 0
        ? { not: { all: [] } }
        : { any: condition.of.map((part) => ruleOf(part, ctx)) }
    case 'leaf': {
      const names = condition.steps.map((step) => step.apiName.slice(0, -2))
      const isDate = condition.domain === 'date'
      const operand = resolveOperand(condition.operand, requestRun(ctx), isDate)
      return {
        fact: 'record',
        path: [...names, condition.field.apiName].join('.'),
        operator: condition.operator,
        value: { leaf: condition, operand },
      }
    }
  }
}

function followPath(value: object, path: string): unknown {
  let at: unknown = value
  for (const name of path.split('.')) {
    at = typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[name] : undefined
  }
  return at ?? null
}
