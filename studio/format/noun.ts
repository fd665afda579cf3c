/** Languages that write nouns with a capital wherever they stand. */
const capitalNouns: ReadonlySet<string> = new Set(['de', 'lb'])

/** `Lead` to `lead`; `API key` and `vCard` stay, and so does every noun of a language like German. */
export function midSentence(label: string, language: string): string {
  const isAcronym = /^\p{Lu}(\p{Lu}|\d)/u.test(label)
  if (isAcronym || capitalNouns.has(language.slice(0, 2))) return label
  return label.charAt(0).toLocaleLowerCase(language) + label.slice(1)
}
