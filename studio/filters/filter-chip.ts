import type { FieldInfo, Filter, FilterValue } from '@runwaycrm/sdk'
import { fieldKind } from '../model/field-kinds.ts'

/** How a chip compares; the words come from `filter.op.<name>`. */
export type ChipOperator =
  | 'is'
  | 'isNot'
  | 'anyOf'
  | 'noneOf'
  | 'contains'
  | 'startsWith'
  | 'above'
  | 'atLeast'
  | 'below'
  | 'atMost'
  | 'within'
  | 'empty'
  | 'filled'

/** One condition of the filter bar: field, operator, value. */
export interface FilterChip {
  /** apiName, or a path such as `account.industry`. */
  readonly field: string
  readonly operator: ChipOperator
  /** A scalar, a list for anyOf and noneOf, a range name for within, absent for empty and filled. */
  readonly value?: unknown
}

/** What the bar shows: chips, and conditions it cannot draw and therefore leaves alone. */
export interface FilterDraft {
  readonly chips: readonly FilterChip[]
  readonly rest: readonly Filter[]
}

/** Spans of time by name, in the words of relative dates; the end is not in it. */
export const ranges = {
  today: { $gte: '@today', $lt: '@today+1d' },
  thisWeek: { $gte: '@thisWeek', $lt: '@nextWeek' },
  thisMonth: { $gte: '@thisMonth', $lt: '@nextMonth' },
  thisQuarter: { $gte: '@thisQuarter', $lt: '@nextQuarter' },
  thisYear: { $gte: '@thisYear', $lt: '@nextYear' },
  lastWeek: { $gte: '@lastWeek', $lt: '@thisWeek' },
  lastMonth: { $gte: '@lastMonth', $lt: '@thisMonth' },
  lastQuarter: { $gte: '@lastQuarter', $lt: '@thisQuarter' },
  nextWeek: { $gte: '@nextWeek', $lt: '@nextWeek+1w' },
  nextMonth: { $gte: '@nextMonth', $lt: '@nextMonth+1m' },
  last7Days: { $gte: '@today-7d', $lt: '@today+1d' },
  last30Days: { $gte: '@today-30d', $lt: '@today+1d' },
  last90Days: { $gte: '@today-90d', $lt: '@today+1d' },
  next30Days: { $gte: '@today', $lt: '@today+31d' },
  next90Days: { $gte: '@today', $lt: '@today+91d' },
  past: { $lt: '@today' },
} as const satisfies Record<string, FilterValue>
export type RangeName = keyof typeof ranges

export const takesNoValue = (operator: ChipOperator): boolean =>
  operator === 'empty' || operator === 'filled'
export const takesList = (operator: ChipOperator): boolean =>
  operator === 'anyOf' || operator === 'noneOf'

/** Whether values are chosen from a list: options, records, people, codes by their names. */
export const isChosen = (field: FieldInfo): boolean =>
  ['option', 'relation', 'user'].includes(field.kind) ||
  ['country', 'language', 'currencyCode', 'timeZone'].includes(fieldKind(field))

/** The operators a field's chip offers, the usual one first, out of what its type can do. */
export function operatorsOf(field: FieldInfo): readonly ChipOperator[] {
  const has = (operator: string): boolean =>
    field.operators.length === 0 || field.operators.includes(operator)
  const found: ChipOperator[] = []
  const offer = (operator: ChipOperator, needs: string): void => {
    if (has(needs) && !found.includes(operator)) found.push(operator)
  }
  switch (isChosen(field) ? 'chosen' : field.kind) {
    case 'date':
    case 'dateTime':
      offer('within', '$gte')
      offer('above', '$gt')
      offer('below', '$lt')
      if (field.kind === 'date') offer('is', '$eq')
      break
    case 'number':
    case 'currency':
      offer('atLeast', '$gte')
      offer('above', '$gt')
      offer('atMost', '$lte')
      offer('below', '$lt')
      offer('is', '$eq')
      offer('isNot', '$ne')
      break
    case 'chosen':
      offer('anyOf', '$in')
      offer('noneOf', '$nin')
      break
    case 'options':
    case 'json':
      offer('contains', '$contains')
      break
    case 'boolean':
      offer('is', '$eq')
      break
    case 'relations':
      offer('contains', '$contains')
      break
    case 'file':
    case 'files':
    case 'reference':
      break
    default:
      // A place or a period has no text to compare with.
      if (['geo', 'period', 'opaque'].includes(fieldKind(field))) break
      offer('contains', '$contains')
      offer('startsWith', '$startsWith')
      offer('is', '$eq')
      offer('isNot', '$ne')
  }
  offer('empty', '$exists')
  offer('filled', '$exists')
  return found
}
