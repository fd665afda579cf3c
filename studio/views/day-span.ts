import type { FieldInfo, Filter, RecordData } from '@runwaycrm/sdk'
import { fieldKind } from '../model/field-kinds.ts'
import { dayOf, daysBetween, moveByDays, startOfDay } from './day-math.ts'

/** A record on the days that it covers, both included. */
export interface DaySpan {
  readonly record: RecordData
  readonly from: string
  readonly to: string
}

/** Where a record stands; null without a date. An end before the beginning counts as the beginning. */
export function spanOf(
  record: RecordData,
  start: FieldInfo,
  end: FieldInfo | null,
): DaySpan | null {
  const from = dayOf(record[start.apiName])
  if (from === null) return null
  const to = (end && dayOf(record[end.apiName])) ?? from
  return { record, from, to: to < from ? from : to }
}

const bound = (field: FieldInfo, day: string): string =>
  fieldKind(field) === 'dateTime' ? startOfDay(day) : day

/** What has to be asked for so that nothing that touches the days is left out; `before` is not among them. */
export function spanFilter(
  start: FieldInfo,
  end: FieldInfo | null,
  from: string,
  before: string,
): Filter {
  const within = { [start.apiName]: { $gte: bound(start, from), $lt: bound(start, before) } }
  if (!end) return within
  const reaching = {
    [start.apiName]: { $lt: bound(start, from) },
    [end.apiName]: { $gte: bound(end, from) },
  }
  return { $or: [within, reaching] }
}

/** The values that let a record begin on another day and last as long as before. */
export function movedValues(
  { record, from }: DaySpan,
  start: FieldInfo,
  end: FieldInfo | null,
  day: string,
): Record<string, string> {
  const days = daysBetween(from, day)
  const values: Record<string, string> = {}
  for (const field of end ? [start, end] : [start]) {
    const value = record[field.apiName]
    if (typeof value === 'string') values[field.apiName] = moveByDays(value, days)
  }
  return values
}

/** What a new record has when it is made on a day; moments begin at nine. */
export const valueOnDay = (field: FieldInfo, day: string): string =>
  fieldKind(field) === 'dateTime' ? new Date(`${day}T09:00:00`).toISOString() : day

/** One bar in one week. */
export interface WeekBar {
  readonly span: DaySpan
  /** 0 to 6. */
  readonly column: number
  readonly columns: number
  /** 0 is the highest. */
  readonly lane: number
  readonly comesFromBefore: boolean
  readonly goesOn: boolean
}

export interface WeekLayout {
  readonly bars: readonly WeekBar[]
  /** Of each day, the records that have no room. */
  readonly hidden: readonly (readonly DaySpan[])[]
}

/** Puts spans into lanes, the earlier and longer ones above, none over another. */
export function layWeek(
  spans: readonly DaySpan[],
  days: readonly string[],
  mostLanes: number,
): WeekLayout {
  const first = days[0] ?? ''
  const last = days.at(-1) ?? ''
  const bars: WeekBar[] = []
  const hidden: DaySpan[][] = days.map(() => [])
  /** Of each lane, the column from which it is free. */
  const free: number[] = []
  const touching = spans
    .filter(({ from, to }) => from <= last && to >= first)
    .toSorted((a, b) => compare(a.from, b.from) || compare(b.to, a.to))
  for (const span of touching) {
    const column = Math.max(0, daysBetween(first, span.from))
    const end = Math.min(days.length - 1, daysBetween(first, span.to))
    const found = free.findIndex((from) => from <= column)
    const lane = found < 0 ? free.length : found
    if (lane >= mostLanes) {
      for (let day = column; day <= end; day++) hidden[day]?.push(span)
      continue
    }
    free[lane] = end + 1
    bars.push({
      span,
      column,
      columns: end - column + 1,
      lane,
      comesFromBefore: span.from < first,
      goesOn: span.to > last,
    })
  }
  return { bars, hidden }
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
