import { type FilterOperator, parseRelativeDate, resolveRelativeDate } from '@runwaycrm/sdk'
import type { Comparable, ConditionRun } from './condition-tree.ts'
import { leafSemantics, type OperandValue, operators } from './operators.ts'

/**
 * An operator of filters on plain JSON that no field describes: outputs of steps, payloads of events. Nulls
 * and negations are those of filters; what two values of different kinds have in common is nothing.
 */
export function compareJson(
  operator: FilterOperator,
  input: unknown,
  operand: unknown,
  run: ConditionRun,
): boolean {
  const value = input ?? null
  const { negates } = operators[operator]
  if (operator === '$not') {
    return !Object.entries((operand ?? {}) as Record<string, unknown>).every(([name, inner]) =>
      compareJson(name as FilterOperator, value, inner, run),
    )
  }
  if (negates) return !compareJson(negates, value, operand, run)
  if (operator === '$exists') return (value !== null) === (operand !== false)
  if (operator === '$eq' && (operand ?? null) === null) return value === null
  if (operator === '$in' && Array.isArray(operand)) {
    return operand.some((one) => compareJson('$eq', value, one, run))
  }
  if (value === null || operand === null || operand === undefined) return false
  if (typeof operand === 'string' && typeof value === 'string') {
    const period = parseRelativeDate(operand)
    if (period) return compareWithPeriod(operator, value, period, run)
  }
  if (operator === '$contains' && Array.isArray(value)) return value.includes(operand)
  if (typeof value !== typeof operand || typeof value === 'object') return false
  const semantics = leafSemantics[operator as keyof typeof leafSemantics]
  const isOfText = operator === '$contains' || operator === '$startsWith'
  if (isOfText && typeof value !== 'string') return false
  return semantics.test(value as Comparable, operand as OperandValue, 'ci')
}

const day = /^\d{4}-\d{2}-\d{2}$/

/** Equal to a period is inside of it, below it is before its first moment, above it is after its end. */
function compareWithPeriod(
  operator: FilterOperator,
  value: string,
  period: NonNullable<ReturnType<typeof parseRelativeDate>>,
  { now, timeZone }: ConditionRun,
): boolean {
  const isDay = day.test(value)
  const at = isDay ? value : new Date(value)
  if (at instanceof Date && Number.isNaN(at.getTime())) return false
  const text = at instanceof Date ? at.toISOString() : at
  const { from, to } = resolveRelativeDate(period, now, timeZone, isDay ? 'date' : 'instant')
  switch (operator) {
    case '$eq':
      return from === to ? text === from : text >= from && text < to
    case '$gte':
      return text >= from
    case '$lt':
      return text < from
    case '$gt':
      return from === to ? text > from : text >= to
    case '$lte':
      return from === to ? text <= from : text < to
    default:
      return false
  }
}
