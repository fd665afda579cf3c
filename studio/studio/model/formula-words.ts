export interface Completion {
  readonly text: string
  readonly label: string
}

/** The name that stands before the caret; null inside a text or a number. */
export function formulaWord(
  text: string,
  caret: number,
): { readonly word: string; readonly from: number; readonly to: number } | null {
  const before = text.slice(0, caret)
  if (((before.match(/"/g) ?? []).length + (before.match(/'/g) ?? []).length) % 2 === 1) return null
  const word = /[A-Za-z][A-Za-z0-9]*$/.exec(before)?.[0]
  if (word === undefined) return null
  const from = caret - word.length
  if (/[0-9.]/.test(text[from - 1] ?? ' ')) return null
  const rest = /^[A-Za-z0-9]*/.exec(text.slice(caret))?.[0] ?? ''
  return { word, from, to: caret + rest.length }
}

/** Names that begin so, then those that hold it in their words; none once it is written out. */
export function completeWord(word: string, names: readonly Completion[]): readonly Completion[] {
  const low = word.toLowerCase()
  if (names.some((one) => one.text === word)) return []
  const starts = names.filter((one) => one.text.toLowerCase().startsWith(low))
  const others = names.filter(
    (one) => !starts.includes(one) && `${one.text} ${one.label}`.toLowerCase().includes(low),
  )
  return [...starts, ...others]
}
