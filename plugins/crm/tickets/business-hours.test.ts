import { describe, expect, it } from 'vitest'
import { addBusinessMinutes, businessMinutesBetween } from './business-hours.ts'

const office = { businessDays: [1, 2, 3, 4, 5], opensAt: '09:00', closesAt: '17:00' }
const always = { businessDays: [1, 2, 3, 4, 5, 6, 7], opensAt: '00:00', closesAt: '24:00' }
const after = (from: string, minutes: number, hours = office, zone = 'UTC') =>
  addBusinessMinutes(new Date(from), minutes, hours, zone)
const between = (from: string, to: string, hours = office, zone = 'UTC') =>
  businessMinutesBetween(new Date(from), new Date(to), hours, zone)

describe('business hours', () => {
  it('go on the next morning, and after the weekend', () => {
    expect(after('2026-03-04T10:00:00Z', 60)).toBe('2026-03-04T11:00:00.000Z')
    expect(after('2026-03-04T16:30:00Z', 60)).toBe('2026-03-05T09:30:00.000Z')
    expect(after('2026-03-06T16:30:00Z', 60)).toBe('2026-03-09T09:30:00.000Z')
    expect(after('2026-03-07T12:00:00Z', 480)).toBe('2026-03-09T17:00:00.000Z')
  })

  it('are those of the organisation’s clocks, also when they change', () => {
    expect(after('2026-03-04T05:00:00Z', 30, office, 'Europe/Berlin')).toBe(
      '2026-03-04T08:30:00.000Z',
    )
    // Clocks go forward on Sunday: Friday 16:30 and Monday 9:30 are an hour apart in the office.
    expect(after('2026-03-27T15:30:00Z', 60, office, 'Europe/Berlin')).toBe(
      '2026-03-30T07:30:00.000Z',
    )
    expect(after('2026-03-29T00:00:00Z', 24 * 60, always, 'Europe/Berlin')).toBe(
      '2026-03-30T00:00:00.000Z',
    )
  })

  it('are counted as they are added', () => {
    expect(between('2026-03-06T16:30:00Z', '2026-03-09T09:30:00Z')).toBe(60)
    expect(between('2026-03-07T00:00:00Z', '2026-03-08T23:00:00Z')).toBe(0)
    expect(between('2026-03-09T10:00:00Z', '2026-03-09T09:00:00Z')).toBe(0)
    for (const minutes of [0, 1, 479, 480, 481, 2400, 9999])
      expect(between('2026-03-04T03:00:00Z', after('2026-03-04T03:00:00Z', minutes))).toBe(minutes)
  })

  it('that never open count as hours that never close', () => {
    const closed = { ...office, opensAt: '17:00', closesAt: '09:00' }
    expect(after('2026-03-07T12:00:00Z', 90, closed)).toBe('2026-03-07T13:30:00.000Z')
    expect(between('2026-03-07T12:00:00Z', '2026-03-07T13:30:00Z', closed)).toBe(90)
  })
})
