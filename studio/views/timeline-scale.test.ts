import { describe, expect, it } from 'vitest'
import { placeBar, placeDay, stepDay, timelineWindow } from './timeline-scale.ts'

const span = (from: string, to: string) => ({ record: { id: 'a', version: 1 }, from, to })

describe('a timeline', () => {
  it('shows three weeks, a quarter or a year, with the day that is looked at in it', () => {
    const day = timelineWindow('2026-11-26', 'day', 1)
    expect([day.from, day.before, day.ticks.length]).toEqual(['2026-11-23', '2026-12-14', 21])
    const week = timelineWindow('2026-11-26', 'week', 7)
    expect([week.from, week.ticks.length, week.days]).toEqual(['2026-11-08', 13, 91])
    const month = timelineWindow('2026-11-26', 'month', 1)
    expect([month.from, month.before, month.days]).toEqual(['2026-09-01', '2027-09-01', 365])
    expect(month.ticks[4]).toBe('2027-01-01')
  })

  it('places bars by days, cut at its edges', () => {
    const sight = timelineWindow('2026-11-26', 'day', 1)
    expect(placeBar(span('2026-11-23', '2026-11-23'), sight)).toEqual({
      left: 0,
      width: 1 / 21,
      isCutLeft: false,
      isCutRight: false,
    })
    expect(placeBar(span('2026-11-01', '2027-01-01'), sight)).toEqual({
      left: 0,
      width: 1,
      isCutLeft: true,
      isCutRight: true,
    })
    expect(placeBar(span('2026-12-14', '2026-12-20'), sight)).toBe(null)
    expect(placeBar(span('2026-11-20', '2026-11-22'), sight)).toBe(null)
    expect(placeDay('2026-11-24', sight)).toBe(1 / 21)
    expect(placeDay('2026-12-14', sight)).toBe(null)
  })

  it('steps by weeks, months and quarters', () => {
    expect(stepDay('2026-11-30', 'day', 1)).toBe('2026-12-07')
    expect(stepDay('2026-03-31', 'week', -1)).toBe('2026-02-28')
    expect(stepDay('2026-11-30', 'month', 1)).toBe('2027-02-28')
  })
})
