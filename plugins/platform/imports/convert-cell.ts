import type { FieldInfo } from '@runwaycrm/sdk'
import type { ColumnTarget, ImportSpec } from './spec.ts'

/**
 * Turns the text of a cell into a value as the API takes it. Relations stay text here; they are
 * looked up in batches. What cannot be understood stays as it is, and validation names it.
 *
 * @returns undefined for an empty cell without a default.
 */
export function convertCell(
  text: string,
  field: FieldInfo,
  target: ColumnTarget,
  spec: ImportSpec,
): unknown {
  const trimmed = text.trim()
  const mapped =
    target.values && Object.hasOwn(target.values, trimmed) ? target.values[trimmed]! : trimmed
  if (mapped === '') return target.default
  switch (field.kind) {
    case 'number':
      return number(mapped, spec.decimal, target.scale)
    case 'currency':
      return amount(mapped, spec.decimal, target.scale)
    case 'boolean':
      return boolean(mapped)
    case 'date':
      return date(mapped, spec.dateFormat)
    case 'dateTime':
      return dateTime(mapped, spec)
    case 'option':
      return option(mapped, field)
    case 'options':
      return mapped
        .split(/[;,]/)
        .map((part) => part.trim())
        .filter((part) => part !== '')
        .map((part) => option(part, field))
    case 'relations':
      // Names have commas, "Acme, Inc."; semicolons part them.
      return mapped
        .split(';')
        .map((part) => part.trim())
        .filter((part) => part !== '')
    case 'json':
      return json(mapped)
    case 'composite':
      return mapped.startsWith('{') ? json(mapped) : mapped
    default:
      return mapped
  }
}

function number(text: string, decimal: string, scale = 1): unknown {
  const value = Number(plainNumber(text, decimal))
  return Number.isFinite(value) ? round(value * scale) : text
}

/** Money stays text, so that 1100.04 times a million is exact. */
function amount(text: string, decimal: string, scale = 1): unknown {
  const plain = plainNumber(text, decimal)
  if (!/^[+-]?\d+(\.\d+)?$/.test(plain)) return text
  if (scale === 1) return plain
  return String(round(Number(plain) * scale))
}

/** Takes currency signs, spaces, thousands separators and % away: `1 234,50 €` is `1234.50`. */
function plainNumber(text: string, decimal: string): string {
  const bare = text.replaceAll(/[\s\u00a0\u202f'%\p{Sc}]/gu, '')
  return decimal === ',' ? bare.replaceAll('.', '').replace(',', '.') : bare.replaceAll(',', '')
}

// Multiplying decimals leaves dust like 1100040000.0000001; storage keeps four places.
function round(value: number): number {
  return Math.round(value * 10_000) / 10_000
}

function boolean(text: string): unknown {
  const word = text.toLowerCase()
  if (['true', 'yes', 'y', '1', 'on', 'x', 'ja', 'wahr'].includes(word)) return true
  if (['false', 'no', 'n', '0', 'off', 'nein', 'falsch'].includes(word)) return false
  return text
}

function date(text: string, format: string): string {
  const iso = /^(\d{4})-(\d{1,2})-(\d{1,2})$/.exec(text)
  if (iso) return day(iso[1]!, iso[2]!, iso[3]!)
  const parts = text.split(/[./-]/)
  if (parts.length !== 3) return text
  const order = format.split(/[./-]/)
  const part = (name: string) => parts[order.indexOf(name)] ?? ''
  const [year, month, dayOfMonth] = [part('YYYY'), part('MM'), part('DD')]
  return /^\d{4}$/.test(year) && /^\d{1,2}$/.test(month) && /^\d{1,2}$/.test(dayOfMonth)
    ? day(year, month, dayOfMonth)
    : text
}

const day = (year: string, month: string, dayOfMonth: string) =>
  `${year}-${month.padStart(2, '0')}-${dayOfMonth.padStart(2, '0')}`

function dateTime(text: string, spec: ImportSpec): string {
  if (/(Z|[+-]\d{2}:?\d{2})$/.test(text)) return text
  const [datePart, timePart = '00:00'] = text.split(/[T ]+/)
  const local = `${date(datePart ?? '', spec.dateFormat)}T${timePart.length === 5 ? `${timePart}:00` : timePart}`
  const asUtc = Date.parse(`${local}Z`)
  if (Number.isNaN(asUtc)) return text
  return new Date(asUtc - offsetAt(asUtc, spec.timeZone ?? 'UTC')).toISOString()
}

/** How far a zone is ahead of UTC near that moment, in milliseconds. */
function offsetAt(time: number, timeZone: string): number {
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  }).formatToParts(time)
  const part = (type: string) => Number(parts.find((item) => item.type === type)?.value)
  return (
    Date.UTC(
      part('year'),
      part('month') - 1,
      part('day'),
      part('hour'),
      part('minute'),
      part('second'),
    ) -
    Math.floor(time / 1000) * 1000
  )
}

/** What no option is stays text, and validation refuses it. */
function option(text: string, field: FieldInfo): string {
  return optionOf(text, field) ?? text
}

/** The key of an option, found by key or label whatever the case. */
export function optionOf(text: string, field: FieldInfo): string | null {
  const lower = text.toLowerCase()
  const found =
    field.options?.find((item) => item.key.toLowerCase() === lower) ??
    field.options?.find((item) => item.label.toLowerCase() === lower)
  return found?.key ?? null
}

function json(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
