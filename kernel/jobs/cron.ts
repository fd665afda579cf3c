import { Cron } from 'croner'

/**
 * When a cron expression is due next, strictly after `after`.
 *
 * A fixed time that the clocks jump over (02:30 when two becomes three) comes at the end of the jump; one
 * that they pass twice comes the first time only. Steps and ranges of hours or minutes follow real time.
 *
 * @param cron Five fields, or six with seconds first.
 * @param zone IANA, e.g. `Europe/Oslo`.
 * @returns null when it never comes again (30 February).
 * @throws Error for an expression or a zone that cannot be read.
 */
export function nextTick(cron: string, zone: string, after: Date): Date | null {
  const fields = cron.trim().split(/\s+/)
  if (fields.length !== 5 && fields.length !== 6) {
    throw new Error(`A schedule has five or six fields, "${cron}" has ${fields.length}.`)
  }
  return new Cron(fields.join(' '), { timezone: zone, paused: true }).nextRun(after)
}
