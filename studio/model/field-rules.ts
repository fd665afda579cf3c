import type { FieldInfo } from '@runwaycrm/sdk'
import { namesInFilter } from '../views/lost-fields.ts'

type Values = Readonly<Record<string, unknown>>

/**
 * A field as its rules make it for a record with these values: required, locked, or null when it is not
 * shown. What cannot be told here (dates that move, whoever asks) changes nothing; the server decides.
 *
 * @param before the values that are kept, by which a field is locked; none of a new record.
 */
export function fieldUnder(
  field: FieldInfo,
  values: Values,
  before: Values | null,
): FieldInfo | null {
  if (!field.rules) return field
  const holds = (effect: string, on: Values) =>
    field.rules!.filter((rule) => rule.effect === effect).map((rule) => matches(rule.when, on))
  const shows = holds('show', values)
  if (shows.length > 0 && shows.every((one) => one === false)) return null
  const isRequired = holds('require', values).includes(true)
  const isLocked = before !== null && holds('lock', before).includes(true)
  if (!isRequired && !isLocked) return field
  return {
    ...field,
    required: field.required || isRequired,
    readOnly: field.readOnly || isLocked,
  }
}

/** Names of what the rules look at that lock a field of this record; none when none of them does. */
export function lockedBy(field: FieldInfo, values: Values): readonly string[] {
  const locks = (field.rules ?? []).filter(({ effect }) => effect === 'lock')
  const names = locks.flatMap(({ when }) => (matches(when, values) ? namesInFilter(when) : []))
  return [...new Set(names)]
}

/** @returns null when it cannot be told. */
function matches(filter: Values, values: Values): boolean | null {
  return all(
    Object.entries(filter).map(([key, wanted]) => {
      const parts = Array.isArray(wanted) ? (wanted as Values[]) : []
      if (key === '$and') return all(parts.map((part) => matches(part, values)))
      if (key === '$or') return not(all(parts.map((part) => not(matches(part, values)))))
      if (key === '$not') return not(matches(wanted as Values, values))
      return leaf(valueAt(values, key), wanted)
    }),
  )
}

function leaf(value: unknown, wanted: unknown): boolean | null {
  const asked = isPlain(wanted) ? Object.entries(wanted) : [['$eq', wanted] as const]
  return all(asked.map(([operator, operand]) => compare(value, operator, operand)))
}

function compare(value: unknown, operator: string, operand: unknown): boolean | null {
  const isOpen = (one: unknown) => typeof one === 'string' && one.startsWith('@')
  if (Array.isArray(operand) ? operand.some(isOpen) : isOpen(operand)) return null
  const equals = (one: unknown) =>
    one === null ? isNothing(value) : !isNothing(value) && plain(value) === plain(one)
  switch (operator) {
    case '$eq':
      return equals(operand)
    case '$ne':
      return !equals(operand)
    case '$in':
      return (operand as unknown[]).some(equals)
    case '$nin':
      return !(operand as unknown[]).some(equals)
    case '$exists':
      return isNothing(value) !== operand
    case '$contains':
      if (Array.isArray(value)) return value.includes(operand)
      return !isNothing(value) && lower(value).includes(lower(operand))
    case '$startsWith':
      return !isNothing(value) && lower(value).startsWith(lower(operand))
    default:
      return ordered(value, operator, operand)
  }
}

function ordered(value: unknown, operator: string, operand: unknown): boolean | null {
  if (isNothing(value)) return false
  const [a, b] = [plain(value), plain(operand)]
  if (typeof a !== typeof b || (typeof a !== 'number' && typeof a !== 'string')) return null
  const [x, y] = [a as number, b as number]
  const signs: Readonly<Record<string, boolean>> = {
    $gt: x > y,
    $gte: x >= y,
    $lt: x < y,
    $lte: x <= y,
  }
  return signs[operator] ?? null
}

/** Of an amount of money the amount, as filters compare it. */
function plain(value: unknown): unknown {
  return isPlain(value) && 'amount' in value ? Number(value['amount']) : value
}

function valueAt(values: Values, path: string): unknown {
  let at: unknown = values
  for (const part of path.split('.')) at = isPlain(at) ? at[part] : undefined
  return at ?? null
}

const isNothing = (value: unknown) =>
  (value ?? null) === null || value === '' || (Array.isArray(value) && value.length === 0)
const lower = (value: unknown) => String(value).toLowerCase()
const not = (answer: boolean | null) => (answer === null ? null : !answer)

function all(answers: readonly (boolean | null)[]): boolean | null {
  if (answers.includes(false)) return false
  return answers.includes(null) ? null : true
}

function isPlain(value: unknown): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
