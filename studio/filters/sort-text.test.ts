import { describe, expect, it } from 'vitest'
import { parseSort, toggleSort } from './sort-text.ts'

describe('a click on a header', () => {
  it('sorts up, then down, then not at all', () => {
    expect(toggleSort('', 'value', false)).toBe('value')
    expect(toggleSort('value', 'value', false)).toBe('-value')
    expect(toggleSort('-value', 'value', false)).toBe('')
  })

  it('replaces the order of another column', () => {
    expect(toggleSort('-createdAt', 'value', false)).toBe('value')
  })

  it('joins it with Shift, three at most', () => {
    expect(toggleSort('a,b', 'c', true)).toBe('a,b,c')
    expect(toggleSort('a,b,c', 'd', true)).toBe('b,c,d')
    expect(toggleSort('a,b', 'a', true)).toBe('-a,b')
    expect(toggleSort('-a,b', 'a', true)).toBe('b')
  })

  it('reads what the address carries', () => {
    expect(parseSort('-score, createdAt')).toEqual([
      { field: 'score', descending: true },
      { field: 'createdAt', descending: false },
    ])
  })
})
