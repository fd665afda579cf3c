import { momentIn } from '@runwaycrm/sdk'

/**
 * The moment that a due date means: itself, or for a day without a time the end of a working day, 17:00
 * by the clocks of the organisation.
 *
 * @param due `2026-03-10` or a moment with offset.
 * @returns ISO in UTC.
 */
export function dueMoment(due: string, timeZone: string): string {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(due)) return new Date(due).toISOString()
  return momentIn(due, '17:00', timeZone)
}
