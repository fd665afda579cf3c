import type { FieldInfo } from '@runwaycrm/sdk'
import { fieldKind } from '../model/field-kinds.ts'
import { isEmptyValue, isMoney } from '../model/read-value.ts'
import { formatDate, formatDateTime } from './format-date.ts'
import {
  formatAmount,
  formatDuration,
  formatMoney,
  formatNumber,
  formatPercent,
} from './format-number.ts'

/** What formatting depends on beside the value. */
export interface FormatContext {
  /** BCP 47. */
  readonly locale: string
  readonly now: Date
  /** Name of a record that is only known by id; empty when unknown. */
  nameOf(entity: string | undefined, id: string): string
  readonly yes: string
  readonly no: string
}

/** A value as one line of text: for titles, history, tooltips, cards. Empty for nothing. */
export function formatValue(field: FieldInfo, value: unknown, context: FormatContext): string {
  if (isEmptyValue(value)) return ''
  const { locale, now } = context
  switch (fieldKind(field)) {
    case 'number':
    case 'rating':
      if (typeof value !== 'number') return String(value)
      return field.display === 'currency'
        ? formatAmount(value, locale)
        : formatNumber(value, locale)
    case 'percent':
      return typeof value === 'number' ? formatPercent(value, locale) : String(value)
    case 'currency':
      return isMoney(value) ? formatMoney(value, locale) : String(value)
    case 'duration':
      return typeof value === 'number' ? formatDuration(value) : String(value)
    case 'boolean':
      return value === true ? context.yes : context.no
    case 'date':
      return formatDate(String(value), locale, now)
    case 'dateTime':
      return formatDateTime(String(value), locale, now)
    case 'select':
      return optionLabel(field, value)
    case 'multiSelect':
    case 'tags':
      return Array.isArray(value) ? value.map((one) => optionLabel(field, one)).join(', ') : ''
    case 'user':
    case 'relation':
      return context.nameOf(field.to, String(value)) || shortId(String(value))
    case 'relations':
    case 'users':
      return Array.isArray(value)
        ? value.map((id) => context.nameOf(field.to, String(id)) || shortId(String(id))).join(', ')
        : ''
    case 'actor':
    case 'file':
    case 'reference':
    case 'address':
    case 'geo':
    case 'json':
      return objectText(value)
    default:
      return typeof value === 'object' ? objectText(value) : String(value)
  }
}

/** The label of an option; a key that the model no longer knows shows itself. */
export function optionLabel(field: FieldInfo, key: unknown): string {
  return field.options?.find((option) => option.key === key)?.label ?? String(key)
}

const shortId = (id: string): string => (id.length > 12 ? `${id.slice(0, 8)}…` : id)

function objectText(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value)
  if ('name' in value && typeof value.name === 'string') return value.name
  if (Array.isArray(value)) return value.map(objectText).join(', ')
  const parts = Object.values(value).filter((part) => !isEmptyValue(part))
  return parts.every((part) => typeof part !== 'object') ? parts.join(', ') : JSON.stringify(value)
}
