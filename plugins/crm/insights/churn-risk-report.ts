import {
  dayIn,
  daysBetween,
  type Filter,
  type HandlerContext,
  moneyList,
  sayTo,
} from '@runwaycrm/sdk'
import { churnRisk } from './churn-risk.ts'
import { titlesOf } from './counts.ts'
import { dealEntity, keyOf, stageKeys } from './deal-figures.ts'

export interface ChurnInput {
  readonly quietDays?: number
  readonly limit?: number
}

/** Customers (accounts with a won deal) by how likely they are to leave, with the reasons. */
export async function churnRiskReport(input: ChurnInput, ctx: HandlerContext) {
  const quietDays = input.quietDays ?? 90
  const say = sayTo(ctx)
  const today = dayIn(ctx.now, ctx.org.timeZone)
  const { won, lost } = stageKeys(ctx)
  const { data } = await ctx.records.aggregate(dealEntity, {
    filter: { accountId: { $exists: true } },
    groupBy: [{ field: 'accountId' }],
    measures: {
      won: { count: '*', filter: { stage: { $in: won } } },
      last: { max: 'closeDate', filter: { stage: { $in: won } } },
      wonValue: { sum: 'value', filter: { stage: { $in: won } } },
      open: { count: '*', filter: { stage: { $nin: [...won, ...lost] } } },
    },
    sort: '-won',
    limit: 1000,
  })
  const customers = data.filter((row) => Number(row['won']) > 0)
  const ids = customers.map((row) => keyOf(row['accountId']))
  const names = await titlesOf(ctx, 'crm.accounts:account', ids)
  const active = await lastActivities(ctx, ids)
  const late = await overdueInvoices(ctx)
  const accounts = customers
    .flatMap((row) => {
      const accountId = keyOf(row['accountId'])
      const name = accountId === null ? undefined : names.get(accountId)
      // An account that the reader may not see is none of their customers.
      if (accountId === null || name === undefined) return []
      const lastWon = keyOf(row['last'])
      const lastActivity = active.get(accountId) ?? null
      const since = (day: string | null) => (day === null ? null : daysBetween(day, today))
      return [
        {
          accountId,
          name,
          wonValue: moneyList(row['wonValue'], ctx.org.currency),
          lastWon,
          lastActivity,
          openDeals: Number(row['open']),
          ...churnRisk(
            {
              daysSinceWon: since(lastWon),
              daysSinceActivity: since(
                lastActivity && dayIn(new Date(lastActivity), ctx.org.timeZone),
              ),
              openDeals: Number(row['open']),
              overdueInvoices: late.get(accountId) ?? 0,
            },
            quietDays,
            say,
          ),
        },
      ]
    })
    .sort((one, other) => other.score - one.score || one.name.localeCompare(other.name))
  const levels = { high: 0, medium: 0, low: 0 }
  for (const { level } of accounts) levels[level]++
  return {
    quietDays,
    customers: accounts.length,
    isPartial: data.length >= 1000,
    levels,
    accounts: accounts.slice(0, input.limit ?? 20),
    summary:
      accounts.length === 0
        ? [say('churn.none')]
        : [say('churn.high', { high: levels.high, count: accounts.length })],
  }
}

async function lastActivities(ctx: HandlerContext, ids: readonly (string | null)[]) {
  const entity = 'crm.activities:activity'
  const last = new Map<string, string>()
  if (!ctx.model.entity(entity)?.can.read) return last
  const known = ids.filter((id) => id !== null)
  for (let start = 0; start < known.length; start += 100) {
    const filter: Filter = { 'about.id': { $in: known.slice(start, start + 100) } }
    const { data } = await ctx.records.aggregate(entity, {
      filter,
      groupBy: [{ field: 'about.id' }],
      measures: { last: { max: 'doneAt' } },
      limit: 1000,
    })
    for (const row of data)
      if (typeof row['last'] === 'string') last.set(String(row['about.id']), row['last'])
  }
  return last
}

async function overdueInvoices(ctx: HandlerContext) {
  const entity = 'crm.invoices:invoice'
  const counts = new Map<string, number>()
  if (!ctx.model.entity(entity)?.can.read) return counts
  const { data } = await ctx.records.aggregate(entity, {
    filter: { status: 'overdue', accountId: { $exists: true } },
    groupBy: [{ field: 'accountId' }],
    measures: { n: { count: '*' } },
    limit: 1000,
  })
  for (const row of data) counts.set(String(row['accountId']), Number(row['n']))
  return counts
}
