import { describe, expect, it } from 'vitest'
import { attemptDelay, mostAttempts } from './attempt-delays.ts'

const hour = 3_600_000

describe('the wait between two attempts', () => {
  it('spreads ten attempts over three days', () => {
    const waits = Array.from({ length: 9 }, (_, at) => attemptDelay(at + 1, 0.5) as number)
    expect(mostAttempts).toBe(10)
    expect(waits).toEqual([...waits].sort((a, b) => a - b))
    const total = waits.reduce((sum, wait) => sum + wait, 0)
    expect(total).toBeGreaterThan(71 * hour)
    expect(total).toBeLessThan(73 * hour)
  })

  it('is a tenth shorter or longer by chance', () => {
    expect(attemptDelay(4, 0)).toBe(1.8 * hour)
    expect(attemptDelay(4, 0.999_999_999)).toBeCloseTo(2.2 * hour, -2)
  })

  it('ends with the tenth', () => {
    expect(attemptDelay(9, 0.5)).not.toBeNull()
    expect(attemptDelay(10, 0.5)).toBeNull()
  })
})
