import { describe, expect, it } from 'vitest'
import {
  addMonths,
  dayIn,
  daysBetween,
  lastQuarter,
  momentIn,
  momentsOf,
  monthsOf,
  rangeOf,
} from './calendar.ts'

describe('periods of a forecast', () => {
  it('are whole calendar periods around or after today', () => {
    expect(rangeOf('this_month', '2028-02-10')).toEqual({ from: '2028-02-01', to: '2028-02-29' })
    expect(rangeOf('next_month', '2026-12-31')).toEqual({ from: '2027-01-01', to: '2027-01-31' })
    expect(rangeOf('this_quarter', '2026-05-20')).toEqual({ from: '2026-04-01', to: '2026-06-30' })
    expect(rangeOf('next_quarter', '2026-11-01')).toEqual({ from: '2027-01-01', to: '2027-03-31' })
    expect(rangeOf('this_year', '2026-05-20')).toEqual({ from: '2026-01-01', to: '2026-12-31' })
    expect(rangeOf('next_year', '2026-05-20')).toEqual({ from: '2027-01-01', to: '2027-12-31' })
  })

  it('follow the clocks of the organisation, not of the server', () => {
    const lateEvening = new Date('2026-03-31T23:30:00Z')
    expect(dayIn(lateEvening, 'Europe/Oslo')).toBe('2026-04-01')
    expect(dayIn(lateEvening, 'America/New_York')).toBe('2026-03-31')
    expect(dayIn(lateEvening, 'Nowhere/Land')).toBe('2026-03-31')
  })

  it('know the quarter before', () => {
    expect(lastQuarter('2026-02-14')).toEqual({ from: '2025-10-01', to: '2025-12-31' })
  })

  it('list the months that they touch', () => {
    expect(monthsOf({ from: '2026-11-15', to: '2027-01-02' })).toEqual([
      '2026-11-01',
      '2026-12-01',
      '2027-01-01',
    ])
  })

  it('reckon months to the last day that a month has', () => {
    expect(addMonths('2026-03-31', -1)).toBe('2026-02-28')
    expect(addMonths('2026-01-15', -12)).toBe('2025-01-15')
    expect(daysBetween('2026-02-27', '2026-03-02')).toBe(3)
  })
})

describe('a moment of a day', () => {
  it('follows the clocks of the zone, on both sides of their changes', () => {
    expect(momentIn('2026-01-15', '00:00', 'Europe/Oslo')).toBe('2026-01-14T23:00:00.000Z')
    expect(momentIn('2026-07-15', '00:00', 'America/New_York')).toBe('2026-07-15T04:00:00.000Z')
    expect(momentsOf({ from: '2026-03-29', to: '2026-03-29' }, 'Europe/Oslo')).toEqual({
      $gte: '2026-03-28T23:00:00.000Z',
      $lt: '2026-03-29T22:00:00.000Z',
    })
  })

  it('comes before the present period too', () => {
    expect(rangeOf('last_quarter', '2026-02-10')).toEqual({ from: '2025-10-01', to: '2025-12-31' })
    expect(rangeOf('last_month', '2026-01-31')).toEqual({ from: '2025-12-01', to: '2025-12-31' })
  })
})
