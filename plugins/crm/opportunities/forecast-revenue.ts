import {
  addMonths,
  type DayRange,
  dayIn,
  type Filter,
  findMember,
  type HandlerContext,
  InvalidError,
  moneyOf,
  monthsOf,
  type Period,
  rangeOf,
} from '@runwaycrm/sdk'
import { addUp, type GroupSum, historyOf, memberNames, sumClosed, sumDeals } from './deal-sums.ts'
import {
  estimateWithoutValue,
  type Forecast,
  forecastOf,
  winRateFor,
  winRateOf,
} from './forecast.ts'
import { opportunityEntity, pipelineSettings } from './settings.ts'
import { keysOf, stagesOf } from './stages.ts'

export interface ForecastInput {
  readonly period: Period | 'custom'
  readonly from?: string
  readonly to?: string
  readonly owner?: string
}

/** What a period is likely to bring, in the organisation's currency. */
export async function forecastRevenue(input: ForecastInput, ctx: HandlerContext) {
  const { currency, timeZone } = ctx.org
  const today = dayIn(ctx.now, timeZone)
  const range = rangeFrom(input, today)
  const settings = await pipelineSettings(ctx)
  const { probabilities } = settings
  const stages = stagesOf(ctx.model.entity(opportunityEntity))
  const owner = input.owner ? await findMember(ctx, input.owner, 'input.owner') : null
  const mine: Filter = owner ? { ownerId: owner.id } : {}
  const within: Filter = { ...mine, closeDate: { $gte: range.from, $lte: range.to } }
  const open = keysOf(stages, 'open')
  const won = keysOf(stages, 'won')
  const closed = [...won, ...keysOf(stages, 'lost')]
  const since = addMonths(today, -settings.historyMonths)
  const { records } = ctx

  const byMonth = await sumDeals(records, within, currency, { field: 'closeDate', bucket: 'month' })
  const byOwner = await sumDeals(records, within, currency, { field: 'ownerId' })
  const undated = await sumDeals(
    records,
    { ...mine, stage: { $in: open }, closeDate: null },
    currency,
  )
  const { sums: past, from: historyFrom } = await sumClosed(
    records,
    { stage: { $in: closed } },
    { since, until: today },
    currency,
    { field: 'ownerId' },
  )

  const history = historyOf(past, won)
  const everybody = winRateOf(history.all)
  const winRate = owner ? winRateFor(history.byOwner.get(owner.id), everybody) : everybody
  const reckon = (sums: readonly GroupSum[], rate: number | null) =>
    forecastOf(sums, stages, probabilities, rate)
  const total = reckon(byMonth, winRate)
  const names = await memberNames(
    records,
    byOwner.map((sum) => sum.group),
  )
  const wonBefore = past.filter((sum) => won.includes(sum.stage))
  const averageWon = average(wonBefore)
  const guess = estimateWithoutValue([...byMonth, ...undated], stages, probabilities, averageWon)
  const undatedTotal = reckon(undated, winRate)
  const money = (amount: number) => moneyOf(amount, currency)

  return {
    period: { name: input.period, ...range },
    owner,
    currency,
    winRate: winRate === null ? null : Math.round(winRate * 1000) / 10,
    // Null when it is all of the past.
    historyFrom,
    ...inMoney(total, currency),
    expected: {
      weighted: money(total.won + total.weighted),
      historical: total.historical === null ? null : money(total.won + total.historical),
    },
    byMonth: monthsOf(range).map((month) => ({
      month: month.slice(0, 7),
      ...inMoney(
        reckon(
          byMonth.filter((sum) => sum.group?.slice(0, 7) === month.slice(0, 7)),
          winRate,
        ),
        currency,
      ),
    })),
    byOwner: [...Map.groupBy(byOwner, (sum) => sum.group)]
      .map(([ownerId, sums]) => ({
        ownerId,
        owner: ownerId === null ? null : (names.get(ownerId) ?? null),
        forecast: reckon(sums, winRateFor(history.byOwner.get(ownerId), everybody)),
      }))
      .sort((one, other) => expected(other.forecast) - expected(one.forecast))
      .map(({ forecast, ...who }) => ({ ...who, ...inMoney(forecast, currency) })),
    undated: {
      count: undatedTotal.openCount,
      value: money(undatedTotal.open),
      weighted: money(undatedTotal.weighted),
    },
    withoutValue: {
      count: guess.count,
      averageWon: money(averageWon),
      weighted: money(guess.weighted),
    },
    otherCurrencies: addUp(byMonth.flatMap((sum) => sum.others)),
  }
}

function rangeFrom(input: ForecastInput, today: string): DayRange {
  if (input.period !== 'custom') return rangeOf(input.period, today)
  const { from, to } = input
  if (from && to && from <= to && to <= addMonths(from, 60)) return { from, to }
  const path = from && to ? 'input.to' : from ? 'input.to' : 'input.from'
  const message = 'A custom period takes from and to, in this order, at most five years apart.'
  const code = from && to ? 'OUT_OF_RANGE' : 'REQUIRED'
  throw new InvalidError(message, { errors: [{ path, code, message }] })
}

function inMoney(forecast: Forecast, currency: string) {
  return {
    won: { count: forecast.wonCount, value: moneyOf(forecast.won, currency) },
    open: { count: forecast.openCount, value: moneyOf(forecast.open, currency) },
    weighted: moneyOf(forecast.weighted, currency),
    historical: forecast.historical === null ? null : moneyOf(forecast.historical, currency),
  }
}

function expected(forecast: Forecast): number {
  return forecast.won + forecast.weighted
}

/** Of the deals that have a value. */
function average(sums: readonly GroupSum[]): number {
  const count = sums.reduce((total, sum) => total + sum.count - sum.withoutValue, 0)
  return count > 0 ? sums.reduce((total, sum) => total + sum.value, 0) / count : 0
}
