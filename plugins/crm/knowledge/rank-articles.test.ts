import { describe, expect, it } from 'vitest'
import { excerptOf, rankArticles, wordsOf } from './rank-articles.ts'

const article = (id: string, values: object) => ({ id, version: 1, title: id, ...values })

describe('ranking articles', () => {
  it('prefers titles to texts, and more of the words to fewer', () => {
    const words = wordsOf('The scanner loses its connection')
    expect(words).toEqual(['connection', 'scanner', 'loses'])
    const ranked = rankArticles(
      [
        article('a', { title: 'Scanner', body: 'A text.' }),
        article('b', { title: 'Other', body: 'connection of a scanner' }),
        article('c', { title: 'The scanner has no connection' }),
        article('d', { title: 'Gates' }),
      ],
      words,
    )
    expect(ranked.map(({ article: { id } }) => id)).toEqual(['c', 'a', 'b'])
  })

  it('puts what helped before what did not', () => {
    const ranked = rankArticles(
      [
        article('a', { title: 'Gate', helpful: 1, notHelpful: 9 }),
        article('b', { title: 'Gate', helpful: 9, notHelpful: 1 }),
      ],
      ['gate'],
    )
    expect(ranked.map(({ article: { id } }) => id)).toEqual(['b', 'a'])
  })

  it('keeps short words when there are no others', () => {
    expect(wordsOf('A b, a')).toEqual(['a', 'b'])
    expect(wordsOf('?!')).toEqual([])
  })

  it('shows the place where a word stands', () => {
    const body = `${'x '.repeat(200)}gate ${'y '.repeat(200)}`
    expect(excerptOf(article('a', { body }), ['gate'])).toMatch(/^… .*gate.* …$/)
    expect(excerptOf(article('a', { body, summary: 'Short.' }), ['gate'])).toBe('Short.')
  })
})
