import type { EntityInfo, FieldInfo } from '@runwaycrm/sdk'
import { describe, expect, it } from 'vitest'
import type { TileInfo } from '../api/model.ts'
import { periodBefore, periodFilter, periods } from './period.ts'
import { chartData, growth, leavesOut, numberOf } from './tile-data.ts'
import { figureQuery, groupQuery, tableQuery } from './tile-query.ts'

const field = (apiName: string, more: Partial<FieldInfo> = {}) =>
  ({ key: apiName.replace(/Id$/, ''), apiName, kind: 'text', ...more }) as FieldInfo
const stage = field('stage', {
  kind: 'option',
  options: [
    { key: 'new', label: 'New', color: 7 },
    { key: 'won', label: 'Won', color: 5 },
  ],
})
const deal = {
  ref: 'crm.opportunities:opportunity',
  titleField: 'name',
  fields: [field('name'), stage, field('accountId', { kind: 'relation' }), field('ownerId')],
} as unknown as EntityInfo
const tile: TileInfo = {
  label: 'Won',
  kind: 'kpi',
  entity: deal.ref,
  filter: { stage: 'won' },
  measure: { sum: 'value' },
  dateField: 'closeDate',
}
const month = { period: 'month', owner: null } as const

describe('a period', () => {
  it('says from when and until when, and what came before', () => {
    expect(periodFilter('closeDate', 'month')).toEqual({
      closeDate: { $gte: '@thisMonth', $lt: '@nextMonth' },
    })
    expect(periodBefore('closeDate', 'days30')).toEqual({
      closeDate: { $gte: '@today-60d', $lt: '@today-30d' },
    })
    expect(periodFilter('closeDate', 'all')).toEqual({})
    for (const period of periods) expect(() => periodFilter('at', period)).not.toThrow()
  })
})

describe('a figure', () => {
  it('asks for its period and the one before at once, for one person', () => {
    const query = figureQuery(tile, deal, { period: 'month', owner: 'u1' })
    expect(query.filter).toEqual({ ownerId: 'u1' })
    expect(query.measures['now']).toMatchObject({ sum: 'value' })
    expect(JSON.stringify(query.measures['now'])).toContain('@thisMonth')
    expect(JSON.stringify(query.measures['before'])).toContain('@lastMonth')
    expect(JSON.stringify(query.measures['now'])).toContain('won')
  })

  it('is a share of a whole that is narrowed the same way', () => {
    const over = { measure: { count: '*' }, filter: { stage: { $in: ['won', 'lost'] } } }
    const { measures } = figureQuery({ ...tile, measure: { count: '*' }, over }, deal, month)
    expect(Object.keys(measures)).toEqual(['now', 'before', 'whole', 'wholeBefore'])
    expect(JSON.stringify(measures['whole'])).toContain('@thisMonth')
    expect(JSON.stringify(measures['whole'])).toContain('lost')
  })

  it('grows against what was there before, and against nothing not at all', () => {
    expect(growth(15, 10)).toBe(0.5)
    expect(growth(-5, -10)).toBe(0.5)
    expect(growth(5, 0)).toBeNull()
    expect(growth(null, 4)).toBeNull()
  })
})

describe('a chart', () => {
  const texts = {
    label: (value: unknown, of: FieldInfo | null) =>
      of?.options?.find(({ key }) => key === value)?.label ?? String(value),
    currency: 'EUR',
    name: 'Value',
  }
  const amount = (n: number, currency = 'EUR') => [{ amount: `${n}.00`, currency }]

  it('has options in their own order and colours', () => {
    const rows = [
      { stage: 'won', value: amount(5) },
      { stage: 'new', value: amount(3) },
    ]
    const { categories, series } = chartData(rows, { field: stage, name: 'stage' }, null, texts)
    expect(categories).toEqual([
      { label: 'New', color: 7 },
      { label: 'Won', color: 5 },
    ])
    expect(series).toEqual([{ name: 'Value', color: undefined, values: [3, 5] }])
  })

  it('has one series per second group, with gaps where there is nothing', () => {
    const rows = [
      { at: '2026-01-01', stage: 'won', value: 2 },
      { at: '2026-02-01', stage: 'new', value: 4 },
    ]
    const group = { field: null, name: 'at' }
    const { series } = chartData(rows, group, { field: stage, name: 'stage' }, texts)
    expect(series.map(({ name, values }) => [name, values])).toEqual([
      ['New', [null, 4]],
      ['Won', [2, null]],
    ])
  })

  it('draws one currency and knows when it leaves others out', () => {
    const both = [...amount(5), ...amount(9, 'USD')]
    expect(numberOf(both, 'EUR')).toBe(5)
    expect(numberOf(amount(9, 'USD'), 'EUR')).toBe(9)
    expect(leavesOut([{ value: both }], 'EUR')).toBe(true)
    expect(leavesOut([{ value: amount(5) }, { value: 3 }], 'EUR')).toBe(false)
  })
})

describe('groups and tables', () => {
  it('come in the order of their dates', () => {
    const dated = { ...tile, kind: 'line', groupBy: 'closeDate', bucket: 'month' } as const
    expect(groupQuery(dated, deal, month)).toMatchObject({
      groupBy: [{ field: 'closeDate', bucket: 'month' }],
      sort: 'closeDate',
    })
  })

  it('bring the records that their columns lead to', () => {
    const table = { ...tile, kind: 'table', columns: ['name', 'accountId'], limit: 5 } as const
    expect(tableQuery(table, deal, month)).toMatchObject({ expand: ['account'], limit: 5 })
  })
})
