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
export type PastPeriod = 'last_month' | 'last_quarter' | 'last_year'

/** The day that the clocks of a time zone show; an unknown zone counts as UTC. */
export function dayIn(now: Date, timeZone: string): string {
  return formatterOf(timeZone).format(now)
}

/** Making one takes half a millisecond, and there are some 600 time zones at most. */
const formatters = new Map<string, Intl.DateTimeFormat>()

const offsetFormatters = new Map<string, Intl.DateTimeFormat>()

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

/**
 * The moment at which the clocks of a time zone show that time of that day.
 *
 * @param time `17:00`.
 * @returns ISO in UTC.
 */
export function momentIn(day: string, time: string, timeZone: string): string {
  const wall = Date.parse(`${day}T${time}:00Z`)
  // Twice, because the first guess may lie on the other side of a clock change.
  const once = wall - offsetAt(wall, timeZone)
  return new Date(wall - offsetAt(once, timeZone)).toISOString()
}

/** Moments of the days of a range, as a condition on a date-time field. */
export function momentsOf(range: DayRange, timeZone: string) {
  return {
    $gte: momentIn(range.from, '00:00', timeZone),
    $lt: momentIn(addDays(range.to, 1), '00:00', timeZone),
  }
}

/** The calendar period around, after or before a day. */
export function rangeOf(period: Period | PastPeriod, today: string): DayRange {
  const [which, unit] = period.split('_') as [
    'this' | 'next' | 'last',
    'month' | 'quarter' | 'year',
  ]
  const months = { month: 1, quarter: 3, year: 12 }[unit]
  const [year, month] = yearAndMonth(today)
  const first =
    Math.floor(month / months) * months + { this: 0, next: months, last: -months }[which]
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

/** How far the zone's clocks are ahead of UTC at an instant, in milliseconds; an unknown zone is UTC. */
function offsetAt(instant: number, timeZone: string): number {
  try {
    let formatter = offsetFormatters.get(timeZone)
    if (!formatter) {
      formatter = new Intl.DateTimeFormat('en', { timeZone, timeZoneName: 'longOffset' })
      offsetFormatters.set(timeZone, formatter)
    }
    const parts = formatter.formatToParts(instant).find((part) => part.type === 'timeZoneName')
    const match = /([+-])(\d{2}):(\d{2})/.exec(parts?.value ?? '')
    if (!match) return 0
    const minutes = Number(match[2]) * 60 + Number(match[3])
    return (match[1] === '-' ? -1 : 1) * minutes * 60_000
  } catch {
    return 0
  }
}
