import { describe, expect, it } from 'vitest'
import { lastDigest } from './due-digests.ts'

const berlin = { digestHour: 8, digestDay: 'monday', timeZone: 'Europe/Berlin' }
const at = (text: string) => new Date(text)

describe('a summary', () => {
  it('is due at its hour where the person is', () => {
    expect(lastDigest('daily', berlin, at('2026-01-15T07:00:00Z'))).toBe('2026-01-15T07:00:00.000Z')
    expect(lastDigest('daily', berlin, at('2026-01-15T06:59:00Z'))).toBe('2026-01-14T07:00:00.000Z')
    expect(lastDigest('daily', berlin, at('2026-01-15T22:00:00Z'))).toBe('2026-01-15T07:00:00.000Z')
    const kolkata = { ...berlin, timeZone: 'Asia/Kolkata' }
    expect(lastDigest('daily', kolkata, at('2026-01-15T02:30:00Z'))).toBe(
      '2026-01-15T02:30:00.000Z',
    )
  })

  it('keeps its hour when the clocks change', () => {
    expect(lastDigest('daily', berlin, at('2026-03-29T12:00:00Z'))).toBe('2026-03-29T06:00:00.000Z')
  })

  it('of the week is due on its day', () => {
    expect(lastDigest('weekly', berlin, at('2026-01-15T12:00:00Z'))).toBe(
      '2026-01-12T07:00:00.000Z',
    )
    expect(lastDigest('weekly', berlin, at('2026-01-12T06:00:00Z'))).toBe(
      '2026-01-05T07:00:00.000Z',
    )
  })
})
