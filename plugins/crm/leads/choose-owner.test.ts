import { describe, expect, it } from 'vitest'
import { type Candidate, chooseOwner } from './choose-owner.ts'
import type { AssignmentRule } from './settings.ts'

const choose = (rule: AssignmentRule, candidates: readonly Candidate[]) =>
  chooseOwner(rule, candidates, (key, values = {}) => `${key} ${JSON.stringify(values)}`)

const ada = { id: 'a', name: 'Ada', open: 4, lastAt: '2026-03-01T09:00:00.000Z' }
const ben = { id: 'b', name: 'Ben', open: 2, lastAt: '2026-03-05T09:00:00.000Z' }
const cleo = { id: 'c', name: 'Cleo', open: 9, lastAt: null }

describe('who gets the next lead', () => {
  it('is the one with the fewest open leads', () => {
    expect(choose('least_loaded', [ada, ben, cleo])).toEqual({
      candidate: ben,
      because: 'because.leastLoaded {"open":2}',
    })
  })

  it('is the one who has waited longest, and first whoever never got one', () => {
    expect(choose('round_robin', [ada, ben, cleo])?.candidate).toBe(cleo)
    expect(choose('round_robin', [ada, ben])).toEqual({
      candidate: ada,
      because: 'because.waited {"day":{"day":"2026-03-01"}}',
    })
  })

  it('is the same whatever the order, a tie going to the other rule and then to the name', () => {
    const bea = { ...ben, id: 'x', name: 'Bea' }
    const busy = { ...ben, id: 'y', name: 'Aaron', lastAt: '2026-03-06T09:00:00.000Z' }
    for (const candidates of [
      [ben, bea, busy],
      [busy, bea, ben],
    ])
      expect(choose('least_loaded', candidates)?.candidate).toBe(bea)
  })

  it('is nobody when there is nobody', () => {
    expect(choose('round_robin', [])).toBeNull()
  })
})
