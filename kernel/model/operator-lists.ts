import type { FilterOperator } from '@runwaycrm/sdk'

/** Of values with an order. */
export const comparing: readonly FilterOperator[] = [
  '$eq',
  '$ne',
  '$gt',
  '$gte',
  '$lt',
  '$lte',
  '$in',
  '$nin',
  '$exists',
  '$not',
]
/** Of values that are one of several. */
export const choosing: readonly FilterOperator[] = ['$eq', '$ne', '$in', '$nin', '$exists', '$not']
