import type { SearchQuery } from './query.ts'
import { fieldWords, textOf, titleWords } from './search-row.ts'
import { isNear, typosAllowed } from './typos.ts'
import type { PlacedWord } from './words.ts'

export interface Match {
  /** 1 the title itself, .9 its beginning, .8 the beginning of a word in it, .7 all words in it, .5 in it
   * with a typo, .3 in other fields, .1 there with a typo. */
  readonly score: number
  /** Of the value that matched where the title did not: at most 160 characters, else empty. */
  readonly snippet: string
}

export const snippetLetters = 160

/**
 * How well a record matches, from the values that its reader may see and from nothing else.
 *
 * @param values of the other fields, the more telling first.
 * @returns null when it does not.
 */
export function matchRecord(
  query: SearchQuery,
  title: string,
  values: readonly unknown[],
): Match | null {
  const inTitle = fieldWords(title)
  const missing = query.words.flatMap((word, i) => {
    const isOpen = query.isOpen && i === query.words.length - 1
    return findWord(inTitle, word, isOpen)?.isExact ? [] : [{ word, isOpen }]
  })
  if (missing.length === 0) return { score: titleScore(query, title), snippet: '' }
  const others = values.map((value) => fieldWords(value))
  const found = missing.map(({ word, isOpen }) => {
    const typo = findWord(inTitle, word, isOpen)
    const elsewhere = bestOf(others, word, isOpen)
    if (elsewhere?.isExact) return elsewhere
    return typo ? { isExact: false, at: -1, place: typo.place } : elsewhere
  })
  if (found.some((one) => one === null)) return null
  const first = found.find((one) => one !== null && one.at >= 0)
  const isExact = found.every((one) => one?.isExact)
  const snippet = first ? excerpt(textOf(values[first.at]), first.place) : ''
  return { score: first ? (isExact ? 0.3 : 0.1) : 0.5, snippet }
}

interface Found {
  /** Without a typo. */
  readonly isExact: boolean
  readonly place: PlacedWord
}

function bestOf(
  fields: readonly (readonly PlacedWord[])[],
  word: string,
  isOpen: boolean,
): (Found & { readonly at: number }) | null {
  let best: (Found & { readonly at: number }) | null = null
  for (const [at, words] of fields.entries()) {
    const found = findWord(words, word, isOpen)
    if (found?.isExact) return { ...found, at }
    if (found) best ??= { ...found, at }
  }
  return best
}

function findWord(words: readonly PlacedWord[], word: string, isOpen: boolean): Found | null {
  for (const place of words) {
    if (place.word === word || (isOpen && place.word.startsWith(word))) {
      return { isExact: true, place }
    }
  }
  const typos = typosAllowed(word)
  if (typos === 0) return null
  for (const place of words) {
    if (isNear(word, place.word, typos, isOpen)) return { isExact: false, place }
  }
  return null
}

function titleScore({ words }: SearchQuery, text: string): number {
  const title = titleWords(text).join(' ')
  const asked = words.join(' ')
  if (title === asked) return 1
  if (title.startsWith(asked)) return 0.9
  return ` ${title}`.includes(` ${asked}`) ? 0.8 : 0.7
}

/** The surroundings of a place in a text, cut between words where there are any. */
export function excerpt(
  text: string,
  { start, end }: { readonly start: number; readonly end: number },
): string {
  const flat = text.replace(/\s/g, ' ')
  if (flat.length <= snippetLetters) return flat.trim()
  const room = snippetLetters - 2
  let from = Math.max(0, Math.min(start - 50, flat.length - room))
  if (from > 0) {
    const gap = flat.indexOf(' ', from)
    if (gap >= 0 && gap < start) from = gap + 1
  }
  let to = Math.min(flat.length, from + room)
  if (to < flat.length) {
    const gap = flat.lastIndexOf(' ', to)
    if (gap > end) to = gap
  }
  return (
    (from > 0 ? '…' : '') +
    flat.slice(from, to).toWellFormed().trim() +
    (to < flat.length ? '…' : '')
  )
}
