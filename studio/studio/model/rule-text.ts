import type { Json } from './leaf.ts'

/** A value of which nothing is known, from what somebody wrote; in quotes it is a text in any case. */
export function readWord(word: string): Json {
  if (/^".*"$/s.test(word)) return word.slice(1, -1)
  if (word === 'true' || word === 'false') return word === 'true'
  if (word === 'null') return null
  return word !== '' && Number.isFinite(Number(word)) ? Number(word) : word
}

/** @returns what `readWord` reads as this value. */
export const wordOf = (value: Json): string =>
  typeof value === 'string' && readWord(value) !== value ? `"${value}"` : String(value)

/** The members of a list in one line; a comma may also stand inside a number or a name. */
export function listParts(text: string, isNumber: boolean): readonly string[] {
  const between = text.includes(';') ? ';' : isNumber ? /,\s+/ : ','
  return text
    .split(between)
    .map((one) => one.trim())
    .filter((one) => one !== '')
}
export const listText = (parts: readonly string[]): string =>
  parts.some((one) => one.includes(','))
    ? `${parts.join('; ')}${parts.length < 2 ? ';' : ''}`
    : parts.join(', ')
