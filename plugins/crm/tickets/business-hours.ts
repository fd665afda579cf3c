import { addDays, dayIn, momentIn } from '@runwaycrm/sdk'
import type { BusinessHours } from './settings.ts'

const minuteMs = 60_000
/** Some three years; hours that are always closed end the search here. */
const mostDays = 1100

/**
 * The moment at which that many minutes of business hours have passed. Days on which clocks change have an
 * hour more or less, as they have in the office.
 *
 * @returns ISO in UTC; hours that never open count as hours that never close.
 */
export function addBusinessMinutes(
  from: Date,
  minutes: number,
  hours: BusinessHours,
  timeZone: string,
): string {
  let left = minutes * minuteMs
  let day = dayIn(from, timeZone)
  if (opens(hours)) {
    for (let days = 0; days < mostDays; days++, day = addDays(day, 1)) {
      const open = openOn(day, hours, timeZone)
      if (!open) continue
      const start = Math.max(open.from, from.getTime())
      if (start > open.to) continue
      if (start + left <= open.to) return new Date(start + left).toISOString()
      left -= open.to - start
    }
  }
  return new Date(from.getTime() + left).toISOString()
}

/** Whole minutes of business hours between two moments; 0 when the second is not later. */
export function businessMinutesBetween(
  from: Date,
  to: Date,
  hours: BusinessHours,
  timeZone: string,
): number {
  if (to <= from) return 0
  if (!opens(hours)) return Math.floor((to.getTime() - from.getTime()) / minuteMs)
  let sum = 0
  let day = dayIn(from, timeZone)
  const last = dayIn(to, timeZone)
  for (let days = 0; day <= last && days < mostDays; days++, day = addDays(day, 1)) {
    const open = openOn(day, hours, timeZone)
    if (!open) continue
    sum += Math.max(0, Math.min(open.to, to.getTime()) - Math.max(open.from, from.getTime()))
  }
  return Math.floor(sum / minuteMs)
}

function opens({ businessDays, opensAt, closesAt }: BusinessHours): boolean {
  return businessDays.length > 0 && closesAt > opensAt
}

/** In milliseconds since 1970; null on a day that does not count. */
function openOn(day: string, hours: BusinessHours, timeZone: string) {
  const weekday = new Date(day).getUTCDay() || 7
  if (!hours.businessDays.includes(weekday)) return null
  const closes =
    hours.closesAt === '24:00'
      ? momentIn(addDays(day, 1), '00:00', timeZone)
      : momentIn(day, hours.closesAt, timeZone)
  return { from: Date.parse(momentIn(day, hours.opensAt, timeZone)), to: Date.parse(closes) }
}
