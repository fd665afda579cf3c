import type { EChartsCoreOption } from 'echarts/core'

interface NameAxis {
  readonly type?: string
  readonly data?: readonly unknown[]
  readonly boundaryGap?: boolean
  readonly axisLabel?: object
}

/** Below this nothing is left of a word but its dots; then every other name says more. */
const leastWidth = 44
/** What the axis of values takes beside the names. */
const besideNames = 44

/** All bars of a chart have their names, cut where there is no room; a chart leaves names out on its own. */
export function fitLabels(option: EChartsCoreOption, width: number): EChartsCoreOption {
  const axis = option['xAxis'] as NameAxis | undefined
  if (axis?.type !== 'category' || axis.boundaryGap === false || !axis.data?.length) return option
  const each = Math.floor((width - besideNames) / axis.data.length) - 4
  if (each < leastWidth) return option
  const axisLabel = {
    ...axis.axisLabel,
    interval: 0,
    hideOverlap: false,
    width: each,
    fontSize: 11,
  }
  return { ...option, xAxis: { ...axis, axisLabel } }
}
