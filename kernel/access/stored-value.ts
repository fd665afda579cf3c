import { isCalendarDay, isKeepableText, joinParts, toId, toInstant } from '@runwaycrm/sdk'
import type { ParsedOperand } from './check-condition.ts'
import { type Comparable, type ConditionField, domainOf, isMany } from './condition-tree.ts'

/**
 * A value of a record, as the API gives it, in the terms in which conditions compare. A value of the
 * wrong shape counts as none.
 */
export function comparableOf(
  field: ConditionField,
  part: string | null,
  value: unknown,
): Comparable | readonly string[] | null {
  if (value === null || value === undefined || value === '') return null
  const { kind } = field.typeDefinition
  if (kind === 'composite') return ofComposite(field, part, value)
  if (part !== null || kind === 'actor' || kind === 'reference') {
    if (kind === 'actor' || kind === 'reference' || kind === 'currency') {
      return typeof value === 'object' ? scalarOf(propertyOf(value, part ?? 'id')) : null
    }
    return null
  }
  if (kind === 'currency') {
    return typeof value === 'object' ? amountUnits(propertyOf(value, 'amount')) : amountUnits(value)
  }
  if (kind === 'options') return Array.isArray(value) ? value.filter(isText) : null
  // No records are none: the API gives an empty list, and conditions find no value.
  if (isMany(field)) return Array.isArray(value) && value.length > 0 ? value.filter(isText) : null
  if (domainOf(field, part) === 'opaque') return true
  return scalarOf(value)
}

/**
 * A value of a condition in the same terms, for conditions that no codec has seen. Field types may
 * be stricter or tidier (an email's case, a phone number's form); the records part passes theirs.
 */
export function parseOperandByKind(
  field: ConditionField,
  part: string | null,
  input: Comparable,
): ParsedOperand {
  if (input === '') return { ok: true, value: null }
  const wrong = (message: string) => ({ ok: false, code: 'WRONG_TYPE', message }) as const
  const domain = domainOf(field, part)
  if (part === null && field.typeDefinition.kind === 'currency') {
    const units = amountUnits(input)
    return units === null ? wrong('Expected an amount.') : { ok: true, value: units }
  }
  switch (isMany(field) ? 'id' : domain) {
    case 'number':
      return Number.isFinite(input) ? { ok: true, value: input } : wrong('Expected a number.')
    case 'boolean':
      return typeof input === 'boolean'
        ? { ok: true, value: input }
        : wrong('Expected true or false.')
    case 'text':
    case 'list':
    case 'opaque':
      if (!isText(input)) return wrong('Expected a text.')
      return isKeepableText(input)
        ? { ok: true, value: input }
        : wrong('The text has characters that cannot be kept.')
    case 'id': {
      const id = isText(input) ? toId(input) : null
      return id === null ? wrong('Expected an id.') : { ok: true, value: id }
    }
    case 'date':
      return isText(input) && isCalendarDay(input)
        ? { ok: true, value: input }
        : wrong('Expected a day such as 2026-03-01.')
    case 'instant': {
      const iso = isText(input) ? toInstant(input) : null
      return iso === null
        ? wrong('Expected a date and time with an offset.')
        : { ok: true, value: iso }
    }
  }
}

function ofComposite(field: ConditionField, part: string | null, value: unknown) {
  if (typeof value !== 'object' || value === null) return null
  if (part !== null) return scalarOf(propertyOf(value, part))
  const { parts = {}, join } = field.typeDefinition
  if (join === undefined) return true
  return joinParts(Object.keys(parts), value as Record<string, unknown>, join) || null
}

/** Whole 1/10,000 of an amount; null when it is none or has more than four decimals. */
function amountUnits(value: unknown): number | null {
  const match = /^(-?)(\d{1,11})(?:\.(\d{1,4}))?$/.exec(String(value))
  if (!match) return null
  const units = Number(match[2]) * 10_000 + Number((match[3] ?? '').padEnd(4, '0'))
  return match[1] ? 0 - units : units
}

function scalarOf(value: unknown): Comparable | null {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? value
    : null
}
function propertyOf(value: object, name: string): unknown {
  return Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : null
}
function isText(value: unknown): value is string {
  return typeof value === 'string'
}
