import fc from 'fast-check'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { createReader, type Reader } from '../../kernel/records/read.ts'
import { randomFilter } from '../../kernel/records/testing/random-zoo.ts'
import {
  newId,
  openReadFixture,
  type ReadFixture,
  zooCodecs,
  zooContext,
  zooEntity,
} from '../../kernel/records/testing/read-fixture.ts'
import { anyFilter, createBreaker } from './filters/break-filter.ts'
import { gathered } from './support/gathered.ts'
import { suiteRandom, suiteRuns } from './support/scale.ts'

/**
 * Filters by the thousand, nonsense and sound ones with a thing changed: each finds records or is refused as
 * a filter; nothing crashes, and nothing in it is evaluated.
 */
const random = suiteRandom('filters')
const animals = zooEntity('animals')
const orgId = newId()
const atOnce = 50
let fixture: ReadFixture
let reader: Reader
vi.setConfig({ testTimeout: 60_000 + suiteRuns * 20 })

beforeAll(async () => {
  fixture = await openReadFixture()
  reader = createReader({ db: gathered(fixture.db), codecs: zooCodecs })
  await fixture.insert(zooContext({ orgId }), animals, [{ label: 'a' }, { label: null, legs: 4 }])
})
afterAll(() => fixture.close())

const refusals = new Set(['UNKNOWN_FIELD', 'BAD_FILTER'])

/** @returns whether records were found; whatever else happens must be a refusal that names the filter. */
async function ask(asked: unknown): Promise<boolean> {
  const ctx = zooContext({ orgId, userId: newId() })
  try {
    await reader.list(ctx, animals, { filter: asked as never, limit: 5 })
    return true
  } catch (error) {
    const { code, message } = error as { code: string; message: string }
    expect(refusals.has(code), `${code}: ${message} ${JSON.stringify(asked)}`).toBe(true)
    return false
  }
}

/** @returns how many were answered. */
async function askAll(make: () => unknown): Promise<number> {
  let answered = 0
  for (let done = 0; done < suiteRuns; done += atOnce) {
    const some = Array.from({ length: atOnce }, make)
    answered += (await Promise.all(some.map(ask))).filter(Boolean).length
  }
  return answered
}

it(`answers or refuses filters made of nonsense, ${suiteRuns} times`, async () => {
  const made = fc.sample(anyFilter, { seed: random.seed, numRuns: suiteRuns + atOnce }).values()
  const answered = await askAll(() => made.next().value)
  console.info(`filters: ${answered} of ${suiteRuns} made of nonsense were answered`)
  expect(answered).toBeGreaterThan(0)
  expect(answered).toBeLessThan(suiteRuns)
})

it(`answers or refuses sound filters with one thing changed, ${suiteRuns} times`, async () => {
  const ids = { users: [newId()], houses: [newId()], streets: [] }
  const broken = createBreaker(random)
  const answered = await askAll(() => {
    const sound = randomFilter(random, ids) as object
    return random.chance(0.7) ? broken(sound) : sound
  })
  console.info(`filters: ${answered} of ${suiteRuns} with one thing changed were answered`)
  expect(answered).toBeGreaterThan(suiteRuns / 5)
})

it('says where a filter is wrong', async () => {
  const ctx = zooContext({ orgId })
  const wrong = (asked: unknown) =>
    reader.list(ctx, animals, { filter: asked as never }).then(
      () => 'fine',
      (error: { code: string; errors?: { path: string }[] }) =>
        `${error.code} ${error.errors?.[0]?.path}`,
    )
  expect(await wrong({ legs: 'four' })).toBe('BAD_FILTER filter.legs.$eq')
  expect(await wrong({ $or: [{ legs: 1 }, { legs: { $gt: null } }] })).toBe(
    'BAD_FILTER filter.$or[1].legs.$gt',
  )
  expect(await wrong({ 'house.nope': 1 })).toBe('UNKNOWN_FIELD filter.house.nope')
  expect(await wrong({ $or: [] })).toBe('BAD_FILTER filter.$or')
  expect(await wrong({ tame: { $gt: true } })).toBe('BAD_FILTER filter.tame.$gt')
  expect(await wrong({ marks: { $in: ['a'] } })).toBe('BAD_FILTER filter.marks.$in')
  expect(await wrong({ seen: '@someday' })).toBe('BAD_FILTER filter.seen.$eq')
  expect(await wrong({ label: '@someday' })).toBe('fine')
  expect(await wrong({ legs: { $not: 4 } })).toBe('BAD_FILTER filter.legs.$not')
  const nested = (depth: number): object =>
    depth === 0 ? { legs: 1 } : { $not: nested(depth - 1) }
  expect(await wrong(nested(7))).toBe('fine')
  expect(await wrong(nested(8))).toMatch(/^BAD_FILTER filter\.\$not/)
  const many = (count: number) => ({ $and: Array.from({ length: count }, () => ({ legs: 1 })) })
  expect(await wrong(many(100))).toBe('fine')
  expect(await wrong(many(101))).toMatch(/^BAD_FILTER/)
})
