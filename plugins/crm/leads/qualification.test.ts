import { describe, expect, it } from 'vitest'
import { qualificationOf } from './qualification.ts'

const criteria = {
  budget: { label: 'Budget', question: 'Is there money?' },
  authority: { label: 'Authority', question: 'Who decides?' },
  need: { label: 'Need', question: 'Which problem?', required: true },
  timeline: { label: 'Timeline', question: 'By when?' },
}
const say = (key: string, { list = '' }: Readonly<Record<string, unknown>> = {}) =>
  `${key} ${list}.`
const judge = (holding: string[], answers: Record<string, boolean> = {}) =>
  qualificationOf(criteria, new Set(holding), answers, 3, say)

describe('the qualification of a lead', () => {
  it('stays open and asks for what nobody knows', () => {
    const result = judge(['need'])
    expect(result.outcome).toBe('open')
    expect(result.missing.map((one) => one.question)).toEqual([
      'Is there money?',
      'Who decides?',
      'By when?',
    ])
    expect(result.summary).toBe(
      'qualification.met Need. qualification.notKnown Budget, Authority, Timeline.',
    )
  })

  it('is given when enough criteria are met, from the record and from answers', () => {
    const result = judge(['need', 'authority'], { budget: true })
    expect(result.outcome).toBe('qualified')
    expect(result.reasons).toContainEqual({
      criterion: 'budget',
      label: 'Budget',
      met: true,
      from: 'answer',
    })
  })

  it('is not given while a required criterion is unknown, however many others are met', () => {
    expect(judge(['budget', 'authority', 'timeline']).outcome).toBe('open')
  })

  it('is refused by a no to a required criterion', () => {
    expect(judge(['budget', 'authority', 'timeline'], { need: false }).outcome).toBe('unqualified')
  })

  it('is refused when too many are answered with no to meet enough', () => {
    const result = judge(['need'], { budget: false, timeline: false })
    expect(result.outcome).toBe('unqualified')
    expect(result.summary).toContain('qualification.notMet Budget, Timeline.')
  })

  it('believes an answer more than the record', () => {
    expect(judge(['need', 'budget', 'authority'], { budget: false }).outcome).toBe('open')
  })

  it('asks for no more criteria than there are', () => {
    const one = { need: criteria.need }
    expect(qualificationOf(one, new Set(['need']), {}, 3, say).outcome).toBe('qualified')
    expect(qualificationOf({}, new Set(), {}, 3, say).outcome).toBe('open')
  })
})
