import { daysBetween, type Say } from '@runwaycrm/sdk'

/** How many deals began on a day. */
export interface AgeGroup {
  readonly day: string
  readonly count: number
}

/** Average and median age in whole days of deals that began on the given days; null of none. */
export function agesOf(
  groups: readonly AgeGroup[],
  today: string,
): { readonly average: number; readonly median: number } | null {
  const ages = groups
    .map(({ day, count }) => ({ days: Math.max(0, daysBetween(day, today)), count }))
    .sort((one, other) => one.days - other.days)
  const count = ages.reduce((total, age) => total + age.count, 0)
  if (count === 0) return null
  const sum = ages.reduce((total, age) => total + age.days * age.count, 0)
  let passed = 0
  const median = ages.find((age) => {
    passed += age.count
    return passed * 2 >= count
  })
  return { average: Math.round(sum / count), median: median?.days ?? 0 }
}

export interface Coverage {
  readonly target: number
  readonly won: number
  /** Open deals that should close until the end of the quarter. */
  readonly open: number
  /** Open value per unit still to win; null when the target is reached or there is none. */
  readonly ratio: number | null
}

export function coverageOf(target: number, won: number, open: number): Coverage {
  const left = target - won
  return { target, won, open, ratio: left > 0 ? Math.round((open / left) * 100) / 100 : null }
}

export interface Finding {
  readonly level: 'good' | 'watch' | 'risk'
  readonly text: string
}

export interface Signs {
  readonly openCount: number
  readonly stuckCount: number
  readonly stuckAfterDays: number
  readonly overdueCount: number
  readonly coverage: Coverage
  /** Percent. */
  readonly winRate: number | null
  readonly withoutValue: number
}

/**
 * The figures in words. Three times the missing amount in open deals is the usual rule of thumb for
 * enough; a third of the deals stuck or overdue is where a pipeline stops telling the truth.
 */
export function findingsOf(signs: Signs, say: Say): Finding[] {
  const { coverage, openCount, overdueCount, stuckCount } = signs
  if (openCount === 0) return [{ level: 'risk', text: say('health.noneOpen') }]
  const findings: Finding[] = []
  const { ratio } = coverage
  if (ratio !== null)
    findings.push({
      level: ratio >= 3 ? 'good' : ratio >= 1 ? 'watch' : 'risk',
      text: say('health.covered', { ratio }),
    })
  else if (coverage.target > 0) findings.push({ level: 'good', text: say('health.reached') })
  if (stuckCount > 0)
    findings.push({
      level: stuckCount / openCount >= 1 / 3 ? 'risk' : 'watch',
      text: say('health.stuck', { count: stuckCount, all: openCount, days: signs.stuckAfterDays }),
    })
  if (overdueCount > 0)
    findings.push({
      level: overdueCount / openCount >= 1 / 3 ? 'risk' : 'watch',
      text: say('health.overdue', { count: overdueCount, all: openCount }),
    })
  if (signs.withoutValue > 0)
    findings.push({
      level: 'watch',
      text: say('health.withoutValue', { count: signs.withoutValue, all: openCount }),
    })
  if (signs.winRate !== null)
    findings.push({
      level: signs.winRate >= 30 ? 'good' : 'watch',
      text: say('health.winRate', { percent: { percent: signs.winRate } }),
    })
  return findings
}
