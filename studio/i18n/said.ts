type Words = Readonly<Record<string, string>>

let say = (text: string): string => text

/** What the server says in the reader's language, sentence by sentence; what it does not always say, as it came. */
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
    if (/\{[ab]\}/.test(text)) patterns.push([patternOf(text), words])
    else exact.set(text, words)
  }

  const sentence = (text: string): string | null => {
    const found = exact.get(text)
    if (found !== undefined) return found
    for (const [pattern, words] of patterns) {
      const match = pattern.exec(text)
      if (match)
        return words.replace(/\{([ab])\}/g, (_, name: string) => part(match.groups?.[name] ?? ''))
    }
    return null
  }
  /** `a text or a number`, or a sentence within the sentence; names are nobody's words. */
  const part = (text: string): string => {
    if (text.endsWith('.')) return all(text)
    const parts = text.split(/\b(or|and)\b/).map((one) => one.trim())
    const said = exact.get(text) ?? parts.map((one) => exact.get(one) ?? null)
    if (typeof said === 'string') return said
    return said.includes(null) ? text : said.join(' ')
  }
  /** A name may hold what looks like an end: one in quotes is none, and a longer beginning is tried as well. */
  const all = (text: string): string => {
    const whole = exact.get(text)
    if (whole !== undefined) return whole
    for (let end = text.indexOf('. '); end >= 0; end = text.indexOf('. ', end + 1)) {
      const beginning = text.slice(0, end + 1)
      const said = isInQuotes(beginning) ? null : sentence(beginning)
      if (said !== null) return `${said} ${all(text.slice(end + 2))}`
    }
    return sentence(text) ?? text
  }
  say = all
}

const isInQuotes = (beginning: string): boolean => (beginning.split('"').length - 1) % 2 === 1

const patternOf = (text: string): RegExp =>
  new RegExp(
    `^${text
      .split(/(\{[ab]\})/)
      .map((part) =>
        /^\{[ab]\}$/.test(part)
          ? `(?<${part[1]}>.+?)`
          : part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'),
      )
      .join('')}$`,
  )
