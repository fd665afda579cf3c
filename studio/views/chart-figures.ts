import type { AggregateQuery, FieldInfo, Measure } from '@runwaycrm/sdk'
import type { ChartSettings } from '../api/model.ts'
import type { AggregateRow } from '../api/records.ts'
import { fieldKind, isTemporal } from '../model/field-kinds.ts'
import { isMoney } from '../model/read-value.ts'

/** The most groups that are asked for; what is beyond is said. */
export const mostGroups = 200
/** The most series that a reader tells apart by colour. */
export const mostSeries = 10
const measure = 'figure'

/** Fields of a chart, as the settings name them. */
export interface ChartFields {
  readonly by: FieldInfo
  readonly split: FieldInfo | null
  readonly of: FieldInfo | null
}

/** What is measured: a count where nothing else can be. */
export function measureOf(
  settings: ChartSettings,
  of: FieldInfo | null,
): NonNullable<ChartSettings['measure']> {
  const wanted = settings.measure ?? 'count'
  return wanted !== 'count' && of?.measures.includes(wanted) ? wanted : 'count'
}

/** The question that a chart puts to the aggregate API. */
export function chartQuery(
  settings: ChartSettings,
  { by, split, of }: ChartFields,
): Omit<AggregateQuery, 'filter'> {
  const name = measureOf(settings, of)
  const isDate = isTemporal(fieldKind(by))
  return {
    groupBy: [
      { field: by.apiName, ...(isDate ? { bucket: settings.bucket ?? 'month' } : {}) },
      ...(split && split.apiName !== by.apiName ? [{ field: split.apiName }] : []),
    ],
    measures: {
      [measure]: (name === 'count' ? { count: '*' } : { [name]: of?.apiName }) as Measure,
    },
    ...(isDate ? { sort: by.apiName } : { sort: `-${measure}` }),
    limit: mostGroups,
  }
}

/** One figure of a chart: a group, or a group within a series. */
export interface ChartFigures {
  /** Values of the first field, null among them, in the order in which they are drawn. */
  readonly groups: readonly unknown[]
  /** Values of the second field; one series without a value when there is none. */
  readonly series: readonly unknown[]
  /** By series, then by group; null where there are no records. */
  readonly figures: readonly (readonly (number | null)[])[]
  /** Of amounts, the currency they are in. */
  readonly currency: string | null
  /** Amounts in other currencies, which are not in the figures. */
  readonly otherCurrencies: readonly string[]
  /** Whether there were more groups than are asked for. */
  readonly isCut: boolean
}

/**
 * The rows of an answer as figures by series and group. Options stand in their own order, dates by time,
 * all else as the answer has them.
 *
 * @param currency that of the organisation; amounts in it are shown where there are any.
 */
export function chartFigures(
  rows: readonly AggregateRow[],
  { by, split }: ChartFields,
  currency: string,
): ChartFigures {
  const codes = new Set(rows.flatMap((row) => amountsOf(row[measure]).map((one) => one.currency)))
  const code = codes.has(currency) ? currency : ([...codes][0] ?? null)
  const groups = ordered(by, distinct(rows.map((row) => row[by.apiName] ?? null)))
  const hasSplit = split !== null && split.apiName !== by.apiName
  const series = hasSplit
    ? ordered(split, distinct(rows.map((row) => row[split.apiName] ?? null)))
    : [null]
  const groupAt = new Map(groups.map((value, index) => [keyOf(value), index]))
  const seriesAt = new Map(series.map((value, index) => [keyOf(value), index]))
  const figures = series.map(() => groups.map((): number | null => null))
  for (const row of rows) {
    const line = figures[hasSplit ? (seriesAt.get(keyOf(row[split.apiName])) ?? 0) : 0]
    const at = groupAt.get(keyOf(row[by.apiName]))
    if (line && at !== undefined) line[at] = figureOf(row[measure], code)
  }
  return {
    groups,
    series,
    figures,
    currency: code,
    otherCurrencies: [...codes].filter((one) => one !== code),
    isCut: rows.length >= mostGroups,
  }
}

const keyOf = (value: unknown): string =>
  value === null || value === undefined ? '' : JSON.stringify(value)
const distinct = (values: readonly unknown[]): readonly unknown[] => [
  ...new Map(values.map((value) => [keyOf(value), value])).values(),
]

function ordered(field: FieldInfo, values: readonly unknown[]): readonly unknown[] {
  const options = field.options
  if (!options) return values
  const place = (value: unknown): number => {
    const index = options.findIndex((option) => option.key === value)
    return index < 0 ? options.length : index
  }
  return values.toSorted((a, b) => place(a) - place(b))
}

const amountsOf = (value: unknown) => [value].flat().filter(isMoney)

function figureOf(value: unknown, currency: string | null): number | null {
  const amounts = amountsOf(value)
  if (amounts.length > 0) {
    const amount = amounts.find((one) => one.currency === currency)
    return amount ? Number(amount.amount) : null
  }
  return typeof value === 'number' && Number.isFinite(value) ? value : null
}
