import {
  addMoney,
  type HandlerContext,
  momentsOf,
  moneyList,
  optionsOf,
  percentOf,
  sayTo,
} from '@runwaycrm/sdk'
import { keyOf, stageKeys } from './deal-figures.ts'
import { type PeriodInput, periodOf } from './periods.ts'

const leadEntity = 'crm.leads:lead'

/** Leads that came in a period by where they came from, and what became of them until now. */
export async function leadSourceReport(input: PeriodInput, ctx: HandlerContext) {
  const period = periodOf(input, ctx)
  const { currency } = ctx.org
  const isWon = { 'opportunity.stage': { $in: stageKeys(ctx).won } }
  const { data } = await ctx.records.aggregate(leadEntity, {
    filter: { createdAt: momentsOf(period, ctx.org.timeZone) },
    groupBy: [{ field: 'source' }],
    measures: {
      n: { count: '*' },
      qualified: { count: '*', filter: { status: { $in: ['qualified', 'converted'] } } },
      converted: { count: '*', filter: { status: 'converted' } },
      won: { count: '*', filter: isWon },
      wonValue: { sum: 'opportunity.value', filter: isWon },
    },
    limit: 1000,
  })
  const options = optionsOf(ctx.model.entity(leadEntity, ctx.language), 'source')
  const labels = new Map(options.map(({ key, label }) => [key, label]))
  const sources = data
    .map((row) => {
      const source = keyOf(row['source'])
      const leads = Number(row['n'])
      const converted = Number(row['converted'])
      return {
        source,
        label: source === null ? null : (labels.get(source) ?? source),
        leads,
        qualified: Number(row['qualified']),
        converted,
        conversionRate: percentOf(converted, leads),
        won: Number(row['won']),
        wonValue: moneyList(row['wonValue'], currency),
      }
    })
    .sort(
      (one, other) =>
        other.leads - one.leads || String(one.label).localeCompare(String(other.label)),
    )
  const sum = (pick: (one: (typeof sources)[number]) => number) =>
    sources.reduce((total, one) => total + pick(one), 0)
  const leads = sum((one) => one.leads)
  const converted = sum((one) => one.converted)
  const say = sayTo(ctx)
  return {
    period,
    currency,
    sources,
    total: {
      leads,
      qualified: sum((one) => one.qualified),
      converted,
      conversionRate: percentOf(converted, leads),
      won: sum((one) => one.won),
      wonValue: addMoney(
        sources.map(({ wonValue }) => wonValue),
        currency,
      ),
    },
    summary:
      leads === 0
        ? [say('sources.none')]
        : [
            say('sources.most', {
              source: sources[0]?.label ?? say('sources.noSource'),
              count: sources[0]?.leads ?? 0,
            }),
          ],
  }
}
