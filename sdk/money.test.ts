import { describe, expect, it } from 'vitest'
import { amountIn, moneyOf, othersThan, percentOf } from './money.ts'

const sums = [
  { amount: '1054.50', currency: 'USD' },
  { amount: '20', currency: 'EUR' },
]

describe('sums of money', () => {
  it('are taken in one currency and never added across', () => {
    expect(amountIn(sums, 'USD')).toBe(1054.5)
    expect(amountIn(sums, 'NOK')).toBe(0)
    expect(othersThan(sums, 'USD')).toEqual([{ amount: '20', currency: 'EUR' }])
  })

  it('are nothing when there is nothing', () => {
    expect(amountIn([], 'USD')).toBe(0)
    expect(amountIn(null, 'USD')).toBe(0)
  })

  it('are written with two decimals', () => {
    expect(moneyOf(1234.567, 'USD')).toEqual({ amount: '1234.57', currency: 'USD' })
    expect(percentOf(1, 3)).toBe(33.3)
    expect(percentOf(0, 0)).toBeNull()
  })
})
