import type { EChartsCoreOption } from 'echarts/core'
import { describe, expect, it } from 'vitest'
import { chartOption } from './chart-option.ts'
import { fitLabels } from './fit-labels.ts'

const stages = ['Prospecting', 'Engaging', 'Won', 'Lost']
const data = {
  categories: stages.map((label) => ({ label })),
  series: [{ name: 'Value', values: [1, 2, 3, 4] }],
}
const bars = chartOption('bar', data, { format: String })
const labelsAt = (option: EChartsCoreOption, width: number) =>
  (fitLabels(option, width) as { xAxis: { axisLabel: object } }).xAxis.axisLabel

describe('the names under bars', () => {
  it('are all there, each as wide as its bar has room', () => {
    expect(labelsAt(bars, 340)).toMatchObject({ interval: 0, hideOverlap: false, width: 70 })
  })

  it('are left to the chart where there are too many, and under lines', () => {
    expect(fitLabels(bars, 200)).toBe(bars)
    const line = chartOption('line', data, { format: String })
    expect(fitLabels(line, 340)).toBe(line)
    const pie = chartOption('pie', data, { format: String })
    expect(fitLabels(pie, 340)).toBe(pie)
  })
})
