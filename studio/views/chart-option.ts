import type { ChartSettings } from '../api/model.ts'

export interface ChartPicture {
  readonly form: NonNullable<ChartSettings['form']>
  readonly labels: readonly string[]
  readonly series: readonly {
    readonly label: string
    readonly color: number | undefined
    readonly figures: readonly (number | null)[]
  }[]
  readonly groupColors: readonly (number | undefined)[]
  text(figure: number | null): string
}

/** Colours as the browser has worked them out. */
export interface ChartTheme {
  readonly ink: string
  readonly line: string
  readonly surface: string
  readonly overlay: string
  /** @param color 1 to 10. */
  category(color: number): string
  readonly animate: boolean
}

/** Neighbours in this order are told apart most easily. */
const order = [7, 5, 3, 9, 2, 6, 10, 4, 8, 1]
const colorAt = (index: number, own: number | undefined): number =>
  own ?? order[index % order.length] ?? 1

/** What ECharts draws. Tooltips are drawn too: the page's policy allows no styles in markup. */
export function chartOption(picture: ChartPicture, theme: ChartTheme): Record<string, unknown> {
  const { form } = picture
  const isRound = form === 'pie' || form === 'donut'
  const text = { color: theme.ink, fontFamily: 'inherit', fontSize: 12 }
  return {
    animation: theme.animate,
    animationDuration: 120,
    textStyle: text,
    tooltip: {
      renderMode: 'richText',
      trigger: isRound ? 'item' : 'axis',
      confine: true,
      backgroundColor: theme.overlay,
      borderColor: theme.line,
      textStyle: text,
      valueFormatter: (figure: unknown) => picture.text(typeof figure === 'number' ? figure : null),
    },
    ...(isRound || picture.series.length > 1
      ? {
          legend: {
            type: 'scroll',
            bottom: 0,
            textStyle: text,
            pageTextStyle: text,
            pageIconColor: theme.ink,
          },
        }
      : {}),
    ...(isRound ? round(picture, theme) : upright(picture, theme, text)),
  }
}

function round({ form, labels, series, groupColors }: ChartPicture, theme: ChartTheme) {
  const data = labels.map((name, index) => ({
    name,
    // A round has no room for what is below nothing.
    value: Math.max(
      0,
      series.reduce((sum, one) => sum + (one.figures[index] ?? 0), 0),
    ),
    itemStyle: { color: theme.category(colorAt(index, groupColors[index])) },
  }))
  return {
    series: [
      {
        type: 'pie',
        radius: form === 'donut' ? ['48%', '72%'] : '72%',
        center: ['50%', '46%'],
        data,
        label: { color: theme.ink },
        itemStyle: { borderColor: theme.surface, borderWidth: 2 },
      },
    ],
  }
}

function upright(
  { form, labels, series, groupColors, text }: ChartPicture,
  theme: ChartTheme,
  words: object,
) {
  const isSingle = series.length === 1
  return {
    grid: { left: 8, right: 16, top: 16, bottom: isSingle ? 8 : 36, containLabel: true },
    xAxis: {
      type: 'category',
      data: labels,
      axisLine: { lineStyle: { color: theme.line } },
      axisTick: { show: false },
      axisLabel: { ...words, hideOverlap: true },
    },
    yAxis: {
      type: 'value',
      splitLine: { lineStyle: { color: theme.line } },
      axisLabel: { ...words, formatter: (figure: number) => text(figure) },
    },
    series: series.map((one, at) => {
      const color = theme.category(colorAt(at, one.color))
      const shared = { name: one.label, itemStyle: { color }, lineStyle: { color } }
      if (form !== 'bar')
        return {
          ...shared,
          type: 'line',
          data: one.figures,
          symbolSize: 6,
          connectNulls: false,
          ...(form === 'area'
            ? { areaStyle: { color, opacity: 0.18 }, stack: isSingle ? undefined : 'all' }
            : {}),
        }
      return {
        ...shared,
        type: 'bar',
        barMaxWidth: 56,
        ...(isSingle ? {} : { stack: 'all' }),
        data: one.figures.map((value, index) =>
          isSingle && groupColors[index] !== undefined
            ? { value, itemStyle: { color: theme.category(groupColors[index] ?? 1) } }
            : value,
        ),
      }
    }),
  }
}
