/** `Ada Lindqvist` to `AL`; a single word gives two letters. */
export function initials(name: string): string {
  const words = name.split(/[\s.@_-]+/).filter(Boolean)
  const first = words[0] ?? ''
  const last = words.length > 1 ? (words.at(-1) ?? '') : ''
  const letters = last === '' ? first.slice(0, 2) : first.charAt(0) + last.charAt(0)
  return letters.toLocaleUpperCase() || '?'
}

/** A category colour, 1 to 10, that stays with a name or id. */
export function colorOf(text: string): number {
  let hash = 7
  for (let i = 0; i < text.length; i++) hash = (hash * 31 + text.charCodeAt(i)) >>> 0
  // Grey (1) says "none", violet (9) belongs to agents.
  const colors = [2, 3, 4, 5, 6, 7, 8, 10] as const
  return colors[hash % colors.length] ?? 8
}
