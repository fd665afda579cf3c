import {
  amountIn,
  type Filter,
  type HandlerContext,
  type Money,
  momentsOf,
  optionsOf,
  othersThan,
  percentOf,
  type RecordData,
} from '@runwaycrm/sdk'

const dealEntity = 'crm.opportunities:opportunity'
const activityEntity = 'crm.activities:activity'

export interface Measured {
  readonly reached: number
  /** One decimal; null of a target of nothing. */
  readonly percent: number | null
  /** What was won in other currencies, which a target does not count. */
  readonly otherCurrencies: readonly Money[]
}

/** How far a goal is, from what the reader may see. */
export async function measureGoal(goal: RecordData, ctx: HandlerContext): Promise<Measured> {
  const owners = await ownersOf(goal, ctx)
  const range = { from: String(goal['from']), to: String(goal['to']) }
  const target = Number(goal['target'] ?? 0)
  const answer = (reached: number, otherCurrencies: readonly Money[] = []) => ({
    reached,
    percent: percentOf(reached, target),
    otherCurrencies,
  })
  if (goal['measure'] === 'activities') {
    const { data } = await ctx.records.aggregate(activityEntity, {
      filter: { ...owners, doneAt: momentsOf(range, ctx.org.timeZone) },
      measures: { n: { count: '*' } },
    })
    return answer(Number(data[0]?.['n'] ?? 0))
  }
  const { data } = await ctx.records.aggregate(dealEntity, {
    filter: {
      ...owners,
      stage: { $in: wonStages(ctx) },
      closeDate: { $gte: range.from, $lte: range.to },
    },
    measures: { n: { count: '*' }, value: { sum: 'value' } },
  })
  const { n = 0, value } = data[0] ?? {}
  if (goal['measure'] === 'deals_won') return answer(Number(n))
  return answer(amountIn(value, ctx.org.currency), othersThan(value, ctx.org.currency))
}

function wonStages(ctx: HandlerContext): string[] {
  const stages = optionsOf(ctx.model.entity(dealEntity), 'stage')
  return stages.filter(({ category }) => category === 'won').map(({ key }) => key)
}

/** Whose records count: the member's, those of the team's members, or everybody's. */
async function ownersOf(goal: RecordData, ctx: HandlerContext): Promise<Filter> {
  if (typeof goal['memberId'] === 'string') return { ownerId: goal['memberId'] }
  if (typeof goal['teamId'] !== 'string') return {}
  const ids: string[] = []
  for (let offset = 0; ; offset += 200) {
    const { data } = await ctx.records.list('kernel:user', {
      filter: { teamId: goal['teamId'] },
      fields: ['name'],
      limit: 200,
      offset,
    })
    ids.push(...data.map(({ id }) => id))
    if (data.length < 200) return { ownerId: { $in: ids } }
  }
}
