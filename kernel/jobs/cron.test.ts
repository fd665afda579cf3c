import { describe, expect, it } from 'vitest'
import { nextTick } from './cron.ts'

function ticks(cron: string, zone: string, from: string, count: number): (string | undefined)[] {
  const found: (string | undefined)[] = []
  let at: Date | null = new Date(from)
  for (let i = 0; i < count && at; i++) {
    at = nextTick(cron, zone, at)
    found.push(at?.toISOString().slice(0, 16))
  }
  return found
}

describe('the next tick of a schedule', () => {
  it('is in the time zone of the organisation', () => {
    expect(ticks('0 9 * * 1', 'Europe/Oslo', '2026-03-20T00:00:00Z', 3)).toEqual([
      '2026-03-23T08:00',
      '2026-03-30T07:00',
      '2026-04-06T07:00',
    ])
    expect(ticks('0 9 * * *', 'America/New_York', '2026-01-01T00:00:00Z', 1)).toEqual([
      '2026-01-01T14:00',
    ])
  })

  it('comes once on the day when the clocks jump over it', () => {
    expect(ticks('30 2 * * *', 'Europe/Oslo', '2026-03-27T12:00:00Z', 3)).toEqual([
      '2026-03-28T01:30',
      '2026-03-29T01:00',
      '2026-03-30T00:30',
    ])
  })

  it('comes once on the night that has its hour twice', () => {
    expect(ticks('30 2 * * *', 'Europe/Oslo', '2026-10-24T12:00:00Z', 2)).toEqual([
      '2026-10-25T00:30',
      '2026-10-26T01:30',
    ])
  })

  it('keeps every half hour of both nights', () => {
    expect(ticks('*/30 * * * *', 'Europe/Oslo', '2026-10-25T00:00:00Z', 4)).toEqual([
      '2026-10-25T00:30',
      '2026-10-25T01:00',
      '2026-10-25T01:30',
      '2026-10-25T02:00',
    ])
    expect(ticks('*/30 * * * *', 'Europe/Oslo', '2026-03-29T00:00:00Z', 3)).toEqual([
      '2026-03-29T00:30',
      '2026-03-29T01:00',
      '2026-03-29T01:30',
    ])
  })

  it('counts seconds when there are six fields', () => {
    expect(nextTick('*/10 * * * * *', 'UTC', new Date('2026-03-20T00:00:03Z'))).toEqual(
      new Date('2026-03-20T00:00:10Z'),
    )
  })

  it('never comes on a day that does not exist', () => {
    expect(nextTick('0 0 31 2 *', 'UTC', new Date('2026-03-20'))).toBeNull()
  })

  it('refuses what is no schedule', () => {
    const from = new Date('2026-03-20')
    expect(() => nextTick('* * *', 'UTC', from)).toThrow('five or six')
    expect(() => nextTick('61 * * * *', 'UTC', from)).toThrow()
    expect(() => nextTick('@daily', 'UTC', from)).toThrow('five or six')
    expect(() => nextTick('2026-01-01T00:00:00', 'UTC', from)).toThrow('five or six')
    expect(() => nextTick('0 9 * * *', 'Mars/Olympus', from)).toThrow()
  })
})
