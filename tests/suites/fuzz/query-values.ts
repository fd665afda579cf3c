import type { EntityInfo, FieldInfo } from '@runwaycrm/sdk'
import fc from 'fast-check'
import type { Operation } from './open-api.ts'
import { idOf, type Values } from './schema-values.ts'

/** Values of the parameters that the document only calls texts, by what they mean for an entity. */
export interface QueryValues {
  readonly filter: Values
  readonly sort: fc.Arbitrary<string>
  readonly fields: fc.Arbitrary<string>
  readonly expand: fc.Arbitrary<string>
  readonly aggregate: Values
  /** What an upsert may find records by. */
  readonly by: fc.Arbitrary<string>
}

/** A field where a query may name it: its own, or behind a relation. */
interface Named {
  readonly path: string
  readonly field: FieldInfo
  readonly value: Values
}

const moments = ['@now', '@today', '@thisWeek', '@lastMonth', '@nextYear-1d', '@today-30d']

/**
 * @param fieldValue a value of the field, as its schema allows.
 * @param entityOf an entity by its reference, for paths over relations.
 */
export function queryValuesOf(
  entity: EntityInfo,
  fieldValue: (entity: EntityInfo, field: string) => Values,
  entityOf: (ref: string) => EntityInfo | undefined,
): QueryValues {
  const relations = entity.fields.flatMap(({ apiName, to }) => {
    const target = to === undefined ? undefined : entityOf(to)
    return target ? [{ name: apiName.replace(/Ids?$/, ''), target }] : []
  })
  const fieldsOf = (of: EntityInfo, before: string): Named[] =>
    of.fields.map((field) => ({
      path: before + field.apiName,
      field,
      value: fieldValue(of, field.apiName),
    }))
  const own = fieldsOf(entity, '')
  const all = [...own, ...relations.flatMap(({ name, target }) => fieldsOf(target, `${name}.`))]
  const among = (fields: readonly Named[], may: (field: FieldInfo) => boolean) => {
    const found = fields.filter(({ field }) => may(field))
    return fc.constantFrom(...(found.length > 0 ? found : fields))
  }
  const filter = filtersOf(among(all, ({ operators }) => operators.length > 0))
  const list = (one: fc.Arbitrary<string>, max: number) =>
    fc.uniqueArray(one, { minLength: 1, maxLength: max }).map((parts) => parts.join(','))
  const names = own.map(({ path }) => path)
  return {
    filter,
    by: among(own, ({ unique }) => unique).map(({ path }) => path),
    sort: list(
      fc
        .tuple(
          fc.constantFrom('', '-'),
          among(all, ({ sortable }) => sortable),
        )
        .map(([sign, { path }]) => sign + path),
      3,
    ),
    fields: list(fc.constantFrom(...names), 4),
    expand: list(fc.constantFrom('owner', ...relations.map(({ name }) => name)), 3),
    aggregate: aggregatesOf(
      filter,
      among(all, ({ groupable }) => groupable),
      among(own, ({ measures }) => measures.length > 0),
    ),
  }
}

function filtersOf(fields: fc.Arbitrary<Named>): Values {
  const condition = fields.chain(({ path, field, value }) =>
    operandsOf(field, value).map((operand) => ({ [path]: operand })),
  )
  return fc.letrec<{ filter: unknown }>((tie) => ({
    filter: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      { arbitrary: condition, weight: 5 },
      fc
        .tuple(
          fc.constantFrom('$and', '$or'),
          fc.array(tie('filter'), { minLength: 1, maxLength: 3 }),
        )
        .map(([name, parts]) => ({ [name]: parts })),
      tie('filter').map((part) => ({ $not: part })),
    ),
  })).filter
}

function operandsOf({ kind, operators }: FieldInfo, value: Values): Values {
  const words = kind.startsWith('date') ? moments : kind === 'user' ? ['@me'] : ['a', '%', '1']
  const one = fc.oneof(
    { arbitrary: kind === 'currency' ? fc.integer() : value, weight: 6 },
    fc.constantFrom<unknown>(...words),
  )
  return fc.constantFrom('$eq', ...operators).chain((operator): Values => {
    if (operator === '$exists') return fc.boolean().map((exists) => ({ $exists: exists }))
    if (operator === '$in' || operator === '$nin') {
      return fc.array(one, { minLength: 1, maxLength: 3 }).map((list) => ({ [operator]: list }))
    }
    return one.map((operand) => (operator === '$eq' ? operand : { [operator]: operand }))
  })
}

function aggregatesOf(
  filter: Values,
  groups: fc.Arbitrary<Named>,
  measured: fc.Arbitrary<Named>,
): Values {
  const group = fc
    .tuple(groups, fc.constantFrom('day', 'week', 'month', 'quarter', 'year'))
    .map(([{ path, field }, bucket]) =>
      field.kind.startsWith('date') ? { field: path, bucket } : { field: path },
    )
  const measure = measured.chain(({ path, field: { measures } }) =>
    fc.oneof(
      fc.constant<object>({ count: '*' }),
      fc.constantFrom('countDistinct', ...measures).map((name) => ({ [name]: path })),
    ),
  )
  return fc.record(
    {
      filter,
      groupBy: fc.uniqueArray(group, { maxLength: 2, selector: ({ field }) => field }),
      measures: fc
        .tuple(measure, fc.option(filter, { freq: 4 }), fc.option(measure))
        .map(([one, only, other]) => ({
          n: only === null ? one : { ...one, filter: only },
          ...(other === null ? {} : { total: other }),
        })),
      sort: fc.constantFrom('n', '-n'),
      limit: fc.integer({ min: 1, max: 1000 }),
    },
    { requiredKeys: ['measures'] },
  )
}

/** Ids that stand in a path, by what stands before them. */
export function pathId({ entity, path }: Operation): fc.Arbitrary<string> {
  return idOf(entity?.plural ?? /(\w+)\/\{id\}/.exec(path)?.[1] ?? 'leads')
}
