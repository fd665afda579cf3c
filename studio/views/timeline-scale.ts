import type { TimelineSettings } from '../api/model.ts'
import { addDays, addMonths, daysBetween, startOfMonth, startOfWeek } from './day-math.ts'
import type { DaySpan } from './day-span.ts'

export type TimelineScale = NonNullable<TimelineSettings['scale']>

/** What is in sight: days from `from` to the one before `before`, cut into labelled pieces. */
export interface TimelineWindow {
  readonly from: string
  readonly before: string
  readonly days: number
  /** Of the axis; each begins a line down the chart. */
  readonly ticks: readonly string[]
}

/** Three weeks of days, a quarter of weeks, a year of months, a little before the day that is looked at. */
export function timelineWindow(
  day: string,
  scale: TimelineScale,
  firstDay: number,
): TimelineWindow {
  if (scale === 'month') {
    const from = addMonths(startOfMonth(day), -2)
    return windowOf(
      from,
      Array.from({ length: 12 }, (_, index) => addMonths(from, index)),
      addMonths(from, 12),
    )
  }
  const [weeks, before] = scale === 'week' ? [13, 2] : [3, 0]
  const from = addDays(startOfWeek(day, firstDay), -7 * before)
  const step = scale === 'week' ? 7 : 1
  const ticks = Array.from({ length: (weeks * 7) / step }, (_, index) =>
    addDays(from, index * step),
  )
  return windowOf(from, ticks, addDays(from, weeks * 7))
}

const windowOf = (from: string, ticks: readonly string[], before: string): TimelineWindow => ({
  from,
  before,
  ticks,
  days: daysBetween(from, before),
})

/** The day to look at after one step to the side: a week, a month, a quarter. */
export function stepDay(day: string, scale: TimelineScale, by: 1 | -1): string {
  return scale === 'day' ? addDays(day, 7 * by) : addMonths(day, scale === 'week' ? by : 3 * by)
}

/** How far a bar is moved by one press of a key, in days. */
export const nudgeDays: Readonly<Record<TimelineScale, number>> = { day: 1, week: 7, month: 30 }

/** Where a bar lies in the window, as shares of its width. */
export interface BarPlace {
  readonly left: number
  readonly width: number
  readonly isCutLeft: boolean
  readonly isCutRight: boolean
}

export function placeBar(
  { from, to }: DaySpan,
  { from: first, before, days }: TimelineWindow,
): BarPlace | null {
  if (to < first || from >= before) return null
  const begin = Math.max(0, daysBetween(first, from))
  const end = Math.min(days, daysBetween(first, to) + 1)
  return {
    left: begin / days,
    width: (end - begin) / days,
    isCutLeft: from < first,
    isCutRight: to >= before,
  }
}

/** Where a day's left edge is, as a share; null outside of the window. */
export function placeDay(day: string, { from, before, days }: TimelineWindow): number | null {
  return day < from || day >= before ? null : daysBetween(from, day) / days
}
