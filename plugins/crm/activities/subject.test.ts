import { describe, expect, it } from 'vitest'
import { subjectOf } from './subject.ts'

describe('the subject of a logged activity', () => {
  it('is the first line that says something', () => {
    expect(subjectOf('\n  Spoke with Jane \nShe wants two docks.')).toBe('Spoke with Jane')
  })

  it('is cut at a word when the line is long', () => {
    const subject = subjectOf('They can wait four weeks but not six weeks', 25)
    expect(subject).toBe('They can wait four weeks…')
    expect(subject.length).toBeLessThanOrEqual(25)
  })

  it('is cut anywhere when there is no word to cut at', () => {
    expect(subjectOf('x'.repeat(100), 20)).toBe(`${'x'.repeat(19)}…`)
  })

  it('is empty when nothing is said', () => {
    expect(subjectOf(' \n ')).toBe('')
  })
})
