import { expect, it } from 'vitest'
import { parseRelativeDate, resolveRelativeDate } from './relative-date.ts'

const at = (text: string, now: string, zone: string, domain: 'date' | 'instant' = 'instant') => {
  const { from, to } = resolveRelativeDate(parseRelativeDate(text)!, new Date(now), zone, domain)
  return `${from} ${to}`
}

it('takes days, weeks and longer as periods in the organisation’s time zone', () => {
  // Wednesday, 11 March 2026, already the 12th in Tokyo.
  const now = '2026-03-11T20:00:00.000Z'
  expect(at('@today', now, 'UTC')).toBe('2026-03-11T00:00:00.000Z 2026-03-12T00:00:00.000Z')
  expect(at('@today', now, 'Asia/Tokyo')).toBe('2026-03-11T15:00:00.000Z 2026-03-12T15:00:00.000Z')
  expect(at('@today', now, 'Asia/Tokyo', 'date')).toBe('2026-03-12 2026-03-13')
  expect(at('@thisWeek', now, 'UTC', 'date')).toBe('2026-03-09 2026-03-16')
  expect(at('@lastMonth', now, 'UTC', 'date')).toBe('2026-02-01 2026-03-01')
  expect(at('@nextQuarter', now, 'UTC', 'date')).toBe('2026-04-01 2026-07-01')
  expect(at('@thisYear-1y', now, 'UTC', 'date')).toBe('2025-01-01 2026-01-01')
  expect(at('@today-30d', now, 'UTC', 'date')).toBe('2026-02-09 2026-02-10')
  expect(at('@today+1m-1d', '2026-01-31T12:00:00Z', 'UTC', 'date')).toBe('2026-02-27 2026-02-28')
})

it('takes now as an instant, and as today on dates', () => {
  const now = '2026-03-11T20:00:00.123Z'
  expect(at('@now', now, 'Asia/Tokyo')).toBe(`${now} ${now}`)
  expect(at('@now-12h', now, 'UTC')).toBe('2026-03-11T08:00:00.123Z 2026-03-11T08:00:00.123Z')
  expect(at('@now', now, 'Asia/Tokyo', 'date')).toBe('2026-03-12 2026-03-13')
})

it('knows days that are an hour short or long', () => {
  expect(at('@today', '2026-03-29T12:00:00Z', 'Europe/Oslo')).toBe(
    '2026-03-28T23:00:00.000Z 2026-03-29T22:00:00.000Z',
  )
  expect(at('@today', '2026-10-25T12:00:00Z', 'Europe/Oslo')).toBe(
    '2026-10-24T22:00:00.000Z 2026-10-25T23:00:00.000Z',
  )
  // Both 02:30 of that night are kept apart.
  for (const now of ['2026-10-25T00:30:00.000Z', '2026-10-25T01:30:00.000Z']) {
    expect(at('@now', now, 'Europe/Oslo')).toBe(`${now} ${now}`)
  }
})

it('stays within years that can be written, whatever is added', () => {
  for (const text of ['@today+99999y', '@today-99999y', '@now+99999w', '@thisYear-99999y+3d']) {
    for (const domain of ['date', 'instant'] as const) {
      expect(at(text, '2026-03-11T20:00:00Z', 'UTC', domain)).toMatch(/^\d{4}-\S+ \d{4}-\S+$/)
    }
  }
})

it('leaves every other text alone', () => {
  for (const text of [
    '@me',
    '@todays',
    '@thisDay',
    'today',
    '@today-',
    '@today-3',
    '@lastNow',
    '@today-1d-1d-1d-1d',
  ]) {
    expect(parseRelativeDate(text), text).toBeNull()
  }
})
