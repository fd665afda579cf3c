import type { FieldInfo } from '@runwaycrm/sdk'
import type { AggregateRow } from '../api/records.ts'
import type { ChartData } from '../charts/chart-option.ts'
import { isMoney } from '../model/read-value.ts'

/**
 * A measure as a number. Amounts come as one per currency; a chart has one axis, so it draws the currency
 * that the organisation counts in, or the only one there is.
 */
export function numberOf(value: unknown, currency: string): number | null {
  if (typeof value === 'number') return value
  const list = [value].flat().filter(isMoney)
  const own =
    list.find((money) => money.currency === currency) ?? (list.length === 1 ? list[0] : null)
  return own ? Number(own.amount) : null
}

/** Whether amounts of other currencies are left out of a drawing. */
export function leavesOut(rows: readonly AggregateRow[], currency: string): boolean {
  return rows.some(({ value }) => {
    const list = [value].flat().filter(isMoney)
    return list.length > 1 || list.some((money) => money.currency !== currency)
  })
}

interface Texts {
  /** A group's value as its reader knows it: the label of an option, a name, a month. */
  readonly label: (value: unknown, field: FieldInfo | null) => string
  readonly currency: string
  /** Of the measure, for the only series. */
  readonly name: string
}

/** Rows of an aggregate as a chart: options in the order of their field, the rest as they come. */
export function chartData(
  rows: readonly AggregateRow[],
  group: { readonly field: FieldInfo | null; readonly name: string },
  split: { readonly field: FieldInfo | null; readonly name: string } | null,
  { label, currency, name }: Texts,
): ChartData {
  const keys = ordered(rows, group)
  const seriesKeys = split ? ordered(rows, split) : [null]
  const valueAt = new Map(
    rows.map((row) => [
      `${row[group.name]} ${split ? row[split.name] : null}`,
      numberOf(row['value'], currency),
    ]),
  )
  return {
    categories: keys.map((key) => ({
      label: label(key, group.field),
      color: colorOf(key, group.field),
    })),
    series: seriesKeys.map((key) => ({
      name: split ? label(key, split.field) : name,
      color: split ? colorOf(key, split.field) : undefined,
      values: keys.map((at) => valueAt.get(`${at} ${key}`) ?? null),
    })),
  }
}

/** The values of a group that occur; those of options in their order, and open ones even when nothing is in them. */
function ordered(
  rows: readonly AggregateRow[],
  { field, name }: { readonly field: FieldInfo | null; readonly name: string },
): readonly unknown[] {
  const present: readonly unknown[] = [...new Set(rows.map((row) => row[name] ?? null))]
  const options = (field?.options ?? []).map((option) => option.key as unknown)
  if (options.length === 0) return present
  return [
    ...options.filter((key) => present.includes(key)),
    ...present.filter((key) => !options.includes(key)),
  ]
}

function colorOf(key: unknown, field: FieldInfo | null): number | undefined {
  return field?.options?.find((option) => option.key === key)?.color
}

/** How much more than before, 0.25 for a quarter more; null when there was nothing before. */
export function growth(now: number | null, before: number | null): number | null {
  if (now === null || before === null || before === 0) return null
  return (now - before) / Math.abs(before)
}
