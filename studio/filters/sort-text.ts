/** One part of `-score,createdAt`. */
export interface SortPart {
  readonly field: string
  readonly descending: boolean
}

export function parseSort(text: string | undefined): readonly SortPart[] {
  return (text ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '' && part !== '-')
    .map((part) =>
      part.startsWith('-')
        ? { field: part.slice(1), descending: true }
        : { field: part, descending: false },
    )
}

export function sortText(parts: readonly SortPart[]): string {
  return parts.map((part) => (part.descending ? '-' : '') + part.field).join(',')
}

/**
 * A click on a header: ascending, descending, off. With `add` (Shift) it joins what is there, up to
 * the three that the server takes.
 */
export function toggleSort(text: string | undefined, field: string, add: boolean): string {
  const parts = parseSort(text)
  const present = parts.find((part) => part.field === field)
  const next = !present
    ? { field, descending: false }
    : present.descending
      ? null
      : { field, descending: true }
  if (!add) return next ? sortText([next]) : ''
  const others = parts.filter((part) => part.field !== field)
  if (present && next) return sortText(parts.map((part) => (part.field === field ? next : part)))
  return sortText(next ? [...others, next].slice(-3) : others)
}
