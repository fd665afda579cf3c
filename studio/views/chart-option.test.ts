import { describe, expect, it } from 'vitest'
import { viewChartOption } from './chart-option.ts'

const data = {
  categories: [{ label: 'New' }, { label: 'Won' }],
  series: [
    { name: 'Ada', values: [1, null] },
    { name: 'Bo', values: [2, 3] },
  ],
}
const series = (form: 'bar' | 'line' | 'area' | 'pie' | 'donut') =>
  viewChartOption(form, data, { format: String })['series'] as readonly Record<string, unknown>[]

describe('the picture of a chart', () => {
  it('lays series on each other in bars and areas, and beside each other as lines', () => {
    expect(series('bar').map(({ type, stack }) => [type, stack])).toEqual([
      ['bar', 'all'],
      ['bar', 'all'],
    ])
    expect(series('area')[0]).toMatchObject({ type: 'line', stack: 'all', areaStyle: {} })
    expect(series('line')[0]).toMatchObject({ type: 'line', data: [1, null] })
    expect(series('line')[0]?.['stack']).toBeUndefined()
  })

  it('makes one part of what several series have in a group', () => {
    const [pie, donut] = [series('pie')[0], series('donut')[0]]
    expect(pie?.['data']).toMatchObject([
      { name: 'New', value: 3 },
      { name: 'Won', value: 3 },
    ])
    expect([pie?.['radius'], donut?.['radius']]).toEqual(['82%', ['52%', '82%']])
  })
})
