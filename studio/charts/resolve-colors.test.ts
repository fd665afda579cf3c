import { describe, expect, it } from 'vitest'
import { chartOption } from './chart-option.ts'
import { resolveColors } from './resolve-colors.ts'

const colorOf = (name: string) => `<${name}>`

describe('a chart', () => {
  it('gets colours in the place of variables, wherever they stand, and keeps its functions', () => {
    const format = (value: number) => `${value} €`
    const option = resolveColors(
      { color: ['var(--cat-8)', 'red'], axis: { format, n: 1 } },
      colorOf,
    )
    expect(option).toEqual({ color: ['<--cat-8>', 'red'], axis: { format, n: 1 } })
  })

  it('leaves no variable behind in any of its kinds', () => {
    const data = {
      categories: [{ label: 'New', color: 7 }, { label: 'Won' }],
      series: [
        { name: 'Deals', values: [3, null] },
        { name: 'Value', values: [1, 2] },
      ],
    }
    for (const kind of ['bar', 'line', 'pie', 'funnel'] as const) {
      const drawn = JSON.stringify(
        resolveColors(chartOption(kind, data, { format: String }), colorOf),
      )
      expect(drawn).toContain('<--cat-')
      expect(drawn).not.toContain('var(')
    }
  })

  it('keeps the order of the stages in a funnel and draws nothing below zero', () => {
    const option = chartOption(
      'funnel',
      { categories: [{ label: 'A' }, { label: 'B' }], series: [{ name: 'n', values: [-2, 5] }] },
      { format: String },
    )
    const [series] = option['series'] as [{ sort: string; data: { value: number }[] }]
    expect(series.sort).toBe('none')
    expect(series.data.map(({ value }) => value)).toEqual([0, 5])
  })
})
