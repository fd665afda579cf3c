import { describe, expect, it } from 'vitest'
import { type CustomerFacts, churnRisk } from './churn-risk.ts'

const risk = (facts: CustomerFacts) =>
  churnRisk(facts, 90, (key, values = {}) => [key, ...Object.values(values)].join(' '))
const fine = { daysSinceWon: 10, daysSinceActivity: 3, openDeals: 1, overdueInvoices: 0 }

describe('the risk that a customer leaves', () => {
  it('is nothing for one who buys and talks', () => {
    expect(risk(fine)).toEqual({ score: 0, level: 'low', reasons: [] })
  })

  it('grows with every sign, and names them', () => {
    expect(risk({ ...fine, daysSinceWon: 100, openDeals: 0 })).toMatchObject({
      score: 45,
      level: 'medium',
      reasons: ['churn.quiet 90', 'churn.noneOpen'],
    })
    const gone = { daysSinceWon: 300, daysSinceActivity: null, openDeals: 0, overdueInvoices: 2 }
    expect(risk(gone)).toMatchObject({ score: 100, level: 'high' })
  })

  it('begins the day after the quiet days', () => {
    expect(risk({ ...fine, daysSinceWon: 90 }).score).toBe(0)
    expect(risk({ ...fine, daysSinceWon: 91 }).score).toBe(30)
  })
})
