import { describe, expect, it } from 'vitest'
import { regional } from './regional.ts'

describe('the region of a reader', () => {
  it("is the browser's, in the language of the interface", () => {
    expect(regional('en', ['nb-NO', 'en-NO'])).toBe('en-NO')
    expect(regional('de', ['en-GB'])).toBe('de')
  })

  it('is never one that numbers and dates cannot be written in', () => {
    expect(regional('en', ['en-US@posix'])).toBe('en')
    expect(regional('en', ['en-US@posix', 'en-GB'])).toBe('en-GB')
    expect(regional('en', ['eng-x', 'en'])).toBe('en')
  })
})
