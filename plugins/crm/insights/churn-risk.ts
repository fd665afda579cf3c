import type { Say } from '@runwaycrm/sdk'

/** What is known of a customer; days count from the last such thing to today, null for never. */
export interface CustomerFacts {
  readonly daysSinceWon: number | null
  readonly daysSinceActivity: number | null
  readonly openDeals: number
  readonly overdueInvoices: number
}

export interface ChurnRisk {
  /** 0 to 100. */
  readonly score: number
  readonly level: 'low' | 'medium' | 'high'
  readonly reasons: readonly string[]
}

/** Points for each sign that a customer is leaving; every one of them is named. */
export function churnRisk(facts: CustomerFacts, quietDays: number, say: Say): ChurnRisk {
  const { daysSinceWon, daysSinceActivity, openDeals, overdueInvoices } = facts
  const signs: readonly (readonly [boolean, number, string])[] = [
    [isOver(daysSinceWon, quietDays), 30, say('churn.quiet', { days: quietDays })],
    [isOver(daysSinceWon, quietDays * 2), 20, say('churn.quietLong', { days: quietDays * 2 })],
    [
      daysSinceActivity === null || daysSinceActivity > quietDays,
      25,
      daysSinceActivity === null
        ? say('churn.noActivity')
        : say('churn.lastActivity', { days: daysSinceActivity }),
    ],
    [openDeals === 0, 15, say('churn.noneOpen')],
    [overdueInvoices > 0, 10, say('churn.overdue', { count: overdueInvoices })],
  ]
  const present = signs.filter(([holds]) => holds)
  const score = present.reduce((sum, [, points]) => sum + points, 0)
  return {
    score,
    level: score >= 70 ? 'high' : score >= 40 ? 'medium' : 'low',
    reasons: present.map(([, , reason]) => reason),
  }
}

function isOver(days: number | null, limit: number): boolean {
  return days === null || days > limit
}
