import { describe, expect, it } from 'vitest'
import { createTextCache } from './text-cache.ts'

describe('a cache of texts', () => {
  it('never holds more than it may, whatever is put into it', () => {
    const cache = createTextCache(1_000)
    for (let i = 0; i < 500; i++) {
      cache.set(`${i % 37}`, 'x'.repeat((i * 7919) % 600))
      expect(cache.bytes).toBeLessThanOrEqual(1_000)
    }
  })

  it('lets go of what was not asked for the longest', () => {
    const cache = createTextCache(66)
    for (const key of ['a', 'b', 'c']) cache.set(key, 'x'.repeat(10))
    expect(cache.get('a')).toBe('x'.repeat(10))
    cache.set('d', 'x'.repeat(10))
    expect(['a', 'b', 'c', 'd'].filter((key) => cache.get(key) !== undefined)).toEqual([
      'a',
      'c',
      'd',
    ])
  })

  it('keeps nothing that would not fit alone, and forgets what it replaces', () => {
    const cache = createTextCache(100)
    cache.set('a', 'short')
    cache.set('a', 'x'.repeat(50))
    expect([cache.get('a'), cache.bytes]).toEqual([undefined, 0])
  })
})
