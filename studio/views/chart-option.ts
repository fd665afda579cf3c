import type { EChartsCoreOption } from 'echarts/core'
import type { ChartSettings } from '../api/model.ts'
import { type ChartData, type ChartTexts, chartOption } from '../charts/chart-option.ts'

/** In px; a chart that fills the page has room for more than a tile. */
const barMaxWidth = 56

type Part = Readonly<Record<string, unknown>>

/** The chart of a view: series lie on each other in bars and areas, a pie is a full disc. */
export function viewChartOption(
  form: NonNullable<ChartSettings['form']>,
  data: ChartData,
  texts: ChartTexts,
): EChartsCoreOption {
  if (form === 'pie' || form === 'donut') {
    // A disc has one ring: the figures of all series of a group are one part.
    const sums = data.categories.map((_, at) =>
      data.series.reduce((sum, { values }) => sum + (values[at] ?? 0), 0),
    )
    const whole = { ...data, series: [{ name: data.series[0]?.name ?? '', values: sums }] }
    const option = chartOption('pie', whole, texts)
    return form === 'donut' ? option : withSeries(option, () => ({ radius: '82%' }))
  }
  const option = chartOption(form === 'bar' ? 'bar' : 'line', data, texts)
  const isStacked = form !== 'line' && data.series.length > 1
  return withSeries(option, (series) => ({
    ...(isStacked ? { stack: 'all' } : {}),
    ...(form === 'bar' ? { barMaxWidth } : {}),
    ...(form === 'area'
      ? { areaStyle: { color: (series['lineStyle'] as Part)['color'], opacity: 0.2 } }
      : {}),
  }))
}

function withSeries(option: EChartsCoreOption, more: (series: Part) => Part): EChartsCoreOption {
  const series = option['series'] as readonly Part[]
  return { ...option, series: series.map((one) => ({ ...one, ...more(one) })) }
}
