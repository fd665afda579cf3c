import { describe, expect, it } from 'vitest'
import { followStage } from './follow-stage.ts'

const ctx = {
  now: new Date('2026-03-09T23:30:00Z'),
  org: { timeZone: 'Europe/Oslo' } as never,
  principal: {} as never,
  door: 'api' as const,
  settings: { probabilities: { prospecting: 10, engaging: 25 } },
}
const deal = (values: Record<string, unknown>) => ({ id: '1', version: 3, ...values })
const update = (before: Record<string, unknown>, values: Record<string, unknown>, settings = {}) =>
  followStage(
    { operation: 'update', before: deal(before), values },
    { ...ctx, settings: { ...ctx.settings, ...settings } },
  )

describe('a deal that changes its stage', () => {
  it('takes the probability of the stage', () => {
    expect(update({ stage: 'prospecting' }, { stage: 'engaging' })).toEqual({
      set: { probability: 25 },
    })
  })

  it('keeps a probability that the same edit sets', () => {
    expect(update({ stage: 'prospecting' }, { stage: 'engaging', probability: 60 })).toBeUndefined()
  })

  it('gets the day as its close date when it is won or lost, in place of the expected one', () => {
    const before = { stage: 'engaging', closeDate: '2026-06-30' }
    expect(update(before, { stage: 'won' })).toEqual({
      set: { probability: 100, closeDate: '2026-03-10' },
    })
    expect(update(before, { stage: 'lost', closeDate: '2026-03-01' })).toEqual({
      set: { probability: 0 },
    })
  })

  it('is left alone by an edit that does not change the stage', () => {
    expect(update({ stage: 'won' }, { stage: 'won' })).toBeUndefined()
    expect(update({ stage: 'won' }, { name: 'Docks' })).toBeUndefined()
  })

  it('is left alone when the settings say so, or do not know the stage', () => {
    const off = { probabilityFollowsStage: false, closeDateOnClosing: false }
    expect(update({ stage: 'engaging' }, { stage: 'won' }, off)).toBeUndefined()
    expect(update({ stage: 'engaging' }, { stage: 'pilot' })).toBeUndefined()
  })
})

describe('a new deal', () => {
  it('takes the probability of the stage that it starts in', () => {
    const change = { operation: 'create', before: null, values: { stage: 'engaging' } } as const
    expect(followStage(change, ctx)).toEqual({ set: { probability: 25 } })
  })

  it('starts in the first stage when nothing is said', () => {
    const change = { operation: 'create', before: null, values: { name: 'Docks' } } as const
    expect(followStage(change, ctx)).toEqual({ set: { probability: 10 } })
  })

  it('keeps the close date that an import brings', () => {
    const values = { stage: 'won', closeDate: '2017-03-01' }
    const change = { operation: 'create', before: null, values } as const
    expect(followStage(change, ctx)).toEqual({ set: { probability: 100 } })
  })
})
