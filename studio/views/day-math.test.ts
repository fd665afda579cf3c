import { describe, expect, it } from 'vitest'
import { closeField, field } from '../testing/sample-model.ts'
import {
  addDays,
  addMonths,
  dayOf,
  daysBetween,
  monthWeeks,
  moveByDays,
  startOfWeek,
} from './day-math.ts'
import { layWeek, movedValues, spanFilter, spanOf } from './day-span.ts'

const record = (id: string, from: string, to?: string) => ({
  id,
  version: 1,
  closeDate: from,
  endDate: to ?? null,
})
const endField = { ...closeField, key: 'endDate', apiName: 'endDate' }
const atField = field('at', { type: 'platform.fields:dateTime', kind: 'dateTime' })
const span = (id: string, from: string, to?: string) =>
  spanOf(record(id, from, to), closeField, endField)!

describe('days', () => {
  it('are counted over months, leap days and changes of the clock', () => {
    expect(addDays('2024-02-28', 2)).toBe('2024-03-01')
    expect(addDays('2026-03-28', 2)).toBe('2026-03-30')
    expect(daysBetween('2026-03-28', '2026-03-30')).toBe(2)
    expect(addMonths('2026-01-31', 1)).toBe('2026-02-28')
    expect(addMonths('2026-01-15', -1)).toBe('2025-12-15')
  })

  it('stand in weeks that begin where the reader begins them', () => {
    expect(startOfWeek('2026-11-26', 1)).toBe('2026-11-23')
    expect(startOfWeek('2026-11-26', 7)).toBe('2026-11-22')
    const weeks = monthWeeks('2026-02-10', 7)
    expect(weeks.length).toBe(4)
    expect(weeks[0]?.[0]).toBe('2026-02-01')
    expect(monthWeeks('2026-08-10', 1).length).toBe(6)
    expect(monthWeeks('2026-08-10', 1).at(-1)?.at(-1)).toBe('2026-09-06')
  })

  it('are read from days and moments, and from nothing else', () => {
    expect(dayOf('2026-03-01')).toBe('2026-03-01')
    expect(dayOf(new Date(2026, 2, 1, 23, 59).toISOString())).toBe('2026-03-01')
    expect(dayOf('soon')).toBe(null)
    expect(dayOf(null)).toBe(null)
  })

  it('keep the time of a moment that is moved', () => {
    const moved = new Date(moveByDays(new Date(2026, 2, 28, 14, 30).toISOString(), 2))
    expect([moved.getDate(), moved.getHours(), moved.getMinutes()]).toEqual([30, 14, 30])
    expect(moveByDays('2026-12-31', 1)).toBe('2027-01-01')
  })
})

describe('records on days', () => {
  it('last a day without an end, or with one before the beginning', () => {
    expect(span('a', '2026-03-05')).toMatchObject({ from: '2026-03-05', to: '2026-03-05' })
    expect(span('a', '2026-03-05', '2026-03-01').to).toBe('2026-03-05')
    expect(spanOf(record('a', ''), closeField, endField)).toBe(null)
  })

  it('are asked for by the days in sight, with those that reach into them', () => {
    expect(spanFilter(closeField, null, '2026-03-01', '2026-04-01')).toEqual({
      closeDate: { $gte: '2026-03-01', $lt: '2026-04-01' },
    })
    expect(spanFilter(closeField, endField, '2026-03-01', '2026-04-01')).toEqual({
      $or: [
        { closeDate: { $gte: '2026-03-01', $lt: '2026-04-01' } },
        { closeDate: { $lt: '2026-03-01' }, endDate: { $gte: '2026-03-01' } },
      ],
    })
    const moments = spanFilter(atField, null, '2026-03-01', '2026-03-02')['at']
    expect(moments).toEqual({
      $gte: new Date(2026, 2, 1).toISOString(),
      $lt: new Date(2026, 2, 2).toISOString(),
    })
  })

  it('last as long as before when they are moved', () => {
    expect(
      movedValues(span('a', '2026-03-05', '2026-03-07'), closeField, endField, '2026-03-30'),
    ).toEqual({ closeDate: '2026-03-30', endDate: '2026-04-01' })
    expect(movedValues(span('a', '2026-03-05'), closeField, endField, '2026-03-04')).toEqual({
      closeDate: '2026-03-04',
    })
  })

  it('share the lanes of a week without lying over each other', () => {
    const week = ['2026-03-02', '2026-03-03', '2026-03-04', '2026-03-05', '2026-03-06']
    const { bars, hidden } = layWeek(
      [
        span('short', '2026-03-03'),
        span('long', '2026-02-27', '2026-03-03'),
        span('after', '2026-03-04', '2026-03-20'),
        span('third', '2026-03-03'),
        span('else', '2026-03-09'),
      ],
      week,
      2,
    )
    expect(
      bars.map(({ span: { record }, lane, column, columns }) => [record.id, lane, column, columns]),
    ).toEqual([
      ['long', 0, 0, 2],
      ['short', 1, 1, 1],
      ['after', 0, 2, 3],
    ])
    expect(bars.map((bar) => [bar.comesFromBefore, bar.goesOn])).toEqual([
      [true, false],
      [false, false],
      [false, true],
    ])
    expect(hidden.map((day) => day.map(({ record }) => record.id))).toEqual([
      [],
      ['third'],
      [],
      [],
      [],
    ])
  })
})
