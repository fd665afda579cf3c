type Words = Readonly<Record<string, string>>

let say = (text: string): string => text

/** A sentence of the server in the reader's language, when it is one that it always says; else as it came. */
export const inReadersWords = (text: string): string => say(text)

/**
 * @param english what the server says, `{a}` and `{b}` being what differs.
 * @param own the same by the same names; without it everything stays as it came.
 */
export function speak(english: Words, own: Words | null): void {
  if (!own) {
    say = (text) => text
    return
  }
  const exact = new Map<string, string>()
  const patterns: (readonly [RegExp, string])[] = []
  for (const [name, text] of Object.entries(english)) {
    const words = own[name] ?? text
    if (text.includes('{')) patterns.push([patternOf(text), words])
    else exact.set(text, words)
  }
  say = (text) => {
    const found = exact.get(text)
    if (found !== undefined) return found
    for (const [pattern, words] of patterns) {
      const match = pattern.exec(text)
      if (match)
        return words.replace(/\{([ab])\}/g, (_, name: string) => match.groups?.[name] ?? '')
    }
    return text
  }
}

const patternOf = (text: string): RegExp =>
  new RegExp(
    `^${text
      .split(/(\{[ab]\})/)
      .map((part) =>
        /^\{[ab]\}$/.test(part) ? `(?<${part[1]}>.+)` : part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'),
      )
      .join('')}$`,
  )
