import { describe, expect, it } from 'vitest'
import { type Said, sayTo } from './say.ts'

const words: Readonly<Record<string, string>> = { en: 'It is {it}.', de: 'Es ist {it}.' }
const say = (language: string, it: Said) =>
  sayTo({
    language,
    t: (_key, values, of) => (words[of ?? 'en'] ?? '').replace('{it}', String(values?.['it'])),
  })('any', { it }).replaceAll(/\s/g, ' ')

describe('a sentence of an answer', () => {
  it('writes numbers, percent, days and amounts as its reader does', () => {
    expect(say('en', 1234.5)).toBe('It is 1,234.5.')
    expect(say('de', 1234.5)).toBe('Es ist 1.234,5.')
    expect(say('de', { percent: 59.3 })).toBe('Es ist 59,3 %.')
    expect(say('en', { day: '2026-03-01' })).toBe('It is Mar 1, 2026.')
    expect(say('de', { day: '2026-03-01' })).toBe('Es ist 01.03.2026.')
    const sums = [
      { amount: '12345678901.25', currency: 'EUR' },
      { amount: '1', currency: 'USD' },
    ]
    expect(say('de', sums)).toBe('Es ist 12.345.678.901,25 €, 1,00 $.')
  })

  it('leaves text as it is', () => {
    expect(say('de', '1,234 pieces')).toBe('Es ist 1,234 pieces.')
  })
})
