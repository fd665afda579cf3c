import {
  type AggregateQuery,
  amountIn,
  type Filter,
  type Money,
  othersThan,
  type Records,
} from '@runwaycrm/sdk'
import type { History, StageSum } from './forecast.ts'
import { opportunityEntity } from './settings.ts'

/** A stage's sums within a group: a month, an owner, or nothing further. */
export interface GroupSum extends StageSum {
  readonly group: string | null
  /** Sums in other currencies than the organisation's. */
  readonly others: readonly Money[]
}

/** Counts and sums of deals by stage and, when asked, by one thing more. */
export async function sumDeals(
  records: Records,
  filter: Filter,
  currency: string,
  by?: { readonly field: string; readonly bucket?: 'month' },
): Promise<readonly GroupSum[]> {
  const query: AggregateQuery = {
    filter,
    groupBy: [{ field: 'stage' }, ...(by ? [by] : [])],
    measures: {
      n: { count: '*' },
      total: { sum: 'value' },
      empty: { count: '*', filter: { value: { $exists: false } } },
    },
    limit: 1000,
  }
  const { data } = await records.aggregate(opportunityEntity, query)
  return data.map((row) => ({
    stage: String(row['stage']),
    group: by ? textOf(row[by.field]) : null,
    count: Number(row['n']),
    value: amountIn(row['total'], currency),
    withoutValue: Number(row['empty']),
    others: othersThan(row['total'], currency),
  }))
}

/**
 * Sums of the deals that were closed in the months before a day. When none were, e.g. after an import
 * of old ones, all closed deals up to the day count.
 */
export async function sumClosed(
  records: Records,
  filter: Filter,
  within: { readonly since: string; readonly until: string },
  currency: string,
  by?: { readonly field: string },
): Promise<{ readonly sums: readonly GroupSum[]; readonly from: string | null }> {
  const { since, until } = within
  const closedBy = (closeDate: Filter) => sumDeals(records, { ...filter, closeDate }, currency, by)
  const recent = await closedBy({ $gte: since, $lte: until })
  if (recent.length > 0) return { sums: recent, from: since }
  return { sums: await closedBy({ $lte: until }), from: null }
}

/** Won and lost deals of everybody and of each owner. */
export function historyOf(
  sums: readonly GroupSum[],
  won: readonly string[],
): { readonly all: History; readonly byOwner: ReadonlyMap<string | null, History> } {
  const byOwner = new Map<string | null, { won: number; lost: number }>()
  const all = { won: 0, lost: 0 }
  for (const sum of sums) {
    const own = byOwner.get(sum.group) ?? { won: 0, lost: 0 }
    byOwner.set(sum.group, own)
    const side = won.includes(sum.stage) ? 'won' : 'lost'
    own[side] += sum.count
    all[side] += sum.count
  }
  return { all, byOwner }
}

/** Sums of one currency after another, for what the report leaves out. */
export function addUp(others: readonly Money[]): readonly Money[] {
  const sums = new Map<string, number>()
  for (const { amount, currency } of others)
    sums.set(currency, (sums.get(currency) ?? 0) + Number(amount))
  return [...sums].map(([currency, sum]) => ({ amount: sum.toFixed(2), currency }))
}

/** Names of members by id; a hidden or deleted one has none. */
export async function memberNames(
  records: Records,
  ids: readonly (string | null)[],
): Promise<ReadonlyMap<string, string>> {
  const known = [...new Set(ids.filter((id) => id !== null))]
  const names = new Map<string, string>()
  for (let start = 0; start < known.length; start += 100) {
    const { data } = await records.list('kernel:user', {
      filter: { id: { $in: known.slice(start, start + 100) } },
      fields: ['name'],
      limit: 100,
    })
    for (const user of data) names.set(user.id, String(user['name'] ?? ''))
  }
  return names
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}
