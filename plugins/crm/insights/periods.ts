import {
  addDays,
  type DayRange,
  dayIn,
  daysBetween,
  type HandlerContext,
  invalidInput,
  type PastPeriod,
  type Period,
  rangeOf,
} from '@runwaycrm/sdk'

export interface PeriodInput {
  readonly period?: Period | PastPeriod | 'custom'
  readonly from?: string
  readonly to?: string
}

export interface ReportPeriod extends DayRange {
  readonly name: string
  /** As long, and just before. */
  readonly previous: DayRange
  /** Whether its last day is still to come. */
  readonly isRunning: boolean
}

/**
 * The days that a report is about, by the organisation's clocks; the present quarter when nothing is said.
 *
 * @throws InvalidError for a custom period without its days or with them the wrong way round.
 */
export function periodOf(input: PeriodInput, ctx: HandlerContext): ReportPeriod {
  const today = dayIn(ctx.now, ctx.org.timeZone)
  const name = input.period ?? (input.from || input.to ? 'custom' : 'this_quarter')
  const range = name === 'custom' ? customRange(input) : rangeOf(name, today)
  return {
    name,
    ...range,
    previous: name === 'custom' ? daysBefore(range) : calendarBefore(name, range),
    isRunning: range.to >= today,
  }
}

/** As many days as the range has, up to the day before it. */
function daysBefore(range: DayRange): DayRange {
  const to = addDays(range.from, -1)
  const from = addDays(to, -daysBetween(range.from, range.to))
  // A calendar has no year 0, and a report compares with the days before.
  if (from < '0001-01-01') {
    const message = 'There are no such days before it to compare with: choose later or fewer days.'
    throw invalidInput('from', 'OUT_OF_RANGE', message)
  }
  return { from, to }
}

function calendarBefore(name: Period | PastPeriod, range: DayRange): DayRange {
  const unit = name.split('_')[1] as 'month' | 'quarter' | 'year'
  return rangeOf(`this_${unit}`, addDays(range.from, -1))
}

function customRange({ from, to }: PeriodInput): DayRange {
  if (!from) throw invalidInput('from', 'REQUIRED', 'A custom period needs its first day.')
  if (!to) throw invalidInput('to', 'REQUIRED', 'A custom period needs its last day.')
  if (to < from) throw invalidInput('to', 'OUT_OF_RANGE', 'The last day is before the first.')
  return { from, to }
}
