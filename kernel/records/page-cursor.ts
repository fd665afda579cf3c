import { BadCursorError } from '@runwaycrm/sdk'

export interface PageQuery {
  /** 1 to 200, default 25. */
  readonly limit?: number | undefined
  readonly cursor?: string | undefined
}

export const pageLimit = (query: PageQuery): number =>
  Math.min(200, Math.max(1, Math.trunc(query.limit ?? 25)))

/** A place in a list that is sorted by fixed keys. It tells nothing that its reader has not seen. */
export function encodeCursor(place: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(place)).toString('base64url')
}

/** @throws BadCursorError when it is not one of `checks.length` keys that pass their checks. */
export function decodeCursor(
  cursor: string | undefined,
  checks: readonly ((key: unknown) => boolean)[],
): readonly unknown[] | null {
  if (cursor === undefined) return null
  try {
    const place: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString())
    if (
      Array.isArray(place) &&
      place.length === checks.length &&
      checks.every((check, at) => check(place[at]))
    )
      return place
  } catch {
    // Falls through: not JSON is not a cursor either.
  }
  throw new BadCursorError()
}

export const isVersion = (key: unknown): boolean => Number.isSafeInteger(key)
export const isMoment = (key: unknown): boolean =>
  typeof key === 'string' && !Number.isNaN(Date.parse(key))
