/**
 * The moment that a due date means: itself, or for a day without a time the end of a working day, 17:00
 * by the clocks of the organisation.
 *
 * @param due `2026-03-10` or a moment with offset.
 * @returns ISO in UTC.
 */
export function dueMoment(due: string, timeZone: string): string {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(due)) return new Date(due).toISOString()
  const wall = Date.parse(`${due}T17:00:00Z`)
  // Twice, because the first guess may lie on the other side of a clock change.
  const once = wall - offsetAt(wall, timeZone)
  return new Date(wall - offsetAt(once, timeZone)).toISOString()
}

/** How far the zone's clocks are ahead of UTC at an instant, in milliseconds; an unknown zone is UTC. */
function offsetAt(instant: number, timeZone: string): number {
  try {
    const parts = new Intl.DateTimeFormat('en', { timeZone, timeZoneName: 'longOffset' })
      .formatToParts(instant)
      .find((part) => part.type === 'timeZoneName')
    const match = /([+-])(\d{2}):(\d{2})/.exec(parts?.value ?? '')
    if (!match) return 0
    const minutes = Number(match[2]) * 60 + Number(match[3])
    return (match[1] === '-' ? -1 : 1) * minutes * 60_000
  } catch {
    return 0
  }
}
