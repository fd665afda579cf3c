import { describe, expect, it } from 'vitest'
import { paceOf } from './pace.ts'

const range = { from: '2026-03-01', to: '2026-03-10' }

describe('the pace of a goal', () => {
  it('is enough when as much was reached as days are over', () => {
    expect(paceOf(50, 100, range, '2026-03-06')).toBe('on_track')
    expect(paceOf(49, 100, range, '2026-03-06')).toBe('behind')
    expect(paceOf(0, 100, range, '2026-03-01')).toBe('on_track')
  })

  it('ends with the target or with the days', () => {
    expect(paceOf(100, 100, range, '2026-03-02')).toBe('reached')
    expect(paceOf(99, 100, range, '2026-03-10')).toBe('on_track')
    expect(paceOf(99, 100, range, '2026-03-11')).toBe('missed')
    expect(paceOf(0, 100, range, '2026-02-28')).toBe('not_begun')
  })
})
