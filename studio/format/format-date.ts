const kept = new Map<string, Intl.DateTimeFormat>()
function dateFormat(locale: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${locale} ${JSON.stringify(options)}`
  let format = kept.get(key)
  if (!format) {
    format = new Intl.DateTimeFormat(locale, options)
    kept.set(key, format)
  }
  return format
}

/** A calendar day has no zone: `2026-03-01` is the first of March everywhere. */
export function formatDate(day: string, locale: string, now: Date): string {
  const date = new Date(`${day.slice(0, 10)}T00:00:00Z`)
  if (Number.isNaN(date.getTime())) return day
  const isThisYear = date.getUTCFullYear() === now.getFullYear()
  return dateFormat(locale, {
    day: 'numeric',
    month: 'short',
    timeZone: 'UTC',
    ...(isThisYear ? {} : { year: 'numeric' }),
  }).format(date)
}

export function formatDateTime(instant: string, locale: string, now: Date): string {
  const date = new Date(instant)
  if (Number.isNaN(date.getTime())) return instant
  const isThisYear = date.getFullYear() === now.getFullYear()
  return dateFormat(locale, {
    day: 'numeric',
    month: 'short',
    hour: '2-digit',
    minute: '2-digit',
    ...(isThisYear ? {} : { year: 'numeric' }),
  }).format(date)
}

/** `2026-03` as `Mar 2026`. */
export function formatMonth(month: string, locale: string): string {
  const date = new Date(`${month}-01T00:00:00Z`)
  if (Number.isNaN(date.getTime())) return month
  return dateFormat(locale, { month: 'short', year: 'numeric', timeZone: 'UTC' }).format(date)
}

/** For titles and hovers: everything. */
export function formatFullDateTime(instant: string, locale: string): string {
  const date = new Date(instant)
  if (Number.isNaN(date.getTime())) return instant
  return dateFormat(locale, { dateStyle: 'full', timeStyle: 'medium' }).format(date)
}

export function formatTime(instant: string, locale: string): string {
  return dateFormat(locale, { hour: '2-digit', minute: '2-digit' }).format(new Date(instant))
}

const steps = [
  ['year', 31_557_600],
  ['month', 2_629_800],
  ['week', 604_800],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
] as const

/** `2 hours ago`, `in 3 days`. */
export function formatRelative(instant: string, locale: string, now: Date): string {
  const seconds = (new Date(instant).getTime() - now.getTime()) / 1000
  if (Number.isNaN(seconds)) return instant
  const format = new Intl.RelativeTimeFormat(locale, { numeric: 'auto', style: 'short' })
  for (const [unit, size] of steps)
    if (Math.abs(seconds) >= size) return format.format(Math.trunc(seconds / size), unit)
  return format.format(0, 'minute')
}

/** Heading over the entries of one day: today, yesterday, or the date. */
export function formatDayHeading(instant: string, locale: string, now: Date): string {
  const date = new Date(instant)
  const days = Math.round((startOfDay(date) - startOfDay(now)) / 86_400_000)
  if (days === 0 || days === -1) {
    const word = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' }).format(days, 'day')
    return word.charAt(0).toLocaleUpperCase(locale) + word.slice(1)
  }
  return dateFormat(locale, {
    day: 'numeric',
    month: 'long',
    ...(date.getFullYear() === now.getFullYear() ? {} : { year: 'numeric' }),
  }).format(date)
}
const startOfDay = (date: Date): number =>
  new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime()
