/**
 * What a filter of the API means, once more and in the plainest way, for records of the zoo as the API gives
 * them with their relations expanded. It knows nothing of the product's trees and operators.
 */
type Json = Readonly<Record<string, unknown>>

/** Who asks. It is 2026-03-11 10:30 in Oslo, the zone of the organisation. */
export interface Asker {
  readonly userId: string
}

export function naiveMatch(filter: Json, record: Json, asker: Asker): boolean {
  return Object.entries(filter).every(([key, part]) => {
    if (key === '$and') return (part as Json[]).every((one) => naiveMatch(one, record, asker))
    if (key === '$or') return (part as Json[]).some((one) => naiveMatch(one, record, asker))
    if (key === '$not') return !naiveMatch(part as Json, record, asker)
    const values = valuesAt(record, key.split('.'))
    const tests = isJson(part) ? part : { $eq: part }
    return meets(values, tests, kindOf(key), asker)
  })
}

type Kind = 'text' | 'amount' | 'date' | 'moment' | 'other'

const kinds: Readonly<Record<string, Kind>> = {
  label: 'text',
  name: 'text',
  both: 'text',
  price: 'amount',
  born: 'date',
  seen: 'moment',
  createdAt: 'moment',
}

/** The organisation's own fields have the names of the others with an x before them. */
function kindOf(path: string): Kind {
  const last = path.split('.').at(-1)!
  return kinds[last] ?? kinds[last.replace(/^x/, '')] ?? 'other'
}

/**
 * What is there at the end of a path: nothing where it is blank, several where it leads through a list. No
 * records are nothing; no tags are a list all the same.
 */
function valuesAt(holder: unknown, [name, ...rest]: readonly string[]): unknown[] {
  if (name === undefined)
    return holder === null || holder === undefined || holder === '' ? [] : [holder]
  if (Array.isArray(holder)) return holder.flatMap((one) => valuesAt(one, [name, ...rest]))
  if (!isJson(holder)) return []
  const value = holder[name]
  return name.endsWith('Ids') && (value as unknown[]).length === 0 ? [] : valuesAt(value, rest)
}

function meets(values: readonly unknown[], tests: Json, kind: Kind, asker: Asker): boolean {
  return Object.entries(tests).every(([operator, operand]) => {
    switch (operator) {
      case '$not':
        return !meets(values, operand as Json, kind, asker)
      case '$exists':
        return values.length > 0 === operand
      case '$eq':
        return isOneOf(values, [operand], kind, asker)
      case '$ne':
        return !isOneOf(values, [operand], kind, asker)
      case '$in':
        return isOneOf(values, operand as unknown[], kind, asker)
      case '$nin':
        return !isOneOf(values, operand as unknown[], kind, asker)
      case '$contains':
        return values.some((value) =>
          Array.isArray(value) ? value.includes(operand) : folded(value).includes(folded(operand)),
        )
      case '$startsWith':
        return values.some((value) => folded(value).startsWith(folded(operand)))
      default:
        return values.some((value) => isOrdered(operator, value, operand, kind))
    }
  })
}

function isOneOf(
  values: readonly unknown[],
  operands: readonly unknown[],
  kind: Kind,
  asker: Asker,
): boolean {
  return operands.some((operand) => {
    if (operand === null || operand === '') return values.length === 0
    if (operand === '@me') return values.some((value) => idOf(value) === asker.userId)
    const period = periodOf(operand, kind)
    if (period) return values.some((value) => inside(String(value), period))
    return values.some((value) => plain(value, kind) === plain(operand, kind))
  })
}

function isOrdered(operator: string, value: unknown, operand: unknown, kind: Kind): boolean {
  if (operand === '') return false
  const period = periodOf(operand, kind)
  if (period && period.from !== period.to) {
    // After a period is from its end on, and up to it is before its end.
    const edge = operator === '$gt' || operator === '$lte' ? period.to : period.from
    return operator === '$gt' || operator === '$gte' ? String(value) >= edge : String(value) < edge
  }
  const order = compared(value, period?.from ?? operand, kind)
  if (operator === '$gt') return order > 0
  if (operator === '$gte') return order >= 0
  if (operator === '$lt') return order < 0
  if (operator === '$lte') return order <= 0
  throw new Error(`The oracle knows no ${operator}.`)
}

const root = new Intl.Collator('en')

function compared(value: unknown, operand: unknown, kind: Kind): number {
  const [left, right] = [plain(value, kind), plain(operand, kind)]
  if (kind === 'text') {
    const [a, b] = [folded(left), folded(right)]
    return root.compare(a, b) || Buffer.compare(Buffer.from(a), Buffer.from(b))
  }
  return left === right ? 0 : (left as number) < (right as number) ? -1 : 1
}

/** A value and an operand in the same form, so that equal ones are identical. */
function plain(value: unknown, kind: Kind): unknown {
  if (kind === 'amount') {
    const amount = isJson(value) ? value['amount'] : value
    return Math.round(Number(amount) * 10_000)
  }
  if (kind === 'moment') return new Date(String(value)).toISOString()
  return isJson(value) ? idOf(value) : value
}

/** Whoever did something, and what something is about, is its id. */
const idOf = (value: unknown) => (isJson(value) ? value['id'] : value)

interface Period {
  readonly from: string
  /** Exclusive; the same as `from` for a moment. */
  readonly to: string
}

/** Worked out by hand from a calendar: in Oslo a day begins at 23:00 UTC, and at 22:00 from 29 March 2026 on. */
const periods: Readonly<Record<string, readonly [date: Period, moment: Period]>> = {
  '@now': [days('2026-03-11', '2026-03-12'), moments('2026-03-11T09:30', '2026-03-11T09:30')],
  '@now-12h': [days('2026-03-10', '2026-03-11'), moments('2026-03-10T21:30', '2026-03-10T21:30')],
  '@today': [days('2026-03-11', '2026-03-12'), moments('2026-03-10T23:00', '2026-03-11T23:00')],
  '@today-1d': [days('2026-03-10', '2026-03-11'), moments('2026-03-09T23:00', '2026-03-10T23:00')],
  '@thisWeek': [days('2026-03-09', '2026-03-16'), moments('2026-03-08T23:00', '2026-03-15T23:00')],
  '@thisMonth': [days('2026-03-01', '2026-04-01'), moments('2026-02-28T23:00', '2026-03-31T22:00')],
  '@lastMonth+1m': [
    days('2026-03-01', '2026-04-01'),
    moments('2026-02-28T23:00', '2026-03-31T22:00'),
  ],
  '@nextQuarter': [
    days('2026-04-01', '2026-07-01'),
    moments('2026-03-31T22:00', '2026-06-30T22:00'),
  ],
  '@thisYear-1y': [
    days('2025-01-01', '2026-01-01'),
    moments('2024-12-31T23:00', '2025-12-31T23:00'),
  ],
}

function days(from: string, to: string): Period {
  return { from, to }
}
function moments(from: string, to: string): Period {
  return { from: `${from}:00.000Z`, to: `${to}:00.000Z` }
}

function periodOf(operand: unknown, kind: Kind): Period | null {
  if (kind !== 'date' && kind !== 'moment') return null
  if (typeof operand !== 'string' || !operand.startsWith('@')) return null
  const period = periods[operand]
  if (!period) throw new Error(`The oracle does not know when ${operand} is.`)
  return period[kind === 'date' ? 0 : 1]
}

function inside(value: string, { from, to }: Period): boolean {
  return from === to ? value === from : value >= from && value < to
}

const folded = (value: unknown) => String(value).toLowerCase()

function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
