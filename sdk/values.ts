/** Forms of values that the kernel and field types must agree on to the letter. */

/** Half of a surrogate pair and NUL cannot be kept as text. */
export function isKeepableText(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed()
}

/** Whether a text is a calendar day that exists, `2026-03-01`, in the years 1 to 9999. */
export function isCalendarDay(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text) || text.startsWith('0000')) return false
  const at = new Date(`${text}T00:00:00Z`)
  return !Number.isNaN(at.getTime()) && at.toISOString().startsWith(text)
}

const instantForm =
  /^(\d{4}-\d{2}-\d{2})[Tt](?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,9})?)?(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/

/**
 * A moment with an offset as `2026-03-01T09:30:00.000Z`. Digits past the millisecond are cut off.
 *
 * @returns null when the text is no such moment, or has no offset.
 */
export function toInstant(text: string): string | null {
  const match = instantForm.exec(text)
  if (!match || !isCalendarDay(match[1] as string)) return null
  const at = new Date(text.toUpperCase().replace(/(\.\d{3})\d+/, '$1'))
  const iso = Number.isNaN(at.getTime()) ? '' : at.toISOString()
  return /^\d{4}-/.test(iso) && !iso.startsWith('0000') ? iso : null
}

const uuidForm = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** An id as the API writes it; null when the text is none. */
export function toId(text: string): string | null {
  return uuidForm.test(text) ? text.toLowerCase() : null
}

/** One text of those parts that are not blank, in the order of the names. */
export function joinParts(
  names: readonly string[],
  parts: Readonly<Record<string, unknown>>,
  join: string,
): string {
  return names
    .map((name) => parts[name])
    .filter((part) => typeof part === 'string' && part !== '')
    .join(join)
}
