import { addDays, dayIn, momentIn } from '@runwaycrm/sdk'
import type { Preferences } from './preferences.ts'

export type DigestPeriod = 'daily' | 'weekly'

const weekdays = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday']

/**
 * The last moment at which a summary was due: what came before it belongs into that one, what came after it
 * into the next. So one is sent once, however often and late it is looked for.
 *
 * @returns ISO in UTC, never after `now`.
 */
export function lastDigest(
  period: DigestPeriod,
  { digestHour, digestDay, timeZone }: Pick<Preferences, 'digestHour' | 'digestDay' | 'timeZone'>,
  now: Date,
): string {
  const time = `${String(digestHour).padStart(2, '0')}:00`
  const today = dayIn(now, timeZone)
  // A week and a day back there is one of each kind.
  for (let back = 0; back <= 8; back++) {
    const day = addDays(today, -back)
    if (period === 'weekly' && weekdays[new Date(`${day}T12:00:00Z`).getUTCDay()] !== digestDay)
      continue
    const moment = momentIn(day, time, timeZone)
    if (moment <= now.toISOString()) return moment
  }
  return momentIn(addDays(today, -8), time, timeZone)
}
