import type { Statement } from '../database/postgres.ts'
import { isNear, nearOf, termOf, typosAllowed } from './typos.ts'
import { phoneDigits, wordLimits, wordsOf } from './words.ts'

/** What somebody typed, as search understands it. */
export interface SearchQuery {
  /** In the order of typing, the last may be unfinished. */
  readonly words: readonly string[]
  /** The last word is still being typed: no space or other sign stands behind it. */
  readonly isOpen: boolean
}

export const queryLimits = { letters: 200, words: 10 } as const

/**
 * @returns null when there is nothing to look for: no letter and no digit.
 */
export function parseQuery(text: string): SearchQuery | null {
  const typed = text.toWellFormed().slice(0, queryLimits.letters).trimStart()
  const phone = asPhone(typed)
  if (phone !== null) return { words: [phone], isOpen: true }
  const words = [...new Set(wordsOf(typed).map(({ word }) => word))].slice(0, queryLimits.words)
  if (words.length === 0) return null
  return { words, isOpen: /[\p{L}\p{N}\p{M}]['’]?$/u.test(typed) }
}

/** Whatever consists of digits and what stands between them in telephone numbers. */
function asPhone(typed: string): string | null {
  if (!/^\+?[\d\s().\-/]+$/.test(typed)) return null
  const digits = phoneDigits(typed)
  return digits.length < wordLimits.phoneDigits || digits.length > wordLimits.letters
    ? null
    : digits
}

/** What is asked of the database about it. */
export function searchStatement(
  orgId: string,
  { words, isOpen }: SearchQuery,
  entities: readonly string[],
  most: number,
): Statement {
  return {
    name: 'search',
    text: `select f.entity, f.record_id as id
      from kernel.search($1, $2::text[], $3::bigint[], $4, $5::text[], $6) f`,
    values: [
      words.join(' '),
      words,
      words.map((word) => termOf(orgId, word)),
      isOpen,
      entities,
      most,
    ],
  }
}

/** Words that may have been meant; which of them are near enough, `likelyStatement` says. */
export function nearStatement(orgId: string, { words, isOpen }: SearchQuery): Statement {
  const near = words.flatMap((word) => nearOf(orgId, word, typosAllowed(word)))
  return {
    name: 'search_near',
    text: 'select f.word from kernel.search_near($1::integer[], $2) f',
    values: [near, isOpen ? words.at(-1) : null],
  }
}

/**
 * Records with a word near each of the query's.
 *
 * @param meant answer of `nearStatement`.
 * @returns null when no word has one near it that is not itself.
 */
export function likelyStatement(
  orgId: string,
  { words, isOpen }: SearchQuery,
  meant: readonly string[],
  entities: readonly string[],
  most: number,
): Statement | null {
  let isMore = false
  const groups = words.map((word, i) => {
    const mayContinue = isOpen && i === words.length - 1
    const likely = meant.filter((other) => {
      if (mayContinue && other.startsWith(word)) return true
      const isLikely = isNear(word, other, typosAllowed(word), mayContinue)
      if (isLikely && other !== word) isMore = true
      return isLikely
    })
    return [...new Set([word, ...likely])]
  })
  if (!isMore) return null
  return {
    name: 'search_any',
    text: `select f.entity, f.record_id as id
      from kernel.search_any($1::bigint[], $2::integer[], $3, $4::text[], $5) f`,
    values: [
      groups.flat().map((word) => termOf(orgId, word)),
      groups.flatMap((group, i) => group.map(() => i + 1)),
      groups.length,
      entities,
      most,
    ],
  }
}
