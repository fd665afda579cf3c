import type { FieldInfo } from '@runwaycrm/sdk'
import { type FormatContext, formatValue } from '../format/format-value.ts'
import type { CopiedCell } from './clipboard-table.ts'
import { fieldKind } from './field-kinds.ts'
import { inputText } from './input-text.ts'
import { isEmptyValue, isMoney } from './read-value.ts'

/** Kinds that a spreadsheet reads as numbers, days or times; everything else is text to it. */
const counted: ReadonlySet<string> = new Set([
  ...['number', 'integer', 'percent', 'rating', 'slider', 'year', 'duration', 'currency'],
  ...['date', 'dateTime', 'time', 'boolean'],
])
/** Kinds whose text for editing says exactly what they are. */
const exact: ReadonlySet<string> = new Set([
  ...['number', 'integer', 'rating', 'slider', 'year', 'date', 'month', 'color', 'geo', 'lines'],
  ...['text', 'longText', 'code', 'json', 'richText', 'iban'],
])

/** A value as a spreadsheet reads it and as it can be pasted back here. */
export function copiedCell(
  field: FieldInfo,
  value: unknown,
  context: FormatContext & { readonly currency: string },
): CopiedCell {
  const isText = !counted.has(fieldKind(field))
  return { text: isEmptyValue(value) ? '' : textOf(field, value, context), isText }
}

function textOf(
  field: FieldInfo,
  value: unknown,
  context: FormatContext & { readonly currency: string },
): string {
  const kind = fieldKind(field)
  if (kind === 'boolean') return value === true ? 'TRUE' : 'FALSE'
  if (kind === 'percent') return `${inputText(field, value, context)}%`
  if (kind === 'dateTime') return inputText(field, value, context).replace('T', ' ')
  if (kind === 'duration') return clock(Number(value))
  if (kind === 'currency') {
    const amount = inputText(field, value, context)
    const code = isMoney(value) ? value.currency : context.currency
    return code === context.currency ? amount : `${amount} ${code}`
  }
  return exact.has(kind) ? inputText(field, value, context) : formatValue(field, value, context)
}

/** `1:30:00`: hours, minutes and seconds, which spreadsheets take for a time. */
function clock(seconds: number): string {
  const two = (part: number): string => String(Math.floor(part)).padStart(2, '0')
  const rest = Math.abs(seconds)
  const text = `${Math.floor(rest / 3600)}:${two((rest % 3600) / 60)}:${two(rest % 60)}`
  return seconds < 0 ? `-${text}` : text
}
