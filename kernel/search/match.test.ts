import { describe, expect, it } from 'vitest'
import { excerpt, matchRecord } from './match.ts'
import { parseQuery } from './query.ts'

const score = (text: string, title: string, ...values: unknown[]) =>
  matchRecord(parseQuery(text)!, title, values)?.score ?? null

describe('how well a record matches', () => {
  it.each([
    ['Anna Schmidt', 1],
    ['anna sch', 0.9],
    ['schm', 0.8],
    ['schmidt anna', 0.7],
    ['schmitd', 0.5],
    ['anma schmid', 0.5],
    ['northwind', 0.3],
    ['anna northwind', 0.3],
    ['nortwhind', 0.1],
    ['+49 170 12', 0.3],
    ['0170 123', 0.3],
    ['anna otto', null],
    ['midt', null],
  ])('%s: %s', (text, expected) =>
    expect(score(text, 'Anna Schmidt', 'anna@northwind.test', '+491701234567')).toBe(expected),
  )

  it('takes the last word as finished when something stands behind it', () => {
    expect(score('ann', 'Anna')).toBe(0.9)
    expect(score('ann ', 'Anna')).toBe(null)
  })

  it('is nothing for a query without letters or digits', () => {
    for (const text of ['', '   ', '🎉', '%_', '.*', "'; --"]) expect(parseQuery(text)).toBe(null)
  })

  it('reads no more of a query than anybody types', () => {
    expect(parseQuery('x'.repeat(10_000))?.words).toEqual(['x'.repeat(40)])
    expect(parseQuery('a1 b2 c3 d4 e5 f6 g7 h8 i9 j10 k11 l12')?.words).toHaveLength(10)
  })
})

describe('a snippet', () => {
  it('shows the surroundings of what matched in at most 160 characters', () => {
    const text = `${'before '.repeat(60)}needle${' after'.repeat(60)}`
    const start = text.indexOf('needle')
    const cut = excerpt(text, { start, end: start + 6 })
    expect(cut.length).toBeLessThanOrEqual(160)
    expect(cut).toMatch(/^…before .*needle after.* after…$/)
  })

  it('cuts no letter of two halves', () => {
    const text = `${'🎉'.repeat(100)}needle${'🎉'.repeat(100)}`
    const start = text.indexOf('needle')
    expect(excerpt(text, { start, end: start + 6 }).isWellFormed()).toBe(true)
  })
})
