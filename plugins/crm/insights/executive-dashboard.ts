import {
  changeOf,
  compareMoney,
  dayIn,
  type HandlerContext,
  type Money,
  moneyList,
  type Say,
  sayTo,
} from '@runwaycrm/sdk'
import { countOf, workIn } from './counts.ts'
import { closedDealsInAll, openDeals, stageKeys } from './deal-figures.ts'
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
  const closed = stageKeys(ctx)
  const overdueDeals = await countOf(ctx, 'crm.opportunities:opportunity', {
    closeDate: { $lt: dayIn(ctx.now, ctx.org.timeZone) },
    stage: { $nin: [...closed.won, ...closed.lost] },
  })
  const receivables = await receivablesOf(ctx)
  const say = sayTo(ctx)
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
      ? [say('dashboard.nothing')]
      : wordsOf({ now, before, pipeline, receivables, isRunning: period.isRunning }, say),
  }
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

function wordsOf({ now, before, pipeline, receivables, isRunning }: Facts, say: Say): string[] {
  const words = [
    now.won === 0
      ? say('dashboard.noneWon', { before: before.won })
      : withSum('dashboard.won', { count: now.won, before: before.won }, now.wonValue, say),
    withSum('dashboard.open', { count: pipeline.count }, pipeline.value, say),
  ]
  if (receivables && receivables.overdue > 0) {
    const { overdue: count, overdueBalance } = receivables
    words.push(withSum('dashboard.overdue', { count }, overdueBalance, say))
  }
  if (isRunning) words.push(say('dashboard.running'))
  return words
}

/** Records without an amount have no sum to tell. */
function withSum(
  key: string,
  counts: Readonly<Record<string, number>>,
  sum: readonly Money[],
  say: Say,
): string {
  return sum.length === 0 ? say(key, counts) : say(`${key}For`, { ...counts, sum })
}
