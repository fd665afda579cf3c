import { describe, expect, it } from 'vitest'
import { compareJson } from './compare-json.ts'

const run = {
  userId: null,
  teammates: [],
  now: new Date('2026-03-18T12:00:00Z'),
  timeZone: 'Europe/Oslo',
}
const holds = (operator: Parameters<typeof compareJson>[0], value: unknown, operand: unknown) =>
  compareJson(operator, value, operand, run)

describe('operators on plain JSON', () => {
  it('treat what is missing as filters do', () => {
    expect(holds('$eq', undefined, null)).toBe(true)
    expect(holds('$ne', null, 'new')).toBe(true)
    expect(holds('$nin', null, ['new'])).toBe(true)
    expect(holds('$gt', null, 1)).toBe(false)
    expect(holds('$exists', null, false)).toBe(true)
    expect(holds('$exists', 0, true)).toBe(true)
  })

  it('compare numbers, texts without regard to case in their order, and lists by what they have', () => {
    expect(holds('$gte', 82, 80)).toBe(true)
    expect(holds('$lt', 'alpha', 'Beta')).toBe(true)
    expect(holds('$contains', 'A Fine Day', 'fine')).toBe(true)
    expect(holds('$contains', ['vip', 'eu'], 'vip')).toBe(true)
    expect(holds('$startsWith', 'Nordvik', 'nord')).toBe(true)
    expect(holds('$in', 'won', ['won', 'lost'])).toBe(true)
    expect(holds('$not', 5, { $gt: 3 })).toBe(false)
  })

  it('find nothing in common between values of different kinds', () => {
    expect(holds('$gt', '82', 80)).toBe(false)
    expect(holds('$eq', true, 'true')).toBe(false)
    expect(holds('$contains', 12, '1')).toBe(false)
    expect(holds('$eq', { a: 1 }, { a: 1 })).toBe(false)
  })

  it('know periods in the time zone of the organisation', () => {
    expect(holds('$eq', '2026-03-18', '@today')).toBe(true)
    expect(holds('$eq', '2026-03-17T23:30:00.000Z', '@today')).toBe(true)
    expect(holds('$lt', '2026-03-01', '@thisMonth')).toBe(false)
    expect(holds('$gte', '2026-03-11', '@today-7d')).toBe(true)
    expect(holds('$gt', '2026-03-31', '@thisMonth')).toBe(false)
  })
})
