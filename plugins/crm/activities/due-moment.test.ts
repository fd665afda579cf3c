import { describe, expect, it } from 'vitest'
import { dueMoment } from './due-moment.ts'

describe('when a task is due', () => {
  it('is the moment that was given', () => {
    expect(dueMoment('2026-03-10T09:30:00+01:00', 'Europe/Oslo')).toBe('2026-03-10T08:30:00.000Z')
  })

  it('is 17:00 where the organisation is, for a day without a time', () => {
    expect(dueMoment('2026-03-10', 'Europe/Oslo')).toBe('2026-03-10T16:00:00.000Z')
    expect(dueMoment('2026-07-10', 'Europe/Oslo')).toBe('2026-07-10T15:00:00.000Z')
    expect(dueMoment('2026-03-10', 'America/Los_Angeles')).toBe('2026-03-11T00:00:00.000Z')
    expect(dueMoment('2026-03-10', 'UTC')).toBe('2026-03-10T17:00:00.000Z')
  })

  it('is right on the day on which the clocks change', () => {
    expect(dueMoment('2026-03-29', 'Europe/Oslo')).toBe('2026-03-29T15:00:00.000Z')
    expect(dueMoment('2026-10-25', 'Europe/Oslo')).toBe('2026-10-25T16:00:00.000Z')
  })
})
