import { hash } from 'node:crypto'
import { BadCursorError, CursorMismatchError, isCalendarDay, toId } from '@runwaycrm/sdk'
import type { SortKey } from './sort.ts'

/** Where a page ended: the values of its last record by which the list is sorted, and its id. */
export interface Position {
  readonly values: readonly (string | number | boolean | null)[]
  readonly id: string
}

const lifetimeMs = 24 * 3_600_000

/**
 * The question that a cursor belongs to, in 16 letters. A cursor is no secret and gives no right: it only
 * says where to go on in a list that the reader may see anyway.
 */
export function questionOf(parts: readonly unknown[]): string {
  return hash('sha256', JSON.stringify(parts), 'base64url').slice(0, 16)
}

export function writeCursor(question: string, now: Date, { values, id }: Position): string {
  return Buffer.from(JSON.stringify([1, question, now.getTime(), id, ...values])).toString(
    'base64url',
  )
}

/**
 * @throws {BadCursorError} when it is none of ours, or older than a day.
 * @throws {CursorMismatchError} when it belongs to another question.
 */
export function readCursor(
  text: string,
  question: string,
  now: Date,
  keys: readonly SortKey[],
): Position {
  const parts = decode(text)
  const [version, of, at, id, ...values] = parts
  if (version !== 1 || typeof of !== 'string' || typeof at !== 'number' || typeof id !== 'string') {
    throw new BadCursorError()
  }
  if (of !== question) throw new CursorMismatchError()
  const age = now.getTime() - at
  if (age > lifetimeMs) throw new BadCursorError('The cursor is older than a day. Start again.')
  const isSound =
    age > -lifetimeMs &&
    toId(id) !== null &&
    values.length === keys.length &&
    values.every((value, index) => isPosition(value, keys[index]!))
  if (!isSound) throw new BadCursorError()
  return { id, values: values as Position['values'] }
}

function decode(text: string): unknown[] {
  if (text.length > 8_192 || !/^[\w-]+$/.test(text)) throw new BadCursorError()
  try {
    const parts: unknown = JSON.parse(Buffer.from(text, 'base64url').toString())
    if (Array.isArray(parts)) return parts
  } catch {
    // Not ours either.
  }
  throw new BadCursorError()
}

/** Cursors are not signed, so what stands in them must not make the database raise. */
function isPosition(value: unknown, { domain, class: kind }: SortKey): boolean {
  if (value === null) return true
  switch (domain) {
    case 'number':
      return kind === 'bigint' ? Number.isSafeInteger(value) : Number.isFinite(value)
    case 'boolean':
      return typeof value === 'boolean'
    case 'instant':
      // Microseconds since 1970, as text: they may be above 2^53.
      return typeof value === 'string' && /^-?\d{1,18}$/.test(value)
    case 'date':
      return typeof value === 'string' && isCalendarDay(value)
    case 'id':
      return typeof value === 'string' && toId(value) !== null
    default:
      return typeof value === 'string' && value.isWellFormed() && !value.includes('\0')
  }
}
