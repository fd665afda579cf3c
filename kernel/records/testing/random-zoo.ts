import type { FieldValues, Filter, RoleRule } from '@runwaycrm/sdk'
import type { Seeded } from './seeded.ts'

/** Few values of each kind, so that random conditions meet some records and miss others. */
const labels = [
  'Bear',
  'bear',
  'BEAR cub',
  'Ärger',
  'ärger',
  'zebra',
  'Zürich',
  'éclair',
  'Eclair',
  'ß',
  'ss',
  'İstanbul',
  'ıstanbul',
  '🦊 fox',
  'x_y',
  'x-y',
  '10',
  '9',
  'Σίσυφος',
  'ΣΊΣΥΦΟΣ',
  '100%',
  "d'Arc",
  '@today',
]
const days = ['2026-03-10', '2026-03-11', '2026-03-12', '2024-02-29', '0999-12-31', '9999-12-31']
const moments = [
  '2026-03-10T22:59:59.999Z',
  '2026-03-10T23:00:00.000Z',
  '2026-03-11T09:30:00.000Z',
  '2026-03-11T23:00:00.000Z',
  '2025-10-26T00:30:00.000Z',
]
const tokens = [
  '@now',
  '@today',
  '@today-1d',
  '@thisWeek',
  '@thisMonth',
  '@lastMonth+1m',
  '@nextQuarter',
  '@thisYear-1y',
  '@now-12h',
]
const colors = ['red', 'green', 'blue']
const codes = ['EUR', 'USD', 'JPY']

export interface ZooIds {
  readonly users: readonly string[]
  readonly houses: readonly string[]
  readonly streets: readonly string[]
}

export function randomAnimal(random: Seeded, ids: ZooIds): FieldValues {
  const maybe = <T>(make: () => T): T | null => (random.chance(0.3) ? null : make())
  const typed = () => ({
    label: maybe(() => random.pick(labels)),
    weight: maybe(() => random.pick([-1.5, 0, 2, 2.5, 1e21, 1e-7])),
    legs: maybe(() => random.pick([-4, 0, 2, 4, 2 ** 53 - 1])),
    price: maybe(() => ({
      amount: random.pick(['0', '10.5', '-3', '99999999999.9999']),
      currency: random.pick(codes),
    })),
    tame: maybe(() => random.chance(0.5)),
    born: maybe(() => random.pick(days)),
    seen: maybe(() => random.pick(moments)),
    color: maybe(() => random.pick(colors)),
    colors: maybe(() => random.many(0, 3, () => random.pick(colors))),
    marks: maybe(() => random.many(0, 2, () => random.pick(labels))),
    details: maybe(() => ({ a: 1 })),
  })
  const custom = Object.entries(typed()).map(([key, value]) => [`x${key}`, value])
  return {
    ...typed(),
    ...Object.fromEntries(custom),
    ownerId: maybe(() => random.pick(ids.users)),
    keeperId: maybe(() => random.pick(ids.users)),
    houseId: maybe(() => random.pick(ids.houses)),
    homeIds: maybe(() => random.many(0, 3, () => random.pick(ids.houses))),
    xhomeIds: maybe(() => random.many(0, 3, () => random.pick(ids.houses))),
    about: maybe(() => ({ entity: 'test.zoo:house', id: random.pick(ids.houses) })),
  }
}

const texts = [
  'label',
  'xlabel',
  'both',
  'house.name',
  'house.street.name',
  'homes.name',
  'xhomes.street.name',
]
const operands: Readonly<Record<string, (random: Seeded, ids: ZooIds) => unknown>> = {
  text: (random) => random.pick([...labels, '']),
  number: (random) => random.pick([-4, -1.5, 0, 2, 2.5, 4, 1e21]),
  integer: (random) => random.pick([-4, 0, 2, 4, 5]),
  amount: (random) => random.pick([0, '10.50', -3, '99999999999.9999', 10.5]),
  boolean: (random) => random.chance(0.5),
  date: (random) => random.pick([...days, ...tokens]),
  moment: (random) => random.pick([...moments, '2026-03-11T10:30:00+01:00', ...tokens]),
  option: (random) => random.pick(colors),
  code: (random) => random.pick(codes),
  user: (random, ids) => random.pick([...ids.users, '@me']),
  house: (random, ids) => random.pick(ids.houses),
}
const fields: Readonly<Record<string, readonly string[]>> = {
  text: texts,
  number: ['weight', 'xweight'],
  integer: ['legs', 'xlegs', 'house.size', 'homes.size', 'xhomes.size'],
  amount: ['price', 'xprice'],
  boolean: ['tame', 'xtame'],
  date: ['born', 'xborn'],
  moment: ['seen', 'xseen', 'createdAt'],
  option: ['color', 'xcolor'],
  code: ['price.currency', 'xprice.currency'],
  user: ['ownerId', 'keeperId', 'createdBy', 'createdBy.id'],
  house: ['houseId', 'about.id'],
}
const orderedKinds = new Set(['text', 'number', 'integer', 'amount', 'date', 'moment'])

/** A filter that is valid on animals. */
export function randomFilter(random: Seeded, ids: ZooIds, depth = 3): Filter {
  const roll = random.next()
  if (depth > 0 && roll < 0.15) return { $not: randomFilter(random, ids, depth - 1) }
  if (depth > 0 && roll < 0.4) {
    const parts = random.many(1, 3, () => randomFilter(random, ids, depth - 1))
    return { [random.pick(['$and', '$or'])]: parts }
  }
  return Object.fromEntries(
    random.many(1, 2, () => {
      if (random.chance(0.15)) return randomListLeaf(random, ids)
      const kind = random.pick(Object.keys(fields))
      return [random.pick(fields[kind]!), randomOperators(random, ids, kind, 1)] as const
    }),
  ) as Filter
}

function randomListLeaf(random: Seeded, ids: ZooIds): readonly [string, unknown] {
  const lists = ['colors', 'xcolors', 'marks', 'xmarks', 'homeIds', 'xhomeIds']
  const name = random.pick([...lists, 'details', 'xdetails'])
  if (random.chance(0.3) || name.endsWith('details')) {
    return [name, random.pick([null, { $exists: random.chance(0.5) }, { $ne: null }])]
  }
  if (name.endsWith('homeIds')) return [name, { $contains: random.pick(ids.houses) }]
  return [name, { $contains: random.pick(name.endsWith('colors') ? colors : labels) }]
}

function randomOperators(random: Seeded, ids: ZooIds, kind: string, depth: number): unknown {
  const value = () => (random.chance(0.1) ? null : operands[kind]!(random, ids))
  const known = () => operands[kind]!(random, ids)
  const roll = random.next()
  if (roll < 0.2) return value()
  if (roll < 0.3) return { $ne: value() }
  if (roll < 0.4) return { $in: random.many(0, 3, value) }
  if (roll < 0.5) return { $nin: random.many(0, 3, value) }
  if (roll < 0.58) return { $exists: random.chance(0.5) }
  if (roll < 0.68 && depth > 0) {
    const inner = randomOperators(random, ids, kind, depth - 1)
    return { $not: typeof inner === 'object' && inner !== null ? inner : { $eq: inner } }
  }
  if (roll < 0.8 && kind === 'text') {
    const piece = [...String(known())].slice(0, 1 + random.below(3)).join('')
    return { [random.pick(['$contains', '$startsWith'])]: piece }
  }
  if (orderedKinds.has(kind)) {
    return { [random.pick(['$gt', '$gte', '$lt', '$lte'])]: known() }
  }
  return { $eq: value() }
}

/** One to four rules about reading animals, with deny rules among them. */
export function randomRules(random: Seeded, ids: ZooIds): Record<string, RoleRule> {
  const rules = random.many(1, 4, (): RoleRule => {
    const scope = random.pick(['all', 'all', 'own', 'team'] as const)
    return {
      effect: random.chance(0.7) ? 'allow' : 'deny',
      operations: [random.pick(['read', 'manage'])] as RoleRule['operations'],
      entity: random.pick(['test.zoo:animal', 'test.zoo:animal', '*']),
      ...(scope === 'all' ? {} : { scope }),
      ...(random.chance(0.7) ? { condition: randomFilter(random, ids, 2) } : {}),
    }
  })
  return Object.fromEntries(rules.map((rule, index) => [`rule${index}`, rule]))
}
