import type { FieldInfo } from '@runwaycrm/sdk'
import { formatDuration, parseDuration, parseNumber } from '../format/format-number.ts'
import { fieldKind } from './field-kinds.ts'
import { isEmptyValue, isMoney } from './read-value.ts'

export interface InputContext {
  readonly locale: string
  /** Of the organisation, for amounts that have none yet. */
  readonly currency: string
}

export type ParsedInput =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly expects: 'number' | 'duration' | 'date' }

/**
 * What somebody typed as a value for the API. Blank is null. What only the server can judge (an
 * address of mail, a phone number) goes through as text.
 */
export function parseInput(
  field: FieldInfo,
  text: string,
  before: unknown,
  context: InputContext,
): ParsedInput {
  const trimmed = text.trim()
  if (trimmed === '') return { ok: true, value: null }
  switch (fieldKind(field)) {
    case 'number':
    case 'percent':
    case 'rating': {
      const value = parseNumber(trimmed, context.locale)
      return value === null ? { ok: false, expects: 'number' } : { ok: true, value }
    }
    case 'currency': {
      const amount = parseNumber(trimmed, context.locale)
      if (amount === null) return { ok: false, expects: 'number' }
      const currency = isMoney(before) ? before.currency : context.currency
      return {
        ok: true,
        value: {
          amount: amount.toFixed(amount % 1 === 0 ? 2 : 4).replace(/(\.\d\d)00$/, '$1'),
          currency,
        },
      }
    }
    case 'duration': {
      const value = parseDuration(trimmed)
      return value === null ? { ok: false, expects: 'duration' } : { ok: true, value }
    }
    case 'date':
      return /^\d{4}-\d{2}-\d{2}$/.test(trimmed)
        ? { ok: true, value: trimmed }
        : { ok: false, expects: 'date' }
    case 'dateTime': {
      const date = new Date(trimmed)
      return Number.isNaN(date.getTime())
        ? { ok: false, expects: 'date' }
        : { ok: true, value: date.toISOString() }
    }
    case 'url':
      return { ok: true, value: /^[a-z]+:\/\//i.test(trimmed) ? trimmed : `https://${trimmed}` }
    default:
      return { ok: true, value: trimmed }
  }
}

/** A value as its input shows it for editing: no grouping, no signs. */
export function inputText(field: FieldInfo, value: unknown, context: InputContext): string {
  if (isEmptyValue(value)) return ''
  const plain = (number: number): string =>
    new Intl.NumberFormat(context.locale, {
      useGrouping: false,
      maximumFractionDigits: 6,
    }).format(number)
  switch (fieldKind(field)) {
    case 'number':
    case 'percent':
    case 'rating':
      return typeof value === 'number' ? plain(value) : String(value)
    case 'currency':
      return isMoney(value) ? plain(Number(value.amount)) : String(value)
    case 'duration':
      return typeof value === 'number' ? formatDuration(value) : String(value)
    case 'dateTime':
      return localDateTime(String(value))
    default:
      return typeof value === 'object' ? '' : String(value)
  }
}

/** For `<input type="datetime-local">`, in the reader's zone. */
function localDateTime(instant: string): string {
  const date = new Date(instant)
  if (Number.isNaN(date.getTime())) return ''
  const local = new Date(date.getTime() - date.getTimezoneOffset() * 60_000)
  return local.toISOString().slice(0, 16)
}

/** How a field is edited where it stands. */
export function editStyle(field: FieldInfo): 'input' | 'picker' | 'toggle' | 'text' | 'none' {
  if (field.readOnly || !field.can.update) return 'none'
  switch (fieldKind(field)) {
    case 'select':
    case 'multiSelect':
    case 'tags':
    case 'relation':
    case 'relations':
    case 'user':
    case 'users':
      return 'picker'
    case 'boolean':
      return 'toggle'
    case 'longText':
      return 'text'
    case 'address':
    case 'geo':
    case 'file':
    case 'json':
    case 'reference':
    case 'actor':
      return 'none'
    default:
      return 'input'
  }
}

/** Whether a picker of this field takes several. */
export const isMultiple = (field: FieldInfo): boolean =>
  ['multiSelect', 'tags', 'relations', 'users'].includes(fieldKind(field))
