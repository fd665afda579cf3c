import {
  addDays,
  addMonths,
  dayIn,
  type Filter,
  findMember,
  type HandlerContext,
  lastQuarter,
  moneyOf,
  percentOf,
  type RecordData,
  type Records,
  rangeOf,
  sayTo,
} from '@runwaycrm/sdk'
import { addUp, historyOf, sumClosed, sumDeals } from './deal-sums.ts'
import { estimateWithoutValue, winRateOf } from './forecast.ts'
import { type AgeGroup, agesOf, coverageOf, findingsOf } from './health.ts'
import { opportunityEntity, pipelineSettings } from './settings.ts'
import { keysOf, probabilityOf, stagesOf } from './stages.ts'

export interface HealthInput {
  readonly owner?: string
  readonly stuckAfterDays?: number
}

/** How the pipeline stands, in the organisation's currency. */
export async function pipelineHealth(input: HealthInput, ctx: HandlerContext) {
  const { records } = ctx
  const { currency, timeZone } = ctx.org
  const today = dayIn(ctx.now, timeZone)
  const settings = await pipelineSettings(ctx)
  const stages = stagesOf(ctx.model.entity(opportunityEntity, ctx.language))
  const owner = input.owner ? await findMember(ctx, input.owner, 'input.owner') : null
  const mine: Filter = owner ? { ownerId: owner.id } : {}
  const openDeals: Filter = { ...mine, stage: { $in: keysOf(stages, 'open') } }
  const won = keysOf(stages, 'won')
  const quarter = rangeOf('this_quarter', today)

  const open = await sumDeals(records, openDeals, currency)
  const { sums: past, from: historyFrom } = await sumClosed(
    records,
    { ...mine, stage: { $in: [...won, ...keysOf(stages, 'lost')] } },
    { since: addMonths(today, -settings.historyMonths), until: today },
    currency,
  )
  const soon = await sumDeals(records, { ...openDeals, closeDate: { $lte: quarter.to } }, currency)
  const wonIn = async (range: { from: string; to: string }) =>
    total(
      await sumDeals(
        records,
        { ...mine, stage: { $in: won }, closeDate: { $gte: range.from, $lte: range.to } },
        currency,
      ),
    )
  // The target in the settings is everybody's, so one person is measured against their last quarter.
  const fromSettings = settings.quarterTarget > 0 && !owner
  const target = fromSettings ? settings.quarterTarget : await wonIn(lastQuarter(today))
  const coverage = coverageOf(target, await wonIn(quarter), total(soon))
  const stuckAfterDays = input.stuckAfterDays ?? settings.stuckAfterDays
  const stuck = await topDeals(records, {
    ...openDeals,
    updatedAt: { $lt: `${addDays(today, -stuckAfterDays)}T00:00:00.000Z` },
  })
  const overdue = await topDeals(records, { ...openDeals, closeDate: { $lt: today } })

  const money = (amount: number) => moneyOf(amount, currency)
  const { all } = historyOf(past, won)
  const rate = winRateOf(all)
  const winRate = rate === null ? null : Math.round(rate * 1000) / 10
  const wonValue = total(past.filter((sum) => won.includes(sum.stage)))
  const averageWon = all.won > 0 ? wonValue / all.won : 0
  const guess = estimateWithoutValue(open, stages, settings.probabilities, averageWon)
  const openCount = open.reduce((count, sum) => count + sum.count, 0)
  return {
    owner,
    currency,
    stages: stages
      .filter((stage) => stage.category === 'open')
      .map((stage) => {
        const sums = open.filter((sum) => sum.stage === stage.key)
        const probability = probabilityOf(stage, settings.probabilities) ?? 0
        return {
          stage: stage.key,
          label: stage.label,
          count: sums.reduce((count, sum) => count + sum.count, 0),
          value: money(total(sums)),
          probability,
          weighted: money((total(sums) * probability) / 100),
        }
      }),
    open: { count: openCount, value: money(total(open)) },
    withoutValue: { count: guess.count, weighted: money(guess.weighted) },
    closed: {
      from: historyFrom,
      won: all.won,
      lost: all.lost,
      winRate,
      winRateByValue: percentOf(wonValue, total(past)),
      averageWon: all.won > 0 ? money(averageWon) : null,
    },
    coverage: {
      quarter,
      target: money(coverage.target),
      targetFrom: fromSettings ? 'settings' : 'last_quarter',
      won: money(coverage.won),
      open: money(coverage.open),
      ratio: coverage.ratio,
    },
    ageDays: agesOf(await beginnings(records, openDeals), today),
    stuck: { afterDays: stuckAfterDays, ...stuck },
    overdue,
    findings: findingsOf(
      {
        openCount,
        stuckCount: stuck.count,
        stuckAfterDays,
        overdueCount: overdue.count,
        coverage,
        winRate,
        withoutValue: guess.count,
      },
      sayTo(ctx),
    ),
    otherCurrencies: addUp(open.flatMap((sum) => sum.others)),
  }
}

/** A deal begins when talks do, or else when it was entered. */
async function beginnings(records: Records, filter: Filter): Promise<AgeGroup[]> {
  const byDay = async (field: 'engageDate' | 'createdAt', engaged: boolean) => {
    const { data } = await records.aggregate(opportunityEntity, {
      filter: { ...filter, engageDate: { $exists: engaged } },
      groupBy: [{ field, bucket: 'day' }],
      measures: { n: { count: '*' } },
      sort: '-n',
      limit: 1000,
    })
    return data.map((row) => ({ day: String(row[field]).slice(0, 10), count: Number(row['n']) }))
  }
  return [...(await byDay('engageDate', true)), ...(await byDay('createdAt', false))]
}

/** How many there are, and the ten of the greatest value. */
async function topDeals(records: Records, filter: Filter) {
  const { data, page } = await records.list(opportunityEntity, {
    filter,
    fields: ['name', 'stage', 'value', 'closeDate', 'ownerId', 'updatedAt'],
    sort: '-value',
    limit: 10,
    count: 'exact',
  })
  return { count: page.count ?? data.length, deals: data.map(shortDeal) }
}

function shortDeal(deal: RecordData) {
  const { id, name, stage, value, closeDate, ownerId, updatedAt } = deal as Record<string, unknown>
  return { id, name, stage, value, closeDate, ownerId, updatedAt }
}

function total(sums: readonly { readonly value: number }[]): number {
  return sums.reduce((sum, one) => sum + one.value, 0)
}
