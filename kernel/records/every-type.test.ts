import type { FieldValues, Filter, RecordData } from '@runwaycrm/sdk'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Domain, domainOf, partsOf } from '../access/condition-tree.ts'
import { matchCondition } from '../access/match-condition.ts'
import { operators } from '../access/operators.ts'
import type { Field } from '../model/model.ts'
import { checkFilter } from './filter.ts'
import { requestRun } from './params.ts'
import { createReader, type Reader } from './read.ts'
import {
  newId,
  openReadFixture,
  type ReadFixture,
  zooCodecs,
  zooContext,
  zooEntity,
} from './testing/read-fixture.ts'

const animals = zooEntity('animals')
const ctx = zooContext({ orgId: newId() })
/** What the definition of a type gives as examples, in a column and in `custom` alike. */
const fields = [...animals.fields.values()].filter(
  ({ storage, target, typeDefinition }) =>
    storage.in !== 'computed' && target === null && typeDefinition.kind !== 'reference',
)
const examplesOf = (field: Field) =>
  (field.typeDefinition.value as { readonly examples: readonly unknown[] }).examples

let fixture: ReadFixture
let reader: Reader
let records: readonly RecordData[]

beforeAll(async () => {
  fixture = await openReadFixture()
  reader = createReader({ db: fixture.db, codecs: zooCodecs })
  const most = Math.max(...fields.map((field) => examplesOf(field).length))
  const rows = Array.from(
    { length: most + 1 },
    (_, index): FieldValues =>
      Object.fromEntries(fields.map((field) => [field.apiName, examplesOf(field)[index] ?? null])),
  )
  await fixture.insert(ctx, animals, rows)
  records = (await reader.list(ctx, animals, {})).data
})
afterAll(() => fixture.close())

describe.each(fields.map((field) => [field.apiName, field] as const))('%s', (name, field) => {
  it('is read as it was written', () => {
    const values = records.map((record) => record[name])
    for (const example of examplesOf(field)) expect(values).toContainEqual(example)
    expect(values).toContain(null)
  })

  it('finds the same records in SQL and in memory, with every operator and every part', async () => {
    let met = 0
    for (const filter of filtersOf(field)) {
      const condition = checkFilter(ctx, animals, filter, zooCodecs)
      const expected = records.filter((one) => matchCondition(condition, one, requestRun(ctx)))
      const { data } = await reader.list(ctx, animals, { filter })
      const told = JSON.stringify(filter)
      expect(
        data.map(({ id }) => id),
        told,
      ).toEqual(expected.map(({ id }) => id))
      met += data.length
    }
    expect(met).toBeGreaterThan(0)
  })
})

/** Every declared operator on the value, and those of its class on each part. */
function filtersOf(field: Field): Filter[] {
  const { operators: declared } = field.typeDefinition
  const whole = declared.flatMap((name) =>
    operandsOf(name, domainOf(field, null), examplesOf(field).map(comparable(field))).map(
      (operand): Filter => ({ [field.apiName]: { [name]: operand } }) as Filter,
    ),
  )
  const parts = partsOf(field).flatMap((part) => {
    const domain = domainOf(field, part)
    const values = examplesOf(field).map((example) => (example as Record<string, unknown>)[part])
    return Object.values(operators)
      .filter((operator) => operator.domains.includes(domain))
      .flatMap(({ name }) =>
        operandsOf(name, domain, values).map(
          (operand): Filter => ({ [`${field.apiName}.${part}`]: { [name]: operand } }) as Filter,
        ),
      )
  })
  return [...whole, ...parts]
}

/** An example as a filter takes it: amounts and joined texts are one value there. */
function comparable(field: Field) {
  return (example: unknown): unknown => {
    const parsed = zooCodecs.of(field).parse(example, ctx.org)
    if (!parsed.ok) throw new Error(parsed.problem.message)
    if (field.typeDefinition.kind === 'currency') return (example as { amount: string }).amount
    return Array.isArray(example) ? example[0] : parsed.value.main
  }
}

function operandsOf(name: string, domain: Domain, values: readonly unknown[]): unknown[] {
  const isOpaque = domain === 'list' || domain === 'opaque'
  const given = values.filter((value) => value !== null && value !== undefined)
  switch (name) {
    case '$exists':
      return [true, false]
    case '$not':
      return [{ $exists: true }]
    case '$in':
    case '$nin':
      return [given, [...given.slice(0, 1), null]]
    case '$contains':
      return domain === 'list' ? given : given.map((value) => String(value).slice(1, 4))
    case '$startsWith':
      return given.map((value) => String(value).slice(0, 2).toUpperCase())
    case '$eq':
    case '$ne':
      return isOpaque ? [null] : [...given, null]
    default:
      return given
  }
}
