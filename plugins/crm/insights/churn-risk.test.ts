import { describe, expect, it } from 'vitest'
import { churnRisk } from './churn-risk.ts'

const fine = { daysSinceWon: 10, daysSinceActivity: 3, openDeals: 1, overdueInvoices: 0 }

describe('the risk that a customer leaves', () => {
  it('is nothing for one who buys and talks', () => {
    expect(churnRisk(fine, 90)).toEqual({ score: 0, level: 'low', reasons: [] })
  })

  it('grows with every sign, and names them', () => {
    expect(churnRisk({ ...fine, daysSinceWon: 100, openDeals: 0 }, 90)).toMatchObject({
      score: 45,
      level: 'medium',
      reasons: ['No deal was won for more than 90 days.', 'No deal is open.'],
    })
    const gone = { daysSinceWon: 300, daysSinceActivity: null, openDeals: 0, overdueInvoices: 2 }
    expect(churnRisk(gone, 90)).toMatchObject({ score: 100, level: 'high' })
  })

  it('begins the day after the quiet days', () => {
    expect(churnRisk({ ...fine, daysSinceWon: 90 }, 90).score).toBe(0)
    expect(churnRisk({ ...fine, daysSinceWon: 91 }, 90).score).toBe(30)
  })
})
