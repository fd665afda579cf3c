import type { Filter, RecordData, RoleRule } from '@runwaycrm/sdk'
import { Engine, type TopLevelCondition } from 'json-rules-engine'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import type { Condition } from '../../kernel/access/condition-tree.ts'
import { matchCondition, resolveOperand, testLeaf } from '../../kernel/access/match-condition.ts'
import { leafSemantics } from '../../kernel/access/operators.ts'
import { comparableOf } from '../../kernel/access/stored-value.ts'
import type { RequestContext } from '../../kernel/context/request-context.ts'
import { checkRoles } from '../../kernel/model/check-roles.ts'
import type { Contribution, Field } from '../../kernel/model/model.ts'
import { checkFilter } from '../../kernel/records/filter.ts'
import { requestRun } from '../../kernel/records/params.ts'
import { createReader, type Reader } from '../../kernel/records/read.ts'
import {
  randomAnimal,
  randomFilter,
  randomRules,
  type ZooIds,
} from '../../kernel/records/testing/random-zoo.ts'
import {
  newId,
  openReadFixture,
  type ReadFixture,
  zooCodecs,
  zooContext,
  zooEntity,
  zooModel,
} from '../../kernel/records/testing/read-fixture.ts'
import { createBreaker } from './filters/break-filter.ts'
import { naiveMatch } from './rules/naive-condition.ts'
import { gathered } from './support/gathered.ts'
import { suiteRandom, suiteRuns } from './support/scale.ts'

/**
 * Rules of roles by the thousand: what they allow in memory, in SQL and to a plain reading of them is the
 * same, blanks included. Broken ones are told where they are written, and give nothing.
 */
const random = suiteRandom('rules')
const rows = 40
const atOnce = 50
const orgId = newId()
const animals = zooEntity('animals')
const seesHouses: RoleRule = { operations: ['read'], entity: 'test.zoo:house' }
const seesStreets: RoleRule = { operations: ['read'], entity: 'test.zoo:street' }
type Policy = Readonly<Record<string, RoleRule>>

let fixture: ReadFixture
let reader: Reader
let ids: ZooIds
let records: readonly RecordData[]
vi.setConfig({ testTimeout: 60_000 + suiteRuns * 40 })

beforeAll(async () => {
  fixture = await openReadFixture()
  reader = createReader({ db: gathered(fixture.db), codecs: zooCodecs })
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
    expand: ['house.street', 'homes.street', 'xhomes.street', 'owner', 'keeper'],
  })
  records = page.data
})
afterAll(() => fixture.close())

function contextWith(rules: Policy): RequestContext {
  return zooContext({ orgId, userId: ids.users[0]!, teammates: ids.users.slice(0, 2), rules })
}

const idsOf = (found: readonly RecordData[]) => found.map((record) => record.id).sort()
const toldOf = (what: object) => `RUNWAY_SEED=${random.seed}: ${JSON.stringify(what)}`

/** So many at once that the database hears of them together. */
async function eachOf(check: () => Promise<void>): Promise<void> {
  for (let done = 0; done < suiteRuns; done += atOnce) {
    await Promise.all(Array.from({ length: Math.min(atOnce, suiteRuns - done) }, check))
  }
}

/** The records that a context finds in SQL; none when it may read none. */
async function foundBy(ctx: RequestContext, filter?: Filter): Promise<string[]> {
  const isReader = ctx.ability.can('read', animals.ref)
  const query = { limit: 200, fields: ['id'], ...(filter ? { filter } : {}) }
  const found = await reader.list(ctx, animals, query).catch((error: { code: string }) => {
    if (isReader || error.code !== 'FORBIDDEN') throw error
    return { data: [] }
  })
  return idsOf(found.data)
}

it(`finds the same records in memory, in SQL and by a plain reading, under ${suiteRuns} policies`, async () => {
  let found = 0
  let asked = 0
  await eachOf(async () => {
    const policy = randomRules(random, ids)
    const filter = randomFilter(random, ids)
    // Houses are seen whole here; what is hidden of them is `kernel/records/masks.test.ts`.
    const ctx = contextWith({ ...policy, seesHouses, seesStreets })
    const isDenied = Object.values(policy).some(
      (rule) => rule.effect === 'deny' && rule.entity === '*',
    )
    if (isDenied && /house\.|home/.test(JSON.stringify(filter))) return
    asked += 1
    const plainly = records.filter((record) => isAllowed(policy, record) && meets(filter, record))
    const told = toldOf({ policy, filter })
    if (ctx.ability.can('read', animals.ref)) {
      const condition = checkFilter(ctx, animals, filter, zooCodecs)
      const run = requestRun(ctx)
      const inMemory = records.filter(
        (record) =>
          ctx.ability.matches('read', animals.ref, record) &&
          matchCondition(condition, record, run) === true,
      )
      expect(idsOf(inMemory), told).toEqual(idsOf(plainly))
    }
    const inSql = await foundBy(ctx, filter)
    expect(inSql, told).toEqual(idsOf(plainly))
    found += inSql.length
  })
  console.info(`rules: ${asked} policies, ${found} records found`)
  expect(asked).toBeGreaterThan(suiteRuns / 2)
  expect(found).toBeGreaterThan(suiteRuns)
})

const asker = () => ({ userId: ids.users[0]! })
const meets = (filter: object, record: RecordData) =>
  naiveMatch(filter as Readonly<Record<string, unknown>>, record, asker())

/** What a policy means: some rule allows it and none denies it. */
function isAllowed(policy: Policy, record: RecordData): boolean {
  const teammates = ids.users.slice(0, 2) as unknown[]
  const holds = ({ scope, condition }: RoleRule) =>
    (scope !== 'own' || record['ownerId'] === ids.users[0]) &&
    (scope !== 'team' || teammates.includes(record['ownerId'])) &&
    (condition === undefined || meets(condition, record))
  const rules = Object.values(policy)
  return (
    rules.some((rule) => rule.effect !== 'deny' && holds(rule)) &&
    !rules.some((rule) => rule.effect === 'deny' && holds(rule))
  )
}

it(`tells which rule cannot be read, and gives nothing for it, ${suiteRuns} times`, async () => {
  const broken = createBreaker(random)
  let unreadable = 0
  await eachOf(async () => {
    const policy = randomRules(random, ids)
    const [name] = Object.keys(policy)
    const rule: RoleRule = {
      ...policy[name!]!,
      entity: animals.ref,
      condition: broken(randomFilter(random, ids, 2)) as RoleRule['condition'],
    }
    const rules = { ...policy, [name!]: rule }
    const told = toldOf(rules)
    const problems = problemsOf(rules)
    for (const { at, message, hint } of problems) {
      expect(at, told).toMatch(new RegExp(`^test.zoo/roles/hostile/rules/${name}/condition`))
      expect(message.length > 0 && hint.length > 0, told).toBe(true)
      expect((message + at).isWellFormed(), told).toBe(true)
    }
    const ctx = contextWith(rules)
    const inMemory = records.filter((record) => ctx.ability.matches('read', animals.ref, record))
    const inSql = await foundBy(ctx)
    expect(inSql, told).toEqual(idsOf(inMemory))
    if (problems.length === 0) return
    unreadable += 1
    // Nothing is allowed by it, and everything denied.
    const others = Object.fromEntries(Object.entries(policy).filter(([key]) => key !== name))
    const expected = rule.effect === 'deny' ? [] : records.filter((one) => isAllowed(others, one))
    expect(inSql, told).toEqual(idsOf(expected))
  })
  console.info(`rules: ${unreadable} of ${suiteRuns} broken ones cannot be read`)
  expect(unreadable).toBeGreaterThan(suiteRuns / 4)
  expect(unreadable).toBeLessThan(suiteRuns)
})

/** What the studio tells of a role with these rules. */
function problemsOf(rules: Policy) {
  const definition = { label: 'Hostile', rules }
  const role = { ref: 'test.zoo:hostile', plugin: 'test.zoo', key: 'hostile', definition }
  const roles = new Map([
    [role.ref, { ...role, overriddenBy: [] } as Contribution<typeof definition>],
  ])
  return checkRoles(roles, zooModel.entities, () => true)
}

it('decides like a rules engine that uses the operators for its leaves', async () => {
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
      expect(events.length > 0, toldOf(filter)).toBe(matchCondition(condition, record, run))
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
