import type { FieldInfo } from '@runwaycrm/sdk'
import type { ChartSettings } from '../api/model.ts'

export interface GroupWords {
  readonly bucket: ChartSettings['bucket']
  readonly locale: string
  /** For groups without a value. */
  readonly none: string
  text(field: FieldInfo, value: unknown): string
}

/** A group's value as people read it: `Q1 2026` for a quarter, the label of an option, the name of a record. */
export function groupLabel(field: FieldInfo, value: unknown, words: GroupWords): string {
  if (value === null || value === undefined || value === '') return words.none
  if (words.bucket && typeof value === 'string')
    return bucketLabel(value, words.bucket, words.locale)
  return words.text(field, value) || String(value)
}

function bucketLabel(
  value: string,
  bucket: NonNullable<ChartSettings['bucket']>,
  locale: string,
): string {
  const date = new Date(`${value.slice(0, 10)}T00:00:00Z`)
  if (Number.isNaN(date.getTime())) return value
  const write = (options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat(locale, { timeZone: 'UTC', ...options }).format(date)
  switch (bucket) {
    case 'year':
      return write({ year: 'numeric' })
    case 'quarter':
      return `Q${Math.floor(date.getUTCMonth() / 3) + 1} ${date.getUTCFullYear()}`
    case 'month':
      return write({ month: 'short', year: 'numeric' })
    default:
      return write({ day: 'numeric', month: 'short', year: 'numeric' })
  }
}
