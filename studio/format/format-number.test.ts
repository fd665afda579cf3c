import { describe, expect, it } from 'vitest'
import { formatMoney, formatMoneyList, formatPercent, parseNumber } from './format-number.ts'

const plain = (text: string): string => text.replace(/[\u00a0\u202f]/g, ' ')

describe('numbers', () => {
  it('show amounts in the currency and the locale of the reader', () => {
    expect(formatMoney({ amount: '284000.00', currency: 'EUR' }, 'en')).toBe('€284,000')
    expect(formatMoney({ amount: '1054.50', currency: 'USD' }, 'en')).toBe('$1,054.50')
    expect(plain(formatMoney({ amount: '284000.00', currency: 'EUR' }, 'de'))).toBe('284.000 €')
  })

  it('never fail on a code that is no currency', () => {
    expect(formatMoney({ amount: '5', currency: 'POINTS' }, 'en')).toBe('5 POINTS')
  })

  it('add up currencies apart from each other', () => {
    const sums = [
      { amount: '10', currency: 'EUR' },
      { amount: '7', currency: 'USD' },
    ]
    expect(formatMoneyList(sums, 'en')).toBe('€10 + $7')
    expect(formatMoneyList(null, 'en')).toBe('')
  })

  it('take 12.5 as 12.5 %', () => {
    expect(formatPercent(12.5, 'en')).toBe('12.5%')
  })

  it('read what people type', () => {
    expect(parseNumber('1,234.5', 'en')).toBe(1234.5)
    expect(parseNumber('1.234,5', 'de')).toBe(1234.5)
    expect(parseNumber('€ 43,500', 'en')).toBe(43500)
    expect(parseNumber('5k', 'en')).toBe(5000)
    expect(parseNumber('1.2m', 'en')).toBe(1_200_000)
    expect(parseNumber('-7 %', 'en')).toBe(-7)
    expect(parseNumber('five', 'en')).toBeNull()
    expect(parseNumber('1-2', 'en')).toBeNull()
    expect(parseNumber('0.00000012', 'en')).toBe(0.00000012)
    expect(parseNumber('12,34,567', 'en-IN')).toBe(1_234_567)
  })

  it('never take a decimal comma for thousands', () => {
    for (const words of ['1,5', '1,50', '12,3456', '1,2,345.6.7']) {
      expect([words, parseNumber(words, 'en')]).toEqual([words, null])
    }
    expect(parseNumber('1.5', 'de')).toBeNull()
  })
})
