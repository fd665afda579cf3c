import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createReader, type Reader } from './read.ts'
import { randomFilter } from './testing/random-zoo.ts'
import {
  newId,
  openReadFixture,
  type ReadFixture,
  zooCodecs,
  zooContext,
  zooEntity,
} from './testing/read-fixture.ts'
import { createSeeded } from './testing/seeded.ts'

const runs = Number(process.env['RUNS']) || 2_000
const animals = zooEntity('animals')
const orgId = newId()
let fixture: ReadFixture
let reader: Reader

beforeAll(async () => {
  fixture = await openReadFixture()
  reader = createReader({ db: fixture.db, codecs: zooCodecs })
  await fixture.insert(zooContext({ orgId }), animals, [{ label: 'a' }, { label: null, legs: 4 }])
})
afterAll(() => fixture.close())

const paths = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...animals.byApiName.keys()) },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      'house.name',
      'house.street.size',
      'mother.mother.mother.label',
      'mother.mother.mother.mother.label',
      'price.currency',
      'xprice.currency',
      'about.id',
      'about.entity',
      'createdBy.type',
      'owner.name',
      'house',
      'label.x',
      '__proto__',
      'constructor',
      'house.__proto__',
      '$where',
      '',
      '.',
      'label.',
    ),
  },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 20 }) },
)
const values = fc.oneof(
  fc.constantFrom(
    null,
    true,
    0,
    -0,
    1e308,
    2 ** 53,
    4,
    1.5,
    '',
    'a',
    '@me',
    '@team',
    '@today-99999y',
  ),
  fc.constantFrom('@now+99999h', '@thisWeek', '2026-03-11', '2026-03-11T00:00:00Z', newId(), '\0'),
  fc.constantFrom('%', '_', "'", '\\', '$1', '::text', 'ß', '\ud800', '10.50', 'NaN', 'Infinity'),
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.double(),
  fc.jsonValue({ maxDepth: 2 }),
)
const operator = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.constantFrom(
      '$eq',
      '$ne',
      '$gt',
      '$gte',
      '$lt',
      '$lte',
      '$in',
      '$nin',
      '$contains',
      '$startsWith',
      '$exists',
      '$not',
    ),
  },
  { weight: 1, arbitrary: fc.constantFrom('$regex', '$where', 'eq', '$__proto__', 'constructor') },
)
const leaf = fc.oneof(
  values,
  fc.dictionary(operator, fc.oneof(values, fc.array(values, { maxLength: 4 })), { maxKeys: 3 }),
)
const { filter } = fc.letrec((tie) => ({
  filter: fc.oneof(
    { maxDepth: 9, withCrossShrink: true },
    fc.dictionary(paths, leaf, { minKeys: 1, maxKeys: 3 }),
    fc.record({ $and: fc.array(tie('filter'), { maxLength: 3 }) }),
    fc.record({ $or: fc.array(tie('filter'), { maxLength: 3 }) }),
    fc.record({ $not: tie('filter') }),
  ),
}))

const expected = new Set(['UNKNOWN_FIELD', 'BAD_FILTER'])
const random = createSeeded(Number(process.env['SEED']) || undefined)

/** @returns whether records were found; whatever else happens must be a refusal that names the filter. */
async function ask(asked: unknown): Promise<boolean> {
  const ctx = zooContext({ orgId, userId: newId() })
  try {
    await reader.list(ctx, animals, { filter: asked as never, limit: 5 })
    return true
  } catch (error) {
    const { code, message } = error as { code: string; message: string }
    expect(expected.has(code), `${code}: ${message} ${JSON.stringify(asked)}`).toBe(true)
    return false
  }
}

it(`answers filters made of nonsense, ${runs / 2} times`, async () => {
  await fc.assert(
    fc.asyncProperty(filter, async (asked) => void (await ask(asked))),
    { numRuns: runs / 2 },
  )
})

it(`answers sound filters with one thing changed, ${runs / 2} times (seed ${random.seed})`, async () => {
  const ids = { users: [newId()], houses: [newId()], streets: [] }
  let found = 0
  for (let run = 0; run < runs / 2; run++) {
    const sound = randomFilter(random, ids) as object
    if (await ask(random.chance(0.7) ? mutate(sound) : sound)) found += 1
  }
  expect(found).toBeGreaterThan(runs / 10)
})

/** One value, operator or field somewhere inside replaced. */
function mutate(value: unknown): unknown {
  const isLeaf = typeof value !== 'object' || value === null
  if (isLeaf || random.chance(0.1)) return junk()
  if (Array.isArray(value)) {
    const at = random.below(value.length + 1)
    return at === value.length ? [...value, junk()] : value.with(at, mutate(value[at]))
  }
  const entries = Object.entries(value)
  const at = random.below(entries.length)
  return Object.fromEntries(
    entries.map(([key, inner], index) => {
      if (index !== at) return [key, inner]
      return random.chance(0.2)
        ? [JSON.stringify(junk()) ?? 'undefined', inner]
        : [key, mutate(inner)]
    }),
  )
}

function junk(): unknown {
  return fc.sample(fc.oneof(values, paths, operator), 1)[0]
}

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
