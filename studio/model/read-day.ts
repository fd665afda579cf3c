/** In which order a language writes day, month and year in figures: `dmy`, `mdy`, `ymd`. */
function orderOf(locale: string): string {
  const parts = new Intl.DateTimeFormat(locale, { dateStyle: 'short' }).formatToParts(new Date(0))
  return parts
    .flatMap(({ type }) => (type === 'day' || type === 'month' || type === 'year' ? [type[0]] : []))
    .join('')
}
const kept = new Map<string, string>()

/**
 * Reads a day as spreadsheets show it: `2026-03-01`, or figures in the order of the language, `1.3.2026`,
 * `3/1/26`. @returns `2026-03-01`, or null when there is no such day.
 */
export function readDay(text: string, locale: string): string | null {
  const iso = /^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})$/.exec(text)
  if (iso) return dayOf(iso[1], iso[2], iso[3])
  const found = /^(\d{1,2})([-/.])\s?(\d{1,2})\2\s?(\d{4}|\d{2})$/.exec(text)
  if (!found) return null
  const order = kept.get(locale) ?? orderOf(locale)
  kept.set(locale, order)
  const [, first, , second, year = ''] = found
  const whole = year.length === 2 ? `20${year}` : year
  return order.indexOf('m') < order.indexOf('d')
    ? dayOf(whole, first, second)
    : dayOf(whole, second, first)
}

/** `1.3.2026 09:30` as day and time of day. */
export function splitMoment(text: string): { readonly day: string; readonly time: string } {
  const [, day = text, time = ''] = /^(\S+?)(?:[T\s]+(\d{1,2}:\d{2}.*))?$/.exec(text) ?? []
  return { day, time }
}

function dayOf(year = '', month = '', day = ''): string | null {
  const text = `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`
  const date = new Date(`${text}T00:00:00Z`)
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text) ? text : null
}
