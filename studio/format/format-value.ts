import type { FieldInfo } from '@runwaycrm/sdk'
import { fieldKind } from '../model/field-kinds.ts'
import { isEmptyValue, isMoney, namedText } from '../model/read-value.ts'
import { codeName } from './code-names.ts'
import { formatDuration } from './duration.ts'
import { formatDate, formatDateTime, formatMonth } from './format-date.ts'
import { formatAmount, formatMoney, formatNumber, formatPercent } from './format-number.ts'
import { plainText } from './safe-html.ts'

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
  const kind = fieldKind(field)
  switch (kind) {
    case 'number':
    case 'integer':
    case 'rating':
    case 'slider':
      return typeof value === 'number' ? numberText(field, value, locale) : String(value)
    case 'percent':
      return typeof value === 'number'
        ? formatPercent(value, locale, digitsOf(field))
        : String(value)
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
    case 'month':
      return formatMonth(String(value), locale)
    case 'period':
      return periodText(value, locale, now)
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
    case 'reference': {
      const { entity, id } = value as { readonly entity?: string; readonly id?: string }
      return id ? context.nameOf(entity, id) || shortId(id) : ''
    }
    case 'country':
    case 'language':
    case 'currencyCode':
      return codeName(kind, String(value), locale)
    case 'iban':
      return String(value).replace(/.{4}(?=.)/g, '$& ')
    case 'richText':
      return plainText(String(value))
    case 'checklist':
      return Array.isArray(value) ? value.map(entryText).join(', ') : ''
    case 'keyValue':
      return Object.entries(value as object)
        .map(([name, text]) => `${name}: ${text}`)
        .join(', ')
    case 'json':
    case 'opaque':
      return JSON.stringify(value)
    default:
      return typeof value === 'object' ? objectText(value) : String(value)
  }
}

function numberText(field: FieldInfo, value: number, locale: string): string {
  const { prefix, digits, unit } = field.params
  if (field.display === 'currency' || field.params['format'] === 'currency')
    return formatAmount(value, locale)
  // A number that counts up by itself is a name: `INV-0042`.
  if (prefix !== undefined || digits !== undefined)
    return `${prefix ?? ''}${String(value).padStart(Number(digits ?? 0), '0')}`
  const text = formatNumber(value, locale, digitsOf(field))
  return unit === undefined ? text : `${text} ${unit}`
}

const digitsOf = ({ params }: FieldInfo): number | undefined =>
  typeof params['decimals'] === 'number' ? params['decimals'] : undefined

function periodText(value: unknown, locale: string, now: Date): string {
  const { from, to } = value as { readonly from?: string; readonly to?: string }
  return [from, to].map((day) => (day ? formatDate(day, locale, now) : '…')).join(' – ')
}

function entryText(entry: unknown): string {
  const { text, done } = entry as { readonly text?: string; readonly done?: boolean }
  return `${done ? '☑' : '☐'} ${text ?? ''}`
}

/** The label of an option; a key that the model no longer knows shows itself. */
export function optionLabel(field: FieldInfo, key: unknown): string {
  return field.options?.find((option) => option.key === key)?.label ?? String(key)
}

const shortId = (id: string): string => (id.length > 12 ? `${id.slice(0, 8)}…` : id)

function objectText(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value)
  if ('name' in value && typeof value.name === 'string') return value.name
  const named = namedText(value)
  if (named !== '') return named
  if (Array.isArray(value)) return value.map(objectText).join(', ')
  const parts = Object.values(value).filter((part) => !isEmptyValue(part))
  return parts.every((part) => typeof part !== 'object') ? parts.join(', ') : JSON.stringify(value)
}
