import { changeOf, compareMoney, type DayRange, type HandlerContext, sayTo } from '@runwaycrm/sdk'
import { workIn } from './counts.ts'
import { closedDealsInAll } from './deal-figures.ts'
import { type PeriodInput, periodOf } from './periods.ts'

export interface CompareInput extends PeriodInput {
  readonly with?: { readonly from: string; readonly to: string }
}

/** The same figures of two periods, and by how much they differ. */
export async function comparePeriods(input: CompareInput, ctx: HandlerContext) {
  const period = periodOf(input, ctx)
  const other: DayRange = input.with
    ? periodOf({ period: 'custom', ...input.with }, ctx)
    : period.previous
  const now = await closedDealsInAll(ctx, period)
  const before = await closedDealsInAll(ctx, other)
  const work = await workIn(ctx, period)
  const workBefore = await workIn(ctx, other)
  const counted = {
    dealsWon: [now.won, before.won],
    dealsLost: [now.lost, before.lost],
    newLeads: [work.newLeads, workBefore.newLeads],
    newAccounts: [work.newAccounts, workBefore.newAccounts],
    activities: [work.activities, workBefore.activities],
  } as const
  const metrics = Object.entries(counted).flatMap(([metric, [current, previous]]) =>
    current === null || previous === null
      ? []
      : [
          {
            metric,
            current,
            previous,
            change: current - previous,
            changePercent: changeOf(current, previous),
          },
        ],
  )
  const points =
    now.winRate === null || before.winRate === null
      ? null
      : Math.round((now.winRate - before.winRate) * 10) / 10
  const say = sayTo(ctx)
  const isEmpty = metrics.every(({ current, previous }) => current === 0 && previous === 0)
  return {
    period,
    comparedWith: { from: other.from, to: other.to },
    currency: ctx.org.currency,
    revenue: compareMoney(now.wonValue, before.wonValue, ctx.org.currency),
    winRate: { current: now.winRate, previous: before.winRate, changePoints: points },
    metrics,
    summary: isEmpty
      ? [say('compare.nothing')]
      : [
          say('compare.deals', {
            ...{ won: now.won, wonBefore: before.won },
            ...{ lost: now.lost, lostBefore: before.lost },
          }),
          ...(period.isRunning ? [say('compare.running')] : []),
        ],
  }
}
