import type { Filter } from '@runwaycrm/sdk'

export const periods = [
  'week',
  'month',
  'quarter',
  'year',
  'days7',
  'days30',
  'days90',
  'lastMonth',
  'lastQuarter',
  'all',
] as const
export type Period = (typeof periods)[number]

/** From and up to, in relative dates of the API; the one before for comparison where there is one. */
interface Span {
  readonly from: string
  readonly to?: string
  readonly before?: { readonly from: string; readonly to: string }
}

const current = (name: string): Span => ({
  from: `@this${name}`,
  to: `@next${name}`,
  before: { from: `@last${name}`, to: `@this${name}` },
})
const days = (n: number): Span => ({
  from: `@today-${n}d`,
  before: { from: `@today-${2 * n}d`, to: `@today-${n}d` },
})
const spans: Readonly<Record<Period, Span | null>> = {
  week: current('Week'),
  month: current('Month'),
  quarter: current('Quarter'),
  year: current('Year'),
  days7: days(7),
  days30: days(30),
  days90: days(90),
  lastMonth: { from: '@lastMonth', to: '@thisMonth' },
  lastQuarter: { from: '@lastQuarter', to: '@thisQuarter' },
  all: null,
}

export const isPeriod = (value: unknown): value is Period => periods.includes(value as Period)

/** Records whose date lies in the period; everything when there is no end to it. */
export function periodFilter(field: string, period: Period): Filter {
  const span = spans[period]
  return span ? between(field, span.from, span.to) : {}
}

/** The period before, as long; null where none is told of. */
export function periodBefore(field: string, period: Period): Filter | null {
  const before = spans[period]?.before
  return before ? between(field, before.from, before.to) : null
}

const between = (field: string, from: string, to: string | undefined): Filter => ({
  [field]: { $gte: from, ...(to === undefined ? {} : { $lt: to }) },
})
