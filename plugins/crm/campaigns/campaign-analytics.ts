import {
  addMoney,
  amountIn,
  type Filter,
  type HandlerContext,
  type Money,
  moneyList,
  optionsOf,
  percentOf,
  type RecordData,
  sayTo,
} from '@runwaycrm/sdk'
import { campaignEntity, memberEntity } from './add-to-campaign.ts'

const leadEntity = 'crm.leads:lead'

/** What campaigns brought, as far as the reader may see it. */
export async function campaignAnalytics(
  { campaignId }: { readonly campaignId?: string },
  ctx: HandlerContext,
) {
  const campaigns = campaignId
    ? [await ctx.records.get(campaignEntity, campaignId)]
    : (await ctx.records.list(campaignEntity, { sort: '-startDate', limit: 50 })).data
  const ids = campaigns.map(({ id }) => id)
  const members = await membersOf(ctx, ids)
  const leads = await leadsOf(ctx, ids)
  const rows = campaigns.map((campaign) =>
    analyse(campaign, members.get(campaign.id), leads.get(campaign.id), ctx.org.currency),
  )
  const say = sayTo(ctx)
  const best = rows.toSorted(
    (one, other) => (other.returnPercent ?? -Infinity) - (one.returnPercent ?? -Infinity),
  )[0]
  return {
    currency: ctx.org.currency,
    campaigns: rows,
    total: {
      members: rows.reduce((sum, { members: { count } }) => sum + count, 0),
      leads: rows.reduce((sum, { leads: { count } }) => sum + count, 0),
      won: rows.reduce((sum, { leads: { won } }) => sum + won, 0),
      wonValue: addMoney(
        rows.map(({ leads: { wonValue } }) => wonValue),
        ctx.org.currency,
      ),
    },
    summary:
      rows.length === 0
        ? [say('analytics.none')]
        : [
            // Less than all of the budget lost, so something came in.
            best && best.returnPercent !== null && best.returnPercent > -100
              ? say('analytics.best', {
                  name: best.name,
                  percent: { percent: best.returnPercent },
                })
              : say('analytics.noneCounted'),
          ],
  }
}

interface Members {
  readonly count: number
  readonly byStatus: Readonly<Record<string, number>>
  readonly responded: number
}

interface Leads {
  readonly count: number
  readonly converted: number
  readonly won: number
  readonly wonValue: readonly Money[]
}

function analyse(
  campaign: RecordData,
  members: Members = { count: 0, byStatus: {}, responded: 0 },
  leads: Leads = { count: 0, converted: 0, won: 0, wonValue: [] },
  currency: string,
) {
  const budget = campaign['budget'] as Money | null | undefined
  // A return across currencies would be made up.
  const spent = budget?.currency === currency ? Number(budget.amount) : 0
  const earned = amountIn(leads.wonValue, currency)
  return {
    campaignId: campaign.id,
    name: String(campaign['name']),
    status: String(campaign['status']),
    budget: budget ?? null,
    members: { ...members, responseRate: percentOf(members.responded, members.count) },
    leads: { ...leads, conversionRate: percentOf(leads.converted, leads.count) },
    costPerLead:
      spent > 0 && leads.count > 0 ? { amount: (spent / leads.count).toFixed(2), currency } : null,
    returnPercent: spent > 0 ? Math.round(((earned - spent) / spent) * 1000) / 10 : null,
  }
}

async function membersOf(ctx: HandlerContext, ids: readonly string[]) {
  const found = new Map<string, Members>()
  if (ids.length === 0) return found
  const { data } = await ctx.records.aggregate(memberEntity, {
    filter: { campaignId: { $in: [...ids] } },
    groupBy: [{ field: 'campaignId' }, { field: 'status' }],
    measures: {
      n: { count: '*' },
      responded: { count: '*', filter: { respondedAt: { $exists: true } } },
    },
    limit: 1000,
  })
  for (const row of data) {
    const id = String(row['campaignId'])
    const present = found.get(id) ?? { count: 0, byStatus: {}, responded: 0 }
    const count = Number(row['n'])
    found.set(id, {
      count: present.count + count,
      byStatus: { ...present.byStatus, [String(row['status'])]: count },
      responded: present.responded + Number(row['responded']),
    })
  }
  return found
}

/** Leads that name the campaign, and the deals that they became. */
async function leadsOf(ctx: HandlerContext, ids: readonly string[]) {
  const found = new Map<string, Leads>()
  if (ids.length === 0 || !ctx.model.entity(leadEntity)?.can.read) return found
  const won = optionsOf(ctx.model.entity('crm.opportunities:opportunity'), 'stage')
    .filter(({ category }) => category === 'won')
    .map(({ key }) => key)
  const isWon: Filter = { 'opportunity.stage': { $in: won } }
  const { data } = await ctx.records.aggregate(leadEntity, {
    filter: { campaignId: { $in: [...ids] } },
    groupBy: [{ field: 'campaignId' }],
    measures: {
      n: { count: '*' },
      converted: { count: '*', filter: { status: 'converted' } },
      won: { count: '*', filter: isWon },
      wonValue: { sum: 'opportunity.value', filter: isWon },
    },
    limit: 1000,
  })
  for (const row of data)
    found.set(String(row['campaignId']), {
      count: Number(row['n']),
      converted: Number(row['converted']),
      won: Number(row['won']),
      wonValue: moneyList(row['wonValue'], ctx.org.currency),
    })
  return found
}
