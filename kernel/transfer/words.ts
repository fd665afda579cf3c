/** As a word stands in text, within JSON, and in an address. */
export function spellings(word: string): string[] {
  return [...new Set([word, JSON.stringify(word).slice(1, -1), encodeURIComponent(word)])]
}

/** For `ilike any`. */
export function patternsOf(words: readonly string[]): string[] {
  return words.flatMap(spellings).map((word) => `%${word.replace(/[\\%_]/g, '\\$&')}%`)
}

/** A long text is no word of anybody; a short one stands in what has nothing to do with the person. */
export function asWords(values: readonly unknown[], shortest: number): string[] {
  const isWord = (value: unknown): value is string =>
    typeof value === 'string' && value.trim().length >= shortest && value.length <= 200
  const words = values.filter(isWord).map((word) => word.trim())
  return [...new Set(words)].filter((word) => word !== 'Erased' && word.isWellFormed())
}
