import { describe, expect, it } from 'vitest'
import { scoreOf } from './score.ts'

const criteria = {
  phone: { label: 'Can be called', points: 10, when: {} },
  decider: { label: 'Decides', points: 20, when: {} },
  gone: { label: 'Found unqualified', points: -50, when: {} },
  rich: { label: 'Large company', points: 95, when: {} },
}

describe('the score of a lead', () => {
  it('is the sum of the points of what holds, with the weightiest reason first', () => {
    const { score, reasons } = scoreOf(criteria, new Set(['phone', 'decider']))
    expect(score).toBe(30)
    expect(reasons).toEqual([
      { criterion: 'decider', label: 'Decides', points: 20 },
      { criterion: 'phone', label: 'Can be called', points: 10 },
    ])
  })

  it('says what would have given points, and leaves out what would have taken them', () => {
    const { missed } = scoreOf(criteria, new Set(['phone']))
    expect(missed.map((reason) => reason.criterion)).toEqual(['rich', 'decider'])
  })

  it('stays between 0 and 100', () => {
    expect(scoreOf(criteria, new Set(['gone', 'phone'])).score).toBe(0)
    expect(scoreOf(criteria, new Set(['rich', 'decider', 'phone'])).score).toBe(100)
  })

  it('is 0 without reasons when an admin removed all criteria', () => {
    expect(scoreOf({}, new Set())).toEqual({ score: 0, reasons: [], missed: [] })
  })
})
