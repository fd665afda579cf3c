/**
 * Moments and periods relative to now, in the organisation's time zone: `@now`, `@today`,
 * `@thisMonth`, `@lastQuarter-1y`, `@today-30d`.
 *
 * A period is a range: equal to it is inside it, from it on starts at its first instant, after it
 * starts at its end.
 */
export interface RelativeDate {
  readonly base: 'now' | Unit
  /** How many units from the present one: -1 last, 0 this, 1 next. */
  readonly offset: number
  readonly shifts: readonly { readonly by: number; readonly unit: Shift }[]
}
type Unit = 'day' | 'week' | 'month' | 'quarter' | 'year'
type Shift = 'h' | 'd' | 'w' | 'm' | 'y'

const form =
  /^@(?:(now)|(today)|(this|last|next)(Week|Month|Quarter|Year))((?:[+-]\d{1,5}[hdwmy]){0,3})$/

/** @returns null when the text is none; then it is plain text. */
export function parseRelativeDate(text: string): RelativeDate | null {
  const match = form.exec(text)
  if (!match) return null
  const [, now, today, which, unit, shifts = ''] = match
  return {
    base: now ? 'now' : today ? 'day' : (unit!.toLowerCase() as Unit),
    offset: which === 'last' ? -1 : which === 'next' ? 1 : 0,
    shifts: [...shifts.matchAll(/([+-]\d+)([hdwmy])/g)].map((shift) => ({
      by: Number(shift[1]),
      unit: shift[2] as Shift,
    })),
  }
}

/**
 * The first instant and the end (exclusive) of it. For `@now` both are the instant itself.
 *
 * @returns ISO moments, or calendar days when `domain` is `date`.
 */
export function resolveRelativeDate(
  relative: RelativeDate,
  now: Date,
  timeZone: string,
  domain: 'date' | 'instant',
): { readonly from: string; readonly to: string } {
  let wall = wallClock(now.getTime(), timeZone)
  const { base } = relative
  // A day has no hours, so on dates `@now` is today.
  const unit = base === 'now' && domain === 'date' ? 'day' : base
  let hours = 0
  if (unit !== 'now') wall = addUnits(startOf(wall, unit), unit, relative.offset)
  for (const { by, unit: step } of relative.shifts) {
    if (step === 'h') hours += by
    else wall = shiftWall(wall, by, step)
  }
  if (domain === 'date') {
    const start = wall + hours * hourMs
    const to = unit === 'now' ? start : addUnits(start, unit, 1)
    return { from: dayOf(start), to: dayOf(to) }
  }
  const toIso = (at: number) =>
    isoOf(
      unit === 'now' && wall === at ? instantNear(at, now, timeZone) : instantOf(at, timeZone),
      hours,
    )
  const to = unit === 'now' ? wall : addUnits(wall, unit, 1)
  return { from: toIso(wall), to: toIso(to) }
}

const hourMs = 3_600_000
const dayMs = 24 * hourMs

/** Within the years that both sides can write with four digits. */
const earliest = Date.parse('0001-01-01T00:00:00Z')
const latest = Date.parse('9999-12-31T00:00:00Z')

function isoOf(instant: number, hours: number): string {
  return new Date(clamp(instant + hours * hourMs)).toISOString()
}
function dayOf(wall: number): string {
  return new Date(clamp(wall)).toISOString().slice(0, 10)
}
function clamp(ms: number): number {
  return Math.min(Math.max(Number.isNaN(ms) ? latest : ms, earliest), latest)
}

/** Wall clock times are kept as if they were UTC, so that the calendar can be reckoned with. */
function startOf(wall: number, unit: Unit): number {
  const date = new Date(wall)
  const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()]
  switch (unit) {
    case 'day':
      return Date.UTC(year, month, day)
    case 'week':
      return Date.UTC(year, month, day - ((date.getUTCDay() + 6) % 7))
    case 'month':
      return Date.UTC(year, month, 1)
    case 'quarter':
      return Date.UTC(year, month - (month % 3), 1)
    case 'year':
      return Date.UTC(year, 0, 1)
  }
}

function addUnits(wall: number, unit: Unit, count: number): number {
  if (count === 0) return wall
  if (unit === 'day') return wall + count * dayMs
  if (unit === 'week') return wall + count * 7 * dayMs
  return addMonths(wall, count * { month: 1, quarter: 3, year: 12 }[unit])
}

function shiftWall(wall: number, by: number, step: Exclude<Shift, 'h'>): number {
  if (step === 'd') return wall + by * dayMs
  if (step === 'w') return wall + by * 7 * dayMs
  return addMonths(wall, step === 'm' ? by : by * 12)
}

/** The same day of another month, or that month's last day. */
function addMonths(wall: number, months: number): number {
  const date = new Date(wall)
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth() + months]
  const lastDay = new Date(Date.UTC(year, month + 1, 0)).getUTCDate()
  const day = Math.min(date.getUTCDate(), lastDay)
  return Date.UTC(year, month, day) + (wall - startOf(wall, 'day'))
}

function wallClock(instant: number, timeZone: string): number {
  const parts: Record<string, number> = {}
  for (const { type, value } of formatterOf(timeZone).formatToParts(instant)) {
    if (type !== 'literal') parts[type] = Number(value)
  }
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts
  return Date.UTC(year, month - 1, day, hour, minute, second, ((instant % 1000) + 1000) % 1000)
}

/** The instant at which the zone's clocks show `wall`; after a gap the first that exists. */
function instantOf(wall: number, timeZone: string): number {
  if (!(wall > earliest && wall < latest)) return wall
  let instant = wall - (wallClock(wall, timeZone) - wall)
  instant = wall - (wallClock(instant, timeZone) - instant)
  return instant
}

/** `@now` itself, exactly, also in the hour that clocks show twice. */
function instantNear(wall: number, now: Date, timeZone: string): number {
  return wallClock(now.getTime(), timeZone) === wall ? now.getTime() : instantOf(wall, timeZone)
}

const formatters = new Map<string, Intl.DateTimeFormat>()

/** There are some 600 time zones, so the map stays small. An unknown one counts as UTC. */
function formatterOf(timeZone: string): Intl.DateTimeFormat {
  let formatter = formatters.get(timeZone)
  if (!formatter) {
    const options = {
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    } as const
    try {
      formatter = new Intl.DateTimeFormat('en-u-ca-iso8601', { ...options, timeZone })
    } catch {
      return formatterOf('UTC')
    }
    formatters.set(timeZone, formatter)
  }
  return formatter
}
