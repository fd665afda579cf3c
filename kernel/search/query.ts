import type { Statement } from '../database/postgres.ts'
import { rowLimits } from './search-row.ts'
import { isNear, nearOf, termOf, typosAllowed } from './typos.ts'
import { evenText, phoneForms, type WrittenWord, wordsOf } from './words.ts'

/** One way to read what somebody typed. */
export interface Reading {
  /** Each once, in the order of typing; the last may be unfinished. */
  readonly words: readonly string[]
  /** All of it as `evenText`, to be held against titles. */
  readonly text: string
  /** The last word is still being typed: no space or other sign stands behind it. */
  readonly isOpen: boolean
}

/** What somebody typed, as search understands it. */
export interface SearchQuery {
  /** What matches one of these matches. The first is the text as it was typed. */
  readonly readings: readonly Reading[]
  /** The reading whose words are forgiven typos. */
  readonly forgiven: Reading
}

const queryLimits = { letters: 200, words: 10 } as const

/** A number of so many digits may be the beginning of a telephone number. */
const phoneLeast = 3
const phoneRun = /(?<![\p{L}\p{N}])\+?\d[\d\s().\-/]*/gu

/**
 * Reads `gtx500` as one word and as `gtx 500`, and numbers also as telephone numbers, with and without
 * their country code.
 *
 * @returns null when there is nothing to look for: no letter and no digit.
 */
export function parseQuery(text: string): SearchQuery | null {
  const typed = text.toWellFormed().slice(0, queryLimits.letters).trimStart()
  const written = wordsOf(typed)
  if (written.length === 0) return null
  const isOpen = /[\p{L}\p{N}\p{M}]['’]?$/u.test(typed)
  const forgiven = readingOf(written.flatMap(piecesOf), isOpen)
  // Between the groups of a telephone number it is still being typed.
  const isNumberOpen = isOpen || /\d[\s().\-/]*$/.test(typed)
  const numbers = [0, 1].map((form) => {
    const digits = typed.replace(phoneRun, (run) => {
      const forms = phoneForms(run, phoneLeast)
      return forms.length === 0 ? run : ` ${forms[form] ?? forms[0]} `
    })
    return readingOf(wordsOf(digits), isNumberOpen)
  })
  const readings = [readingOf(written, isOpen), forgiven, ...numbers]
  const different = new Map(readings.map((reading) => [reading.words.join(' '), reading]))
  return { readings: [...different.values()], forgiven }
}

function piecesOf(written: WrittenWord): readonly { readonly word: string }[] {
  return written.parts.length === 0 ? [written] : written.parts.map((word) => ({ word }))
}

function readingOf(written: readonly { readonly word: string }[], isOpen: boolean): Reading {
  const words = [...new Set(written.map(({ word }) => word))].slice(0, queryLimits.words)
  return { words, text: evenText(written), isOpen }
}

/** What is asked of the database about one reading. */
export function searchStatement(
  orgId: string,
  { words, text, isOpen }: Reading,
  entities: readonly string[],
  most: number,
): Statement {
  return {
    name: 'search',
    text: `select f.entity, f.record_id as id
      from kernel.search($1, $2::text[], $3::bigint[], $4, $5::text[], $6) f`,
    values: [
      text.slice(0, rowLimits.title),
      words,
      words.map((word) => termOf(orgId, word)),
      isOpen,
      entities,
      most,
    ],
  }
}

/** Words that may have been meant; which of them are near enough, `likelyStatement` says. */
export function nearStatement(orgId: string, { forgiven }: SearchQuery): Statement {
  const { words, isOpen } = forgiven
  const near = words.flatMap((word) => nearOf(orgId, word, typosAllowed(word)))
  return {
    name: 'search_near',
    text: 'select f.word from kernel.search_near($1::integer[], $2) f',
    values: [near, isOpen ? words.at(-1) : null],
  }
}

/**
 * Records with a word near each of the query's, other than those that have all of its words: they are found
 * already. So a word that alone is forgiven typos is not looked for itself.
 *
 * @param meant answer of `nearStatement`.
 * @returns null when no word has one near it that is not itself.
 */
export function likelyStatement(
  orgId: string,
  { forgiven }: SearchQuery,
  meant: readonly string[],
  entities: readonly string[],
  most: number,
): Statement | null {
  const { words, isOpen } = forgiven
  const groups = words.map((word, i) => {
    const mayContinue = isOpen && i === words.length - 1
    const isSame = (other: string) => other === word || (mayContinue && other.startsWith(word))
    return {
      same: [...new Set([word, ...meant.filter(isSame)])],
      near: meant.filter(
        (other) => !isSame(other) && isNear(word, other, typosAllowed(word), mayContinue),
      ),
    }
  })
  const forgiving = groups.filter(({ near }) => near.length > 0).length
  if (forgiving === 0) return null
  const looked = groups.map(({ same, near }) =>
    forgiving === 1 && near.length > 0 ? near : [...same, ...near],
  )
  return {
    name: 'search_any',
    text: `select f.entity, f.record_id as id
      from kernel.search_any($1::bigint[], $2::integer[], $3, $4::text[], $5) f`,
    values: [
      looked.flat().map((word) => termOf(orgId, word)),
      looked.flatMap((group, i) => group.map(() => i + 1)),
      looked.length,
      entities,
      most,
    ],
  }
}
