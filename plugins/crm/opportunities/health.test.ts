import { describe, expect, it } from 'vitest'
import { agesOf, coverageOf, findingsOf, type Signs } from './health.ts'

describe('the age of open deals', () => {
  it('is the average and the median in days', () => {
    const groups = [
      { day: '2026-03-01', count: 3 },
      { day: '2026-01-10', count: 1 },
    ]
    expect(agesOf(groups, '2026-03-11')).toEqual({ average: 23, median: 10 })
  })

  it('is nothing without deals, and never below zero', () => {
    expect(agesOf([], '2026-03-11')).toBeNull()
    expect(agesOf([{ day: '2026-04-01', count: 1 }], '2026-03-11')?.average).toBe(0)
  })
})

describe('coverage', () => {
  it('is open value per unit that is still to win', () => {
    expect(coverageOf(100_000, 40_000, 150_000).ratio).toBe(2.5)
  })

  it('is nothing when the target is reached', () => {
    expect(coverageOf(100_000, 100_000, 5000).ratio).toBeNull()
  })
})

describe('the findings', () => {
  const say = (key: string) => key
  const signs: Signs = {
    openCount: 30,
    stuckCount: 0,
    stuckAfterDays: 30,
    overdueCount: 0,
    coverage: coverageOf(100, 0, 320),
    winRate: 40,
    withoutValue: 0,
  }

  it('praise a pipeline that covers the target three times', () => {
    expect(findingsOf(signs, say).map((finding) => finding.level)).toEqual(['good', 'good'])
  })

  it('warn of stuck and overdue deals, and louder when they are a third', () => {
    const levels = (stuckCount: number, overdueCount: number) =>
      findingsOf({ ...signs, stuckCount, overdueCount }, say).map((finding) => finding.level)
    expect(levels(2, 2)).toEqual(['good', 'watch', 'watch', 'good'])
    expect(levels(10, 12)).toEqual(['good', 'risk', 'risk', 'good'])
  })

  it('say it plainly when there is nothing', () => {
    expect(findingsOf({ ...signs, openCount: 0 }, say)).toEqual([
      { level: 'risk', text: 'health.noneOpen' },
    ])
  })
})
