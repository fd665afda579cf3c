import { describe, expect, it } from 'vitest'
import { retryDelay } from './retry-delay.ts'

describe('the wait before a retry', () => {
  it('doubles and ends at five minutes', () => {
    expect([1, 2, 3, 4, 8, 9, 50].map((attempt) => retryDelay(attempt, 0))).toEqual([
      1_000, 2_000, 4_000, 8_000, 128_000, 150_000, 150_000,
    ])
    expect(retryDelay(50, 0.9999999)).toBe(300_000)
  })

  it('spreads jobs that failed together', () => {
    expect(retryDelay(3, 0.25)).toBe(5_000)
    expect(retryDelay(3, 0.75)).toBe(7_000)
  })

  it('refuses what is not an attempt', () => {
    expect(() => retryDelay(0, 0)).toThrow(RangeError)
    expect(() => retryDelay(1.5, 0)).toThrow(RangeError)
  })
})
