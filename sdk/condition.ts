/**
 * The one condition language: filters, permission conditions, field rules and the leaves of rules.
 * Keys are ANDed. A key is a field, a path through relations (`account.industry`; to many, any of them), or
 * `$and`, `$or`, `$not`.
 *
 * @example
 * const hot: Filter = { status: 'new', score: { $gte: 80 }, 'account.industry': 'software' }
 */
export interface Filter {
  readonly [key: string]: FilterValue | Filter | readonly Filter[] | undefined
}

export type Scalar = string | number | boolean | null

export type FilterValue = Scalar | FilterOperators

export interface FilterOperators {
  readonly $eq?: Scalar
  readonly $ne?: Scalar
  readonly $gt?: Scalar
  readonly $gte?: Scalar
  readonly $lt?: Scalar
  readonly $lte?: Scalar
  readonly $in?: readonly Scalar[]
  readonly $nin?: readonly Scalar[]
  readonly $contains?: Scalar
  readonly $startsWith?: string
  readonly $exists?: boolean
  readonly $not?: FilterOperators
}

export const filterOperators = [
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
] as const

export type FilterOperator = (typeof filterOperators)[number]

/** Deepest nesting and most conditions of one filter. */
export const filterLimits = { depth: 8, conditions: 100 } as const
