import { describe, expect, it } from 'vitest'
import { createRateLimit } from './rate-limit.ts'

function withClock(perSecond: number) {
  let now = 0
  const limit = createRateLimit(perSecond, () => now)
  const taken = (name: string, times: number) => {
    let count = 0
    for (let i = 0; i < times; i++) {
      try {
        limit.take(name)
        count++
      } catch {}
    }
    return count
  }
  return { limit, taken, wait: (ms: number) => (now += ms) }
}

describe('the rate limit', () => {
  it('allows five seconds’ worth at once, then as much as comes in', () => {
    const { taken, wait } = withClock(10)
    expect(taken('acme', 100)).toBe(50)
    wait(1_000)
    expect(taken('acme', 100)).toBe(10)
    wait(60_000)
    expect(taken('acme', 100)).toBe(50)
  })

  it('takes back what came to nothing, and never more than there was room for', () => {
    const { limit, taken } = withClock(10)
    expect(taken('acme', 49)).toBe(49)
    for (let n = 0; n < 10; n++) limit.take('acme', -1)
    expect(taken('acme', 100)).toBe(11)
    for (let n = 0; n < 500; n++) limit.take('acme', -1)
    expect(taken('acme', 100)).toBe(50)
  })

  it('keeps organisations apart', () => {
    const { taken } = withClock(10)
    expect(taken('acme', 100)).toBe(50)
    expect(taken('globex', 100)).toBe(50)
  })

  it('says how long to wait, in whole seconds', () => {
    const { limit, taken } = withClock(2)
    taken('acme', 10)
    try {
      limit.take('acme', 5)
      expect.unreachable()
    } catch (error) {
      expect(error).toMatchObject({
        code: 'RATE_LIMITED',
        retryAfter: 3,
        headers: { 'ratelimit-limit': '10', 'ratelimit-remaining': '0', 'ratelimit-reset': '3' },
      })
    }
  })

  it('of 0 is none', () => {
    expect(withClock(0).taken('acme', 10_000)).toBe(10_000)
  })
})
