import { amountIn, type HandlerContext, optionsOf, percentOf, sayTo } from '@runwaycrm/sdk'
import { titlesOf } from './counts.ts'
import { closedDeals, closedDealsInAll } from './deal-figures.ts'
import { type PeriodInput, periodOf } from './periods.ts'

export interface SegmentInput extends PeriodInput {
  readonly dimension: 'industry' | 'country' | 'product' | 'account' | 'owner'
}

const paths = {
  industry: 'account.industry',
  country: 'account.country',
  product: 'productId',
  account: 'accountId',
  owner: 'ownerId',
} as const
const titled = {
  product: 'crm.products:product',
  account: 'crm.accounts:account',
  owner: 'kernel:user',
} as const

/** What was won in a period, split by one thing; the share is of the organisation's own currency. */
export async function revenueBySegment(input: SegmentInput, ctx: HandlerContext) {
  const period = periodOf(input, ctx)
  const { dimension } = input
  const { currency } = ctx.org
  const all = await closedDealsInAll(ctx, period)
  const groups = await closedDeals(ctx, period, { by: paths[dimension] })
  const labels = await labelsOf(ctx, dimension, [...groups.keys()])
  const whole = amountIn(all.wonValue, currency)
  const segments = [...groups]
    .map(([key, figures]) => ({
      key,
      label: key === null ? null : (labels.get(key) ?? key),
      ...figures,
      share: percentOf(amountIn(figures.wonValue, currency), whole),
    }))
    .sort(
      (one, other) =>
        amountIn(other.wonValue, currency) - amountIn(one.wonValue, currency) ||
        other.won - one.won ||
        String(one.label).localeCompare(String(other.label)),
    )
  const say = sayTo(ctx)
  const first = segments.find(({ won }) => won > 0)
  return {
    period,
    currency,
    dimension,
    segments,
    // The aggregate gives as many groups as it may; beyond them the segments are not all there are.
    isPartial: groups.size >= 1000,
    total: all,
    summary: first
      ? [
          say('segments.most', {
            part: first.label ?? say(`segments.without.${dimension}`),
            count: first.won,
          }),
        ]
      : [say('segments.none')],
  }
}

async function labelsOf(
  ctx: HandlerContext,
  dimension: SegmentInput['dimension'],
  keys: readonly (string | null)[],
): Promise<ReadonlyMap<string, string>> {
  if (dimension === 'country') return new Map()
  if (dimension !== 'industry') return titlesOf(ctx, titled[dimension], keys)
  const options = optionsOf(ctx.model.entity('crm.accounts:account', ctx.language), 'industry')
  return new Map(options.map(({ key, label }) => [key, label]))
}
