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
    ['0170', 0.3],
    ['0170-', 0.3],
    ['0049 (170) 123', 0.3],
    ['+49 (0)170 / 12', 0.3],
    ['anna 0170 123', 0.3],
    ['0170 1234567', 0.4],
    ['anna@northwind.test', 0.4],
    ['anna northwind schm', 0.3],
    ['anna otto', null],
    ['midt', null],
  ])('%s: %s', (text, expected) =>
    expect(score(text, 'Anna Schmidt', 'anna@northwind.test', '+491701234567')).toBe(expected),
  )

  it.each([
    ['gtx500', 1],
    ['gtx 500', 1],
    ['GTX-500', 1],
    ['gtx5', 0.9],
    ['500', 0.8],
    ['50', 0.8],
    ['gtx', 0.9],
    ['500 gtx', 0.7],
    ['gtx501', null],
    ['tx500', null],
  ])('finds %s in what is written GTX500 and GTX 500', (text, expected) => {
    expect(score(text, 'GTX500')).toBe(expected)
    expect(score(text, 'GTX 500')).toBe(expected)
  })

  it.each([
    ['obrien', 1],
    ["o'brien", 1],
    ['o’bri', 0.9],
    ['o brien', 0.7],
    ['brien', 0.7],
  ])('finds %s in O’Brien', (text, expected) => expect(score(text, 'O’Brien')).toBe(expected))

  it('finds the beginning of a number that is letters and digits in turn', () => {
    for (const text of ['3f', '3f2a9', '3f2a9c1b'])
      expect(score(text, 'x', '3f2a9c1b')).not.toBe(null)
  })

  it('finds numbers as they are written in any order, not only as a telephone number', () => {
    expect(score('2024 1001', 'Order 1001 of 2024')).toBe(0.7)
    expect(score('2024-1001', 'Order 1001 of 2024')).toBe(0.7)
    expect(score('0815', 'Order 0815')).toBe(0.8)
    expect(score('+49 170 123', 'x', '0170 1234567')).toBe(0.3)
  })

  it('takes the last word as finished when something stands behind it', () => {
    expect(score('ann', 'Anna')).toBe(0.9)
    expect(score('ann ', 'Anna')).toBe(null)
  })

  it('is nothing for a query without letters or digits', () => {
    for (const text of ['', '   ', '🎉', '%_', '.*', "'; --"]) expect(parseQuery(text)).toBe(null)
  })

  it('reads no more of a query than anybody types', () => {
    expect(parseQuery('x'.repeat(10_000))?.readings.map(({ words }) => words)).toEqual([
      ['x'.repeat(40)],
    ])
    for (const { words } of parseQuery('a1 b2 c3 d4 e5 f6 g7 h8 i9 j10 k11 l12 +49 170')!
      .readings) {
      expect(words).toHaveLength(10)
    }
  })

  it('is read in as many ways as it may be meant, and mostly in one', () => {
    const ways = (text: string) => parseQuery(text)!.readings.map(({ words }) => words.join(' '))
    expect(ways('anna schmidt')).toEqual(['anna schmidt'])
    expect(ways('gtx500')).toEqual(['gtx500', 'gtx 500'])
    expect(ways('+49 170 12')).toEqual(['49 170 12', '4917012', '17012'])
    expect(ways('2024')).toEqual(['2024'])
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
