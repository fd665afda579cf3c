/** Calendar days are texts `YYYY-MM-DD`; they order as texts do. */
export interface DayRange {
  readonly from: string
  /** The last day, included. */
  readonly to: string
}

export const periods = [
  'this_month',
  'next_month',
  'this_quarter',
  'next_quarter',
  'this_year',
  'next_year',
] as const
export type Period = (typeof periods)[number]

/** The day that the clocks of a time zone show; an unknown zone counts as UTC. */
export function dayIn(now: Date, timeZone: string): string {
  return formatterOf(timeZone).format(now)
}

/** Making one takes half a millisecond, and there are some 600 time zones at most. */
const formatters = new Map<string, Intl.DateTimeFormat>()

function formatterOf(timeZone: string): Intl.DateTimeFormat {
  let formatter = formatters.get(timeZone)
  if (!formatter) {
    try {
      formatter = new Intl.DateTimeFormat('en-CA', { timeZone, dateStyle: 'short' })
    } catch {
      return formatterOf('UTC')
    }
    formatters.set(timeZone, formatter)
  }
  return formatter
}

/** The calendar period around or after a day. */
export function rangeOf(period: Period, today: string): DayRange {
  const [which, unit] = period.split('_') as ['this' | 'next', 'month' | 'quarter' | 'year']
  const months = { month: 1, quarter: 3, year: 12 }[unit]
  const [year, month] = yearAndMonth(today)
  const first = Math.floor(month / months) * months + (which === 'next' ? months : 0)
  return { from: firstOf(year, first), to: addDays(firstOf(year, first + months), -1) }
}

/** The quarter before the one of the day. */
export function lastQuarter(today: string): DayRange {
  const from = rangeOf('this_quarter', today).from
  return { from: addMonths(from, -3), to: addDays(from, -1) }
}

/** The first days of the months that a range touches. */
export function monthsOf(range: DayRange): string[] {
  const months: string[] = []
  for (let month = `${range.from.slice(0, 7)}-01`; month <= range.to; month = addMonths(month, 1))
    months.push(month)
  return months
}

export function addDays(day: string, days: number): string {
  return new Date(Date.parse(day) + days * dayMs).toISOString().slice(0, 10)
}

/** The same day of another month, or that month's last day. */
export function addMonths(day: string, months: number): string {
  const [year, month] = yearAndMonth(day)
  const last = addDays(firstOf(year, month + months + 1), -1)
  const same = `${last.slice(0, 8)}${day.slice(8)}`
  return same < last ? same : last
}

/** Whole days from one day to another. */
export function daysBetween(from: string, to: string): number {
  return Math.round((Date.parse(to) - Date.parse(from)) / dayMs)
}

const dayMs = 86_400_000

/** The month counts from 0. */
function yearAndMonth(day: string): [number, number] {
  return [Number(day.slice(0, 4)), Number(day.slice(5, 7)) - 1]
}

function firstOf(year: number, month: number): string {
  return new Date(Date.UTC(year, month, 1)).toISOString().slice(0, 10)
}
