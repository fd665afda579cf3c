import type { FieldInfo } from '@runwaycrm/sdk'
import { formatDuration } from '../format/duration.ts'
import { fieldKind } from './field-kinds.ts'
import { isEmptyValue, isMoney, namedText } from './read-value.ts'

/** A value as its input shows it for editing: nothing left out, no grouping, no signs. */
export function inputText(
  field: FieldInfo,
  value: unknown,
  context: { readonly locale: string },
): string {
  if (isEmptyValue(value)) return ''
  switch (fieldKind(field)) {
    case 'number':
    case 'integer':
    case 'percent':
    case 'rating':
    case 'slider':
    case 'year':
      return typeof value === 'number' ? plain(value, context.locale) : String(value)
    case 'currency':
      return isMoney(value) ? plain(Number(value.amount), context.locale) : String(value)
    case 'duration':
      return typeof value === 'number' ? formatDuration(value) : String(value)
    case 'dateTime':
      return localDateTime(String(value))
    case 'lines':
      return Array.isArray(value) ? value.join('\n') : String(value)
    case 'json':
      return JSON.stringify(value, null, 2)
    default:
      return typeof value === 'object' ? namedText(value) : String(value)
  }
}

function plain(number: number, locale: string): string {
  return new Intl.NumberFormat(locale, { useGrouping: false, maximumFractionDigits: 15 }).format(
    number,
  )
}

/** For `<input type="datetime-local">`, in the reader's zone. */
export function localDateTime(instant: string): string {
  const date = new Date(instant)
  if (Number.isNaN(date.getTime())) return ''
  const local = new Date(date.getTime() - date.getTimezoneOffset() * 60_000)
  return local.toISOString().slice(0, 16)
}
