/** Days are texts such as `2026-03-01`, counted in UTC so that no clock change moves them. */
const dayMs = 86_400_000

const pad = (n: number, length = 2): string => String(n).padStart(length, '0')
const toUtc = (day: string): number => Date.parse(`${day}T00:00:00Z`)
const toDay = (utc: number): string => new Date(utc).toISOString().slice(0, 10)

export const addDays = (day: string, days: number): string => toDay(toUtc(day) + days * dayMs)

/** How many days `to` lies after `from`. */
export const daysBetween = (from: string, to: string): number =>
  Math.round((toUtc(to) - toUtc(from)) / dayMs)

/** The same day of another month, or its last one: 31 January and a month is 28 February. */
export function addMonths(day: string, months: number): string {
  const [year = 0, month = 1, date = 1] = day.split('-').map(Number)
  const first = new Date(Date.UTC(year, month - 1 + months, 1))
  const last = new Date(Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + 1, 0)).getUTCDate()
  first.setUTCDate(Math.min(date, last))
  return toDay(first.getTime())
}

export const startOfMonth = (day: string): string => `${day.slice(0, 7)}-01`

/** @param firstDay of the week, 1 for Monday to 7 for Sunday. */
export function startOfWeek(day: string, firstDay: number): string {
  const weekday = new Date(toUtc(day)).getUTCDay()
  return addDays(day, -((weekday - firstDay + 7) % 7))
}

/** The weeks that a month touches, seven days each. */
export function monthWeeks(day: string, firstDay: number): readonly (readonly string[])[] {
  const first = startOfMonth(day)
  const next = addMonths(first, 1)
  const weeks: string[][] = []
  for (let at = startOfWeek(first, firstDay); at < next; at = addDays(at, 7)) weeks.push(weekOf(at))
  return weeks
}

/** Seven days from this one. */
export const weekOf = (start: string): string[] =>
  Array.from({ length: 7 }, (_, index) => addDays(start, index))

/** A day in the reader's own time zone. */
export const localDay = (at: Date): string =>
  `${pad(at.getFullYear(), 4)}-${pad(at.getMonth() + 1)}-${pad(at.getDate())}`

/** The day of a value of the API, a day or a moment; null for anything else. */
export function dayOf(value: unknown): string | null {
  if (typeof value !== 'string') return null
  if (/^\d{4}-\d{2}-\d{2}$/.test(value)) return value
  const at = new Date(value)
  return Number.isNaN(at.getTime()) ? null : localDay(at)
}

/** The moment at which a day begins for the reader, as the API carries it. */
export const startOfDay = (day: string): string => new Date(`${day}T00:00:00`).toISOString()

/** The value moved by days; a moment keeps its time of day, also over a change of the clock. */
export function moveByDays(value: string, days: number): string {
  if (/^\d{4}-\d{2}-\d{2}$/.test(value)) return addDays(value, days)
  const at = new Date(value)
  at.setDate(at.getDate() + days)
  return at.toISOString()
}

/** 1 for Monday to 7 for Sunday. */
export function firstDayOfWeek(locale: string): number {
  type WithWeeks = Intl.Locale & {
    getWeekInfo?: () => { firstDay: number }
    weekInfo?: { firstDay: number }
  }
  try {
    const known = new Intl.Locale(locale) as WithWeeks
    return (known.getWeekInfo?.() ?? known.weekInfo)?.firstDay ?? 1
  } catch {
    return 1
  }
}
