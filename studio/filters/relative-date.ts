export const isDayText = (text: string): boolean => /^\d{4}-\d{2}-\d{2}/.test(text)

/**
 * `@today-30d` in words: the key of a message and its number.
 * @returns null for dates, other texts and bases that have names of their own.
 */
export function relativeDays(text: string): { readonly key: string; readonly n: number } | null {
  if (text === '@now' || text === '@today') return { key: 'filter.relative.today', n: 0 }
  const match = /^@(?:today|now)([+-])(\d+)([hdwmy])$/.exec(text)
  if (!match) return null
  const direction = match[1] === '-' ? 'ago' : 'ahead'
  return { key: `filter.relative.${direction}.${match[3]}`, n: Number(match[2]) }
}
