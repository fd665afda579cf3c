/** How two values of a field are compared. */
export type Comparison = 'exact' | 'email' | 'phone' | 'website' | 'name' | 'similar'

/**
 * A value in the form in which equal things are equal texts.
 *
 * @returns null when there is nothing to compare.
 */
export function normalised(value: unknown, compare: Comparison): string | null {
  if (typeof value !== 'string' && typeof value !== 'number') return null
  const text = String(value).trim().toLowerCase()
  const form = forms[compare](text)
  return form === '' ? null : form
}

const forms: Readonly<Record<Comparison, (text: string) => string>> = {
  exact: (text) => text,
  // What stands behind a plus is the same mailbox.
  email: (text) => (text.includes('@') ? text.replace(/\+[^@]*(?=@)/, '') : ''),
  // Country codes and leading zeros are written in many ways; the last nine digits are the line.
  phone(text) {
    const digits = text.replaceAll(/\D/g, '')
    return digits.length < 6 ? '' : digits.slice(-9)
  },
  website: (text) =>
    text
      .replace(/^[a-z]+:\/\//, '')
      .replace(/^www\./, '')
      .replace(/[/?#:].*$/, ''),
  name: (text) => wordsOf(text).toSorted().join(' '),
  similar: (text) => wordsOf(text).join(' '),
}

/** Legal forms say nothing about which company it is. */
const legalForms = new Set(
  'inc incorporated llc ltd limited corp corporation co company gmbh ag kg as asa ab oy bv nv sa sarl srl spa plc'.split(
    ' ',
  ),
)

/** Words without accents and punctuation; legal forms are left out unless there is nothing else. */
function wordsOf(text: string): string[] {
  const plain = text.normalize('NFKD').replaceAll(/\p{M}/gu, '')
  const words = plain.split(/[^\p{L}\p{N}]+/u).filter((word) => word !== '')
  const telling = words.filter((word) => !legalForms.has(word))
  return telling.length > 0 ? telling : words
}

/** Three letters at a time, each word with two blanks before it and one behind it. */
export function trigramsOf(text: string): ReadonlySet<string> {
  const trigrams = new Set<string>()
  for (const word of text.split(' ')) {
    const letters = [...`  ${word} `]
    for (let at = 0; at + 3 <= letters.length; at++)
      trigrams.add(letters.slice(at, at + 3).join(''))
  }
  return trigrams
}

/**
 * How many of the trigrams of either text both have, 0 to 1.
 *
 * @see the PostgreSQL module pg_trgm, which measures the same.
 */
export function similarity(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  let shared = 0
  for (const trigram of a) if (b.has(trigram)) shared += 1
  return shared === 0 ? 0 : shared / (a.size + b.size - shared)
}
