import type { FieldInfo } from '@runwaycrm/sdk'
import { parseDuration } from '../format/duration.ts'
import { parseNumber } from '../format/format-number.ts'
import { fieldKind } from './field-kinds.ts'
import { inputText } from './input-text.ts'
import { isMoney, type Money } from './read-value.ts'

export interface InputContext {
  readonly locale: string
  /** Of the organisation, for amounts that have none yet. */
  readonly currency: string
}

/** What a field waits for; the words are `edit.expects.<name>`. */
export type Expected =
  | 'number'
  | 'whole'
  | 'duration'
  | 'date'
  | 'time'
  | 'month'
  | 'color'
  | 'geo'
  | 'json'

export type ParsedInput =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly expects: Expected }

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
    case 'slider':
      return taken(parseNumber(trimmed, context.locale), 'number')
    case 'integer':
    case 'rating':
    case 'year': {
      const value = parseNumber(trimmed, context.locale)
      return taken(Number.isSafeInteger(value) ? value : null, 'whole')
    }
    case 'currency':
      return taken(parseMoney(trimmed, before, context), 'number')
    case 'duration':
      return taken(parseDuration(trimmed), 'duration')
    case 'date':
      return taken(/^\d{4}-\d{2}-\d{2}$/.test(trimmed) ? trimmed : null, 'date')
    case 'dateTime':
      return taken(parseInstant(field, trimmed, before, context), 'date')
    case 'time':
      return taken(parseTime(trimmed), 'time')
    case 'month':
      return taken(/^(?!0000)\d{4}-(0[1-9]|1[0-2])$/.test(trimmed) ? trimmed : null, 'month')
    case 'color':
      return taken(parseColor(trimmed), 'color')
    case 'geo':
      return taken(parseGeo(trimmed), 'geo')
    case 'lines':
      return { ok: true, value: parseLines(trimmed) }
    case 'json':
      return parseJson(trimmed)
    case 'url':
      return { ok: true, value: /^[a-z]+:\/\//i.test(trimmed) ? trimmed : `https://${trimmed}` }
    case 'longText':
    case 'code':
      // Lines and indentation stay as they were written.
      return { ok: true, value: text }
    default:
      return { ok: true, value: trimmed }
  }
}

/**
 * What somebody typed as the value of a filter: texts may be parts of what records have, and one
 * entry stands for a list.
 */
export function parseFilterInput(
  field: FieldInfo,
  text: string,
  context: InputContext,
): ParsedInput {
  switch (fieldKind(field)) {
    case 'url':
    case 'lines':
    case 'personName':
    case 'address':
    case 'time':
    case 'month':
      return { ok: true, value: text.trim() === '' ? null : text.trim() }
    default: {
      const parsed = parseInput(field, text, null, context)
      return parsed.ok && isMoney(parsed.value)
        ? { ok: true, value: Number(parsed.value.amount) }
        : parsed
    }
  }
}

const taken = (value: unknown, expects: Expected): ParsedInput =>
  value === null ? { ok: false, expects } : { ok: true, value }

/** Two decimals at least. More than the four that the server keeps go there as they are, to be refused. */
function parseMoney(text: string, before: unknown, context: InputContext): Money | null {
  const number = parseNumber(text, context.locale)
  if (number === null) return null
  const fixed = number.toFixed(4)
  const amount = Number(fixed) === number ? fixed.replace(/0{1,2}$/, '') : String(number)
  return { amount, currency: isMoney(before) ? before.currency : context.currency }
}

/** The moment in the reader's zone; one that reads the same keeps its seconds. */
function parseInstant(
  field: FieldInfo,
  text: string,
  before: unknown,
  context: InputContext,
): unknown {
  if (!/^\d{4}-\d{2}-\d{2}/.test(text)) return null
  if (typeof before === 'string' && inputText(field, before, context) === text) return before
  const date = new Date(text)
  return Number.isNaN(date.getTime()) ? null : date.toISOString()
}

/** `9:30`, `09:30:00` and `9:30 pm` as `09:30` and `21:30`. */
function parseTime(text: string): string | null {
  const [, hour, minute, half] = /^(\d{1,2}):(\d{2})(?::00)?\s*([ap]m)?$/i.exec(text) ?? []
  if (hour === undefined || Number(minute) > 59) return null
  if (half ? Number(hour) < 1 || Number(hour) > 12 : Number(hour) > 23) return null
  const afternoon = half?.toLowerCase() === 'pm' ? 12 : 0
  const whole = half ? (Number(hour) % 12) + afternoon : Number(hour)
  return `${String(whole).padStart(2, '0')}:${minute}`
}

function parseColor(text: string): string | null {
  const digits = /^#?([0-9a-f]{3}|[0-9a-f]{6})$/.exec(text.toLowerCase())?.[1]
  if (digits === undefined) return null
  return `#${digits.length === 3 ? digits.replace(/./g, '$&$&') : digits}`
}

/** `59.91, 10.75`, as maps write it in every language. */
function parseGeo(text: string): { readonly lat: number; readonly lng: number } | null {
  const found = /^(-?\d{1,3}(?:\.\d+)?)\s*[,;]\s*(-?\d{1,3}(?:\.\d+)?)$/.exec(text)
  const [lat, lng] = [Number(found?.[1]), Number(found?.[2])]
  return found && Math.abs(lat) <= 90 && Math.abs(lng) <= 180 ? { lat, lng } : null
}

function parseLines(text: string): readonly string[] | null {
  const lines = text
    .split(/[\n,;]/)
    .map((line) => line.trim())
    .filter((line) => line !== '')
  return lines.length > 0 ? [...new Set(lines)] : null
}

function parseJson(text: string): ParsedInput {
  try {
    return { ok: true, value: JSON.parse(text) as unknown }
  } catch {
    return { ok: false, expects: 'json' }
  }
}
