import type { Reading, SearchQuery } from './query.ts'
import { fieldWords, textOf } from './search-row.ts'
import { isNear, typosAllowed } from './typos.ts'
import { evenText, type PlacedWord, wordsOf } from './words.ts'

export interface Match {
  /** 1 the title itself, .9 its beginning, .8 the beginning of a word in it, .7 all words in it, .5 in it
   * with a typo, .4 another field itself, .3 in other fields, .1 there with a typo. */
  readonly score: number
  /** Of the value that matched where the title did not: at most 160 characters, else empty. */
  readonly snippet: string
}

const snippetLetters = 160

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
  const record: MatchedRecord = { title, inTitle: fieldWords(title), values, others: null }
  let best: Match | null = null
  for (const reading of query.readings) {
    const match = matchReading(reading, record)
    if (match && (!best || match.score > best.score)) best = match
  }
  return best
}

interface MatchedRecord {
  readonly title: string
  readonly inTitle: readonly PlacedWord[]
  readonly values: readonly unknown[]
  /** The words of `values`, when they were needed. */
  others: readonly (readonly PlacedWord[])[] | null
}

function matchReading(reading: Reading, record: MatchedRecord): Match | null {
  const { inTitle, values } = record
  const missing = reading.words.flatMap((word, i) => {
    const isOpen = reading.isOpen && i === reading.words.length - 1
    return findWord(inTitle, word, isOpen)?.isExact ? [] : [{ word, isOpen }]
  })
  if (missing.length === 0) return { score: titleScore(reading, record.title), snippet: '' }
  record.others ??= values.map((value) => fieldWords(value))
  const found = []
  for (const { word, isOpen } of missing) {
    const typo = findWord(inTitle, word, isOpen)
    const elsewhere = bestOf(record.others, word, isOpen)
    if (!typo && !elsewhere) return null
    if (elsewhere?.isExact || !typo) found.push(elsewhere!)
    else found.push({ isExact: false, at: -1, place: typo.place })
  }
  const first = found.find(({ at }) => at >= 0)
  if (!first) return { score: 0.5, snippet: '' }
  const text = textOf(values[first.at])
  const snippet = excerpt(text, first.place)
  if (!found.every(({ isExact }) => isExact)) return { score: 0.1, snippet }
  return { score: isAllOf(reading, text, first.place) ? 0.4 : 0.3, snippet }
}

/** Somebody typed the whole of the value: an address, a number of a telephone. */
function isAllOf({ text, words }: Reading, value: string, { word, start, end }: PlacedWord) {
  if (value.length > 2 * snippetLetters) return false
  if (words.length === 1 && word === words[0] && start === 0 && end === value.length) return true
  return evenText(wordsOf(value)) === text
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

function titleScore({ text }: Reading, title: string): number {
  const even = evenText(wordsOf(title))
  if (even === text) return 1
  if (even.startsWith(text)) return 0.9
  return ` ${even}`.includes(` ${text}`) ? 0.8 : 0.7
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
