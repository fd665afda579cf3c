import { addDays, type DayRange, daysBetween } from '@runwaycrm/sdk'

export type Pace = 'reached' | 'on_track' | 'behind' | 'missed' | 'not_begun'

/**
 * Whether what was reached is enough for the days that are over: the target is taken to be reached evenly.
 *
 * @param today counts as a day of which nothing is over yet.
 */
export function paceOf(reached: number, target: number, range: DayRange, today: string): Pace {
  if (target > 0 ? reached >= target : true) return 'reached'
  if (today > range.to) return 'missed'
  if (today < range.from) return 'not_begun'
  const days = daysBetween(range.from, addDays(range.to, 1))
  const over = daysBetween(range.from, today)
  return reached >= (target * over) / days ? 'on_track' : 'behind'
}
