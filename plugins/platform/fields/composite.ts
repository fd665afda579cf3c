import {
  type FieldTypeHandler,
  isCalendarDay,
  isKeepableText,
  joinParts,
  type Parsed,
} from '@runwaycrm/sdk'
import { refused, stored } from './parsed.ts'
import { country } from './standards.ts'

/** The parts in the order in which they are joined to one text; the manifest lists the same. */
const addressParts = ['street', 'postalCode', 'city', 'region', 'country'] as const
const nameParts = ['prefix', 'first', 'middle', 'last', 'suffix'] as const

/** A postal address, replaced whole. The country is a code of ISO 3166 where it is one, else as written. */
export const address: FieldTypeHandler = (field) => {
  const code = country(field)
  return textParts(addressParts, ', ', 300, (part, text, org) => {
    if (part !== 'country') return text
    const parsed = code.parse(text, org)
    return parsed.ok ? String(parsed.value.main) : text
  })
}

/** The name of a person, shown as one; a plain text is split at its spaces. */
export const personName: FieldTypeHandler = () => {
  const codec = textParts(nameParts, ' ', 100)
  return {
    ...codec,
    parse(input, org) {
      if (typeof input !== 'string') return codec.parse(input, org)
      const words = input.trim().split(/\s+/)
      const last = words.pop() ?? ''
      return codec.parse({ first: words.join(' ') || null, last }, org)
    },
    parseFilter: (input) =>
      typeof input === 'string' && isKeepableText(input)
        ? stored(input.trim() === '' ? null : input)
        : refused('WRONG_TYPE', 'Expected a text.'),
  }
}

/** A place on earth in degrees of WGS 84; tables write it as `59.91, 10.75`. */
export const geo: FieldTypeHandler = () => ({
  parse(input) {
    const values = ownParts(latLngOf(input), ['lat', 'lng'])
    if (!values.ok) return values.refused
    const { lat, lng } = values.parts
    if (blank(lat) && blank(lng)) return stored(null)
    const bounds = { lat: 90, lng: 180 } as const
    for (const [name, most] of Object.entries(bounds)) {
      const value = values.parts[name]
      if (typeof value !== 'number' || !Number.isFinite(value)) {
        return refused('WRONG_TYPE', 'Expected degrees as a number.', name)
      }
      if (Math.abs(value) > most) return refused('OUT_OF_RANGE', `From -${most} to ${most}.`, name)
    }
    const [north, east] = [Number(lat) + 0, Number(lng) + 0]
    return stored(`${north},${east}`, { lat: north, lng: east })
  },
  format: ({ parts }) => ({ lat: parts?.['lat'] ?? null, lng: parts?.['lng'] ?? null }),
  text: ({ main }) => String(main),
})

function latLngOf(input: unknown): unknown {
  if (typeof input !== 'string') return input
  const found = /^\s*(-?\d{1,3}(?:\.\d+)?)\s*[,;]\s*(-?\d{1,3}(?:\.\d+)?)\s*$/.exec(input)
  return found ? { lat: Number(found[1]), lng: Number(found[2]) } : input
}

/** Two calendar days, both within: a lease, a trip, a campaign. */
export const period: FieldTypeHandler = () => ({
  parse(input) {
    const values = ownParts(input, ['from', 'to'])
    if (!values.ok) return values.refused
    const { from, to } = values.parts
    if (blank(from) && blank(to)) return stored(null)
    for (const name of ['from', 'to']) {
      const day = values.parts[name]
      if (typeof day !== 'string' || !isCalendarDay(day)) {
        return refused('BAD_FORMAT', 'Expected a day such as 2026-03-01.', name)
      }
    }
    return String(to) < String(from)
      ? refused('OUT_OF_RANGE', 'The end is before the beginning.', 'to')
      : stored(`${from}/${to}`, { from, to })
  },
  format: ({ parts }) => ({ from: parts?.['from'] ?? null, to: parts?.['to'] ?? null }),
  text: ({ main }) => String(main).replace('/', ' – '),
})

function textParts(
  names: readonly string[],
  join: string,
  maxLength: number,
  tidy: (
    part: string,
    text: string,
    org: Parameters<ReturnType<FieldTypeHandler>['parse']>[1],
  ) => string = (_, text) => text,
): ReturnType<FieldTypeHandler> {
  return {
    parse(input, org) {
      const values = ownParts(input, names)
      if (!values.ok) return values.refused
      const parts: Record<string, string | null> = {}
      for (const name of names) {
        const value = values.parts[name] ?? null
        if (value !== null && typeof value !== 'string') {
          return refused('WRONG_TYPE', 'Expected a text.', name)
        }
        const text = value?.trim() ?? ''
        if (text.length > maxLength) {
          return refused('TOO_LONG', `At most ${maxLength} characters.`, name)
        }
        if (!isKeepableText(text)) {
          return refused('BAD_FORMAT', 'The text has characters that cannot be kept.', name)
        }
        parts[name] = text === '' ? null : tidy(name, text, org)
      }
      const whole = joinParts(names, parts, join)
      return whole === '' ? stored(null) : stored(whole, parts)
    },
    parseFilter: (input) =>
      typeof input === 'string' && isKeepableText(input)
        ? stored(input.trim() === '' ? null : input)
        : refused('WRONG_TYPE', 'Expected a text.'),
    format: ({ parts }) => Object.fromEntries(names.map((name) => [name, parts?.[name] ?? null])),
    text: ({ main }) => String(main),
  }
}

type OwnParts =
  | { readonly ok: true; readonly parts: Readonly<Record<string, unknown>> }
  | { readonly ok: false; readonly refused: Parsed }

function ownParts(input: unknown, names: readonly string[]): OwnParts {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    return {
      ok: false,
      refused: refused('WRONG_TYPE', `Expected an object of ${names.join(', ')}.`),
    }
  }
  const unknown = Object.keys(input).find((name) => !names.includes(name))
  return unknown === undefined
    ? { ok: true, parts: input as Readonly<Record<string, unknown>> }
    : {
        ok: false,
        refused: refused('UNKNOWN_FIELD', `There are ${names.join(', ')} only.`, clip(unknown)),
      }
}

const blank = (value: unknown): boolean => value === null || value === undefined || value === ''
const clip = (text: string): string => text.toWellFormed().replaceAll('\0', '').slice(0, 60)
