import type { RecordData } from '@runwaycrm/sdk'

const mostWords = 12
/** What a word in this place counts. */
const weights = { title: 5, keywords: 4, summary: 2, body: 1 } as const

export interface RankedArticle {
  readonly article: RecordData
  readonly score: number
}

/**
 * The words of a question that say what it is about, longest first: those are the rarest. Short words and
 * repeats are left out, unless nothing else is there.
 */
export function wordsOf(text: string): string[] {
  const all = [...new Set(fold(text).match(/[\p{L}\p{N}]+/gu) ?? [])]
  const long = all.filter((word) => word.length > 3)
  return (long.length > 0 ? long : all).sort((a, b) => b.length - a.length).slice(0, mostWords)
}

/** Those that have at least one of the words, best first; equal ones by title. */
export function rankArticles(
  articles: readonly RecordData[],
  words: readonly string[],
): RankedArticle[] {
  return articles
    .map((article) => ({ article, score: scoreOf(article, words) }))
    .filter(({ score }) => score > 0)
    .sort(
      (a, b) =>
        b.score - a.score ||
        String(a.article['title']).localeCompare(String(b.article['title'])) ||
        (a.article.id < b.article.id ? -1 : 1),
    )
}

/** Each word once per place, the share of words found, and up to a tenth more for what helped. */
function scoreOf(article: RecordData, words: readonly string[]): number {
  let points = 0
  let found = 0
  for (const word of words) {
    let best = 0
    for (const [name, weight] of Object.entries(weights)) {
      const value = article[name]
      const text = fold(Array.isArray(value) ? value.join(' ') : String(value ?? ''))
      if (text.includes(word)) best += weight
    }
    points += best
    if (best > 0) found++
  }
  const [helpful, not] = [Number(article['helpful'] ?? 0), Number(article['notHelpful'] ?? 0)]
  const approval = (helpful + 1) / (helpful + not + 2)
  const score = points * (found / Math.max(1, words.length)) * (1 + approval / 10)
  return Math.round(score * 1000) / 1000
}

/** The text around the first word that is found. */
export function excerptOf(article: RecordData, words: readonly string[], most = 240): string {
  const summary = String(article['summary'] ?? '')
  const body = String(article['body'] ?? '').replaceAll(/\s+/g, ' ')
  if (summary) return summary
  const at = words.map((word) => fold(body).indexOf(word)).find((place) => place >= 0) ?? 0
  const from = Math.max(0, at - 60)
  const cut = body.slice(from, from + most).trim()
  return `${from > 0 ? '… ' : ''}${cut}${from + most < body.length ? ' …' : ''}`
}

function fold(text: string): string {
  return text.toLowerCase()
}
