import {
  type AggregateQuery,
  type DayRange,
  type Filter,
  type HandlerContext,
  type Money,
  moneyList,
  optionsOf,
  percentOf,
} from '@runwaycrm/sdk'

export const dealEntity = 'crm.opportunities:opportunity'

/** Deals that were closed within some days. Money is a list with one entry per currency. */
export interface DealFigures {
  readonly won: number
  readonly wonValue: readonly Money[]
  readonly lost: number
  /** Percent of those closed; null when none were. */
  readonly winRate: number | null
}

/** Keys of the stages by what they mean; an admin may have added some. */
export function stageKeys(ctx: HandlerContext) {
  const options = optionsOf(ctx.model.entity(dealEntity), 'stage')
  const of = (category: string) =>
    options.filter((option) => option.category === category).map(({ key }) => key)
  return { won: of('won'), lost: of('lost') }
}

/** What was won and lost within the days, by a field when one is named (null is a group of its own). */
export async function closedDeals(
  ctx: HandlerContext,
  range: DayRange,
  options: { readonly by?: string; readonly filter?: Filter } = {},
): Promise<ReadonlyMap<string | null, DealFigures>> {
  const { won, lost } = stageKeys(ctx)
  const { by, filter = {} } = options
  const query: AggregateQuery = {
    filter: {
      $and: [
        filter,
        { closeDate: { $gte: range.from, $lte: range.to }, stage: { $in: [...won, ...lost] } },
      ],
    },
    ...(by ? { groupBy: [{ field: by }] } : {}),
    measures: {
      won: { count: '*', filter: { stage: { $in: won } } },
      wonValue: { sum: 'value', filter: { stage: { $in: won } } },
      lost: { count: '*', filter: { stage: { $in: lost } } },
    },
    limit: 1000,
  }
  const { data } = await ctx.records.aggregate(dealEntity, query)
  return new Map(
    data.map((row) => [
      by ? keyOf(row[by]) : null,
      figuresOf(
        Number(row['won']),
        Number(row['lost']),
        moneyList(row['wonValue'], ctx.org.currency),
      ),
    ]),
  )
}

/** The same without groups. */
export async function closedDealsInAll(
  ctx: HandlerContext,
  range: DayRange,
  filter: Filter = {},
): Promise<DealFigures> {
  return (await closedDeals(ctx, range, { filter })).get(null) ?? figuresOf(0, 0, [])
}

export interface OpenFigures {
  readonly count: number
  readonly value: readonly Money[]
}

/** Deals that are neither won nor lost, by a field when one is named. */
export async function openDeals(
  ctx: HandlerContext,
  options: { readonly by?: string; readonly filter?: Filter } = {},
): Promise<ReadonlyMap<string | null, OpenFigures>> {
  const { won, lost } = stageKeys(ctx)
  const { by, filter = {} } = options
  const { data } = await ctx.records.aggregate(dealEntity, {
    filter: { $and: [filter, { stage: { $nin: [...won, ...lost] } }] },
    ...(by ? { groupBy: [{ field: by }] } : {}),
    measures: { n: { count: '*' }, value: { sum: 'value' } },
    limit: 1000,
  })
  return new Map(
    data.map((row) => [
      by ? keyOf(row[by]) : null,
      { count: Number(row['n']), value: moneyList(row['value'], ctx.org.currency) },
    ]),
  )
}

export function figuresOf(won: number, lost: number, wonValue: readonly Money[]): DealFigures {
  return { won, wonValue, lost, winRate: percentOf(won, won + lost) }
}

export function keyOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}
