import type { FilterOperator } from '@runwaycrm/sdk'
import type { Comparable, Domain, LeafOperator } from './condition-tree.ts'

/** How texts order: `ci` ignores case and follows Unicode root collation, `exact` goes by code points. */
export type Order = 'ci' | 'exact'

/** What an operator means, once, for memory, rules engine and SQL. */
export interface Operator {
  readonly name: FilterOperator
  /** For people, between a field and a value. */
  readonly label: string
  readonly domains: readonly Domain[]
  readonly operand: 'value' | 'list' | 'text' | 'flag' | 'operators'
  /** Whether null is a fair operand; ordering and text operators never match null. */
  readonly takesNull: boolean
  /** The operator that it turns round; such an operator has no semantics of its own. */
  readonly negates?: FilterOperator
}

/** What a leaf means. Neither side is ever called with null: a leaf on null is false. */
export interface LeafSemantics {
  test(value: Comparable | readonly string[], operand: OperandValue, order: Order): boolean
  /** @param operand a placeholder with its cast; an array for `$in`. */
  sql(column: string, operand: string, domain: Domain, order: Order): string
}

export type OperandValue = Comparable | readonly Comparable[]

const scalars: readonly Domain[] = ['text', 'number', 'boolean', 'date', 'instant', 'id']
const ordered: readonly Domain[] = ['text', 'number', 'date', 'instant']
const all: readonly Domain[] = [...scalars, 'list', 'opaque']

export const operators: Readonly<Record<FilterOperator, Operator>> = {
  $eq: { name: '$eq', label: 'is', domains: all, operand: 'value', takesNull: true },
  $ne: {
    name: '$ne',
    label: 'is not',
    domains: all,
    operand: 'value',
    takesNull: true,
    negates: '$eq',
  },
  $gt: {
    name: '$gt',
    label: 'is more than',
    domains: ordered,
    operand: 'value',
    takesNull: false,
  },
  $gte: {
    name: '$gte',
    label: 'is at least',
    domains: ordered,
    operand: 'value',
    takesNull: false,
  },
  $lt: {
    name: '$lt',
    label: 'is less than',
    domains: ordered,
    operand: 'value',
    takesNull: false,
  },
  $lte: {
    name: '$lte',
    label: 'is at most',
    domains: ordered,
    operand: 'value',
    takesNull: false,
  },
  $in: { name: '$in', label: 'is any of', domains: scalars, operand: 'list', takesNull: true },
  $nin: {
    name: '$nin',
    label: 'is none of',
    domains: scalars,
    operand: 'list',
    takesNull: true,
    negates: '$in',
  },
  $contains: {
    name: '$contains',
    label: 'contains',
    domains: ['text', 'list'],
    operand: 'text',
    takesNull: false,
  },
  $startsWith: {
    name: '$startsWith',
    label: 'starts with',
    domains: ['text'],
    operand: 'text',
    takesNull: false,
  },
  $exists: {
    name: '$exists',
    label: 'has a value',
    domains: all,
    operand: 'flag',
    takesNull: false,
  },
  $not: { name: '$not', label: 'not', domains: all, operand: 'operators', takesNull: false },
}

export const leafSemantics: Readonly<Record<LeafOperator, LeafSemantics>> = {
  $exists: { test: () => true, sql: (column) => `${column} is not null` },
  $eq: {
    test: (value, operand) => value === operand,
    sql: (column, operand) => `${column} = ${operand}`,
  },
  $in: {
    test: (value, operand) => (operand as readonly Comparable[]).includes(value as Comparable),
    sql: (column, operand) => `${column} = any(${operand})`,
  },
  $gt: comparison('>', (order) => order > 0),
  $gte: comparison('>=', (order) => order >= 0),
  $lt: comparison('<', (order) => order < 0),
  $lte: comparison('<=', (order) => order <= 0),
  $contains: {
    test: (value, operand) =>
      Array.isArray(value)
        ? value.includes(operand as string)
        : fold(value as string).includes(fold(operand as string)),
    sql: (column, operand, domain) =>
      domain === 'list'
        ? `${column} ? ${operand}`
        : `strpos(${foldSql(column)}, ${foldSql(operand)}) > 0`,
  },
  $startsWith: {
    test: (value, operand) => fold(value as string).startsWith(fold(operand as string)),
    sql: (column, operand) => `starts_with(${foldSql(column)}, ${foldSql(operand)})`,
  },
}

function comparison(sign: string, holds: (order: number) => boolean): LeafSemantics {
  return {
    test: (value, operand, order) =>
      holds(compareValues(value as Comparable, operand as Comparable, order)),
    sql: (column, operand, domain, order) =>
      domain === 'text'
        ? `${sortKeySql(column, order)} ${sign} ${sortKeySql(operand, order)}`
        : `${column} ${sign} ${operand}`,
  }
}

const collator = new Intl.Collator('en', { usage: 'sort', sensitivity: 'variant' })

/** Dates, moments and ids are texts of one form, so their order by code points is their order. */
function compareValues(left: Comparable, right: Comparable, order: Order): number {
  if (typeof left === 'string' && typeof right === 'string') {
    if (order === 'exact') return compareCodePoints(left, right)
    const [foldedLeft, foldedRight] = [fold(left), fold(right)]
    return collator.compare(foldedLeft, foldedRight) || compareCodePoints(foldedLeft, foldedRight)
  }
  return left < right ? -1 : left > right ? 1 : 0
}

function compareCodePoints(left: string, right: string): number {
  return Buffer.compare(Buffer.from(left), Buffer.from(right))
}

function fold(text: string): string {
  return text.toLowerCase()
}

function foldSql(expression: string): string {
  return `lower(${expression} collate "und-x-icu")`
}

/**
 * What a text sorts by, and so what an index for it must be on. English has no tailoring, so its
 * collation in JavaScript is the root collation that the database uses.
 */
export function sortKeySql(expression: string, order: Order): string {
  return order === 'ci' ? foldSql(expression) : `(${expression}) collate "C"`
}
