import type { TileInfo } from '../api/model.ts'

/**
 * The name of a span of time by its first day: `Mar 26`, `Q1 2026`.
 *
 * @param start as an aggregate gives it, `2026-03-01` or an instant.
 */
export function bucketLabel(start: string, bucket: TileInfo['bucket'], locale: string): string {
  const day = new Date(`${start.slice(0, 10)}T00:00:00Z`)
  if (Number.isNaN(day.getTime())) return start
  if (bucket === 'year') return String(day.getUTCFullYear())
  if (bucket === 'quarter')
    return `Q${Math.floor(day.getUTCMonth() / 3) + 1} ${day.getUTCFullYear()}`
  const parts =
    bucket === 'month'
      ? ({ month: 'short', year: '2-digit' } as const)
      : ({ day: 'numeric', month: 'short' } as const)
  return new Intl.DateTimeFormat(locale, { ...parts, timeZone: 'UTC' }).format(day)
}
