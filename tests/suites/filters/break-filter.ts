import { filterOperators } from '@runwaycrm/sdk'
import fc from 'fast-check'
import { newId, zooEntity } from '../../../kernel/records/testing/read-fixture.ts'
import type { Seeded } from '../../../kernel/records/testing/seeded.ts'

/** What stands where a path, an operator or a value is expected, right and wrong. */
const paths = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...zooEntity('animals').byApiName.keys()) },
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
    arbitrary: fc.constantFrom(...filterOperators),
  },
  { weight: 1, arbitrary: fc.constantFrom('$regex', '$where', 'eq', '$__proto__', 'constructor') },
)
const leaf = fc.oneof(
  values,
  fc.dictionary(operator, fc.oneof(values, fc.array(values, { maxLength: 4 })), { maxKeys: 3 }),
)

/** Filters by the grammar alone: few of them mean anything. */
export const anyFilter: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  filter: fc.oneof(
    { maxDepth: 9, withCrossShrink: true },
    fc.dictionary(paths, leaf, { minKeys: 1, maxKeys: 3 }),
    fc.record({ $and: fc.array(tie('filter'), { maxLength: 3 }) }),
    fc.record({ $or: fc.array(tie('filter'), { maxLength: 3 }) }),
    fc.record({ $not: tie('filter') }),
  ),
})).filter

/** @returns what puts something else in the place of one value, operator or field somewhere inside. */
export function createBreaker(random: Seeded): (filter: unknown) => unknown {
  const pieces = fc.sample(fc.oneof(values, paths, operator), { seed: random.seed, numRuns: 2_000 })
  const junk = () => random.pick(pieces)

  return function broken(value: unknown): unknown {
    const isLeaf = typeof value !== 'object' || value === null
    if (isLeaf || random.chance(0.1)) return junk()
    if (Array.isArray(value)) {
      const at = random.below(value.length + 1)
      return at === value.length ? [...value, junk()] : value.with(at, broken(value[at]))
    }
    const entries = Object.entries(value)
    const at = random.below(entries.length)
    return Object.fromEntries(
      entries.map(([key, inner], index) => {
        if (index !== at) return [key, inner]
        return random.chance(0.2)
          ? [JSON.stringify(junk()) ?? 'undefined', inner]
          : [key, broken(inner)]
      }),
    )
  }
}
