import {
  changeOf,
  compareMoney,
  dayIn,
  type HandlerContext,
  type Money,
  moneyList,
} from '@runwaycrm/sdk'
import { countOf, workIn } from './counts.ts'
import { closedDealsInAll, openDeals } from './deal-figures.ts'
import { type PeriodInput, periodOf } from './periods.ts'

const invoiceEntity = 'crm.invoices:invoice'

/** The company at a glance: what was won, what is open, what is owed, and how that was before. */
export async function executiveDashboard(input: PeriodInput, ctx: HandlerContext) {
  const period = periodOf(input, ctx)
  const { currency } = ctx.org
  const now = await closedDealsInAll(ctx, period)
  const before = await closedDealsInAll(ctx, period.previous)
  const work = await workIn(ctx, period)
  const workBefore = await workIn(ctx, period.previous)
  const pipeline = (await openDeals(ctx)).get(null) ?? { count: 0, value: [] }
  const overdueDeals = await countOf(ctx, 'crm.opportunities:opportunity', {
    closeDate: { $lt: dayIn(ctx.now, ctx.org.timeZone) },
    stage: { $nin: closedStages(ctx) },
  })
  const receivables = await receivablesOf(ctx)
  const isEmpty =
    [now.won, now.lost, before.won, before.lost, pipeline.count].every((count) => count === 0) &&
    [work, workBefore].every((one) => Object.values(one).every((count) => !count))
  return {
    period,
    currency,
    revenue: compareMoney(now.wonValue, before.wonValue, currency),
    deals: {
      won: { current: now.won, previous: before.won, changePercent: changeOf(now.won, before.won) },
      lost: { current: now.lost, previous: before.lost },
      winRate: { current: now.winRate, previous: before.winRate },
    },
    pipeline: { ...pipeline, pastCloseDate: overdueDeals },
    work: Object.fromEntries(
      Object.entries(work).map(([name, count]) => [
        name,
        { current: count, previous: workBefore[name as keyof typeof work] },
      ]),
    ),
    receivables,
    summary: isEmpty
      ? [
          ctx.t(
            'There is nothing to report yet: no deals, {crm.leads:lead.plural}, {crm.accounts:account.plural} or {crm.activities:activity.plural} in these days.',
          ),
        ]
      : wordsOf({ now, before, pipeline, receivables, isRunning: period.isRunning }),
  }
}

function closedStages(ctx: HandlerContext): readonly string[] {
  const field = ctx.model
    .entity('crm.opportunities:opportunity')
    ?.fields.find((one) => one.apiName === 'stage')
  return (field?.options ?? [])
    .filter(({ category }) => category === 'won' || category === 'lost')
    .map(({ key }) => key)
}

/** What customers owe; null without the plugin, or for those who may not see invoices. */
async function receivablesOf(ctx: HandlerContext) {
  if (!ctx.model.entity(invoiceEntity)?.can.read) return null
  const overdue = { status: 'overdue' }
  const { data } = await ctx.records.aggregate(invoiceEntity, {
    filter: { status: { $in: ['issued', 'partial', 'overdue'] } },
    measures: {
      n: { count: '*' },
      balance: { sum: 'balance' },
      late: { count: '*', filter: overdue },
      lateBalance: { sum: 'balance', filter: overdue },
    },
  })
  const row = data[0] ?? {}
  return {
    open: Number(row['n'] ?? 0),
    balance: moneyList(row['balance'], ctx.org.currency),
    overdue: Number(row['late'] ?? 0),
    overdueBalance: moneyList(row['lateBalance'], ctx.org.currency),
  }
}

interface Facts {
  readonly now: { readonly won: number; readonly wonValue: readonly Money[]; readonly lost: number }
  readonly before: { readonly won: number; readonly wonValue: readonly Money[] }
  readonly pipeline: { readonly count: number; readonly value: readonly Money[] }
  readonly receivables: Awaited<ReturnType<typeof receivablesOf>>
  readonly isRunning: boolean
}

function wordsOf({ now, before, pipeline, receivables, isRunning }: Facts): string[] {
  const words = [
    now.won === 0
      ? 'No deal was won.'
      : `${plural(now.won, 'deal was', 'deals were')} won${sumOf(now.wonValue)}, after ${before.won} before.`,
    `${plural(pipeline.count, 'deal is', 'deals are')} open${sumOf(pipeline.value)}.`,
  ]
  if (receivables && receivables.overdue > 0)
    words.push(
      `${plural(receivables.overdue, 'invoice is', 'invoices are')} overdue${sumOf(receivables.overdueBalance)}.`,
    )
  if (isRunning) words.push('The period is not over; the one before it is whole.')
  return words
}

function plural(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`
}

function sumOf(money: readonly Money[]): string {
  return money.length === 0
    ? ''
    : ` (${money.map(({ amount, currency }) => `${amount} ${currency}`).join(', ')})`
}
