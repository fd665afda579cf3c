import type { EChartsCoreOption } from 'echarts/core'

export type ChartKind = 'bar' | 'line' | 'pie' | 'funnel'

/** What a chart draws: one value per category and series. */
export interface ChartData {
  readonly categories: readonly {
    readonly label: string
    /** 1 to 10, a category colour of the design tokens. */
    readonly color?: number | undefined
  }[]
  readonly series: readonly {
    readonly name: string
    readonly color?: number | undefined
    /** By category; null where there is none. */
    readonly values: readonly (number | null)[]
  }[]
}

/** Colours for what has none of its own, far from one another in this order. */
const order = [8, 7, 4, 5, 3, 6, 10, 9, 2, 1] as const
const categoryColor = (color: number | undefined, index: number): string =>
  `var(--cat-${color ?? order[index % order.length]})`

export interface ChartTexts {
  /** Whole, for tooltips. */
  readonly format: (value: number) => string
  /** Short, for axes. */
  readonly formatShort?: (value: number) => string
  readonly isHorizontal?: boolean
}

/** Data of a chart as an option of ECharts, in the product's looks. Colours are variables. */
export function chartOption(
  kind: ChartKind,
  data: ChartData,
  texts: ChartTexts,
): EChartsCoreOption {
  return kind === 'pie' || kind === 'funnel'
    ? partsOption(kind, data, texts)
    : axesOption(kind, data, texts)
}

function axesOption(
  kind: 'bar' | 'line',
  { categories, series }: ChartData,
  { format, formatShort = format, isHorizontal = false }: ChartTexts,
): EChartsCoreOption {
  const names = {
    type: 'category',
    data: categories.map(({ label }) => label),
    boundaryGap: kind === 'bar',
    axisTick: { show: false },
    axisLine: { show: !isHorizontal, lineStyle: { color: 'var(--line-2)' } },
    axisLabel: { color: 'var(--ink-3)', hideOverlap: true, overflow: 'truncate', width: 110 },
    ...(isHorizontal ? { inverse: true } : {}),
  }
  const values = {
    type: 'value',
    splitNumber: 4,
    splitLine: { lineStyle: { color: 'var(--line)' } },
    axisLabel: {
      color: 'var(--ink-3)',
      hideOverlap: true,
      formatter: (value: number) => formatShort(value),
    },
  }
  const isPlain = series.length < 2
  return {
    grid: { left: 4, right: 12, top: isPlain ? 10 : 34, bottom: 4, containLabel: true },
    ...(isPlain ? {} : { legend: legend() }),
    tooltip: { trigger: 'axis', valueFormatter: (value: unknown) => valueText(value, format) },
    xAxis: isHorizontal ? values : names,
    yAxis: isHorizontal ? names : values,
    series: series.map((one, index) => {
      const color =
        isPlain && one.color === undefined ? 'var(--brand-mid)' : categoryColor(one.color, index)
      return {
        type: kind,
        name: one.name,
        itemStyle: { color, ...(kind === 'bar' ? { borderRadius: 2.5 } : {}) },
        data: one.values.map((value, at) => {
          const own = isPlain && kind === 'bar' ? categories[at]?.color : undefined
          return own === undefined ? value : { value, itemStyle: { color: categoryColor(own, at) } }
        }),
        ...(kind === 'bar'
          ? { barMaxWidth: 30 }
          : {
              symbol: 'circle',
              symbolSize: 6,
              showSymbol: categories.length < 40,
              lineStyle: { color, width: 2 },
              ...(isPlain ? { areaStyle: { color, opacity: 0.1 } } : {}),
            }),
      }
    }),
  }
}

function partsOption(
  kind: 'pie' | 'funnel',
  { categories, series }: ChartData,
  { format }: ChartTexts,
): EChartsCoreOption {
  const parts = categories.map(({ label, color }, index) => ({
    name: label,
    value: Math.max(0, series[0]?.values[index] ?? 0),
    itemStyle: { color: categoryColor(color, index) },
  }))
  const shared = {
    type: kind,
    name: series[0]?.name,
    data: parts,
    itemStyle: { borderColor: 'var(--raised)', borderWidth: 2 },
    label: { color: 'var(--ink-2)', overflow: 'truncate' },
  }
  const tooltip = {
    trigger: 'item',
    valueFormatter: (value: unknown) => valueText(value, format),
  }
  if (kind === 'pie') {
    return {
      tooltip,
      legend: { ...legend(), orient: 'vertical', top: 'middle', right: 4, left: 'auto' },
      series: [
        { ...shared, radius: ['52%', '82%'], center: ['34%', '50%'], label: { show: false } },
      ],
    }
  }
  return {
    tooltip,
    series: [
      {
        ...shared,
        // A funnel is read in the order of its stages, whatever stands in them.
        sort: 'none',
        left: 4,
        right: '42%',
        top: 8,
        bottom: 8,
        gap: 2,
        minSize: '4%',
        label: { ...shared.label, position: 'right' },
        labelLine: { length: 10, lineStyle: { color: 'var(--line-2)' } },
      },
    ],
  }
}

const legend = () => ({
  type: 'scroll',
  top: 0,
  left: 0,
  icon: 'roundRect',
  itemWidth: 8,
  itemHeight: 8,
  textStyle: { color: 'var(--ink-2)', fontSize: 12 },
  pageTextStyle: { color: 'var(--ink-3)' },
})

function valueText(value: unknown, format: (value: number) => string): string {
  return typeof value === 'number' ? format(value) : '–'
}
