import {
  addMoney,
  amountIn,
  type Filter,
  type HandlerContext,
  InvalidError,
  momentsOf,
  sayTo,
} from '@runwaycrm/sdk'
import { titlesOf } from './counts.ts'
import { closedDeals, figuresOf, keyOf, openDeals } from './deal-figures.ts'
import { type PeriodInput, periodOf } from './periods.ts'

export interface TeamInput extends PeriodInput {
  readonly team?: string
}

/** What each owner won, lost, has open and did; those without an owner are one line. */
export async function teamPerformance(input: TeamInput, ctx: HandlerContext) {
  const period = periodOf(input, ctx)
  const { currency } = ctx.org
  const team = input.team ? await findTeam(ctx, input.team) : null
  const filter: Filter = team ? { ownerId: { $in: [...team.memberIds] } } : {}
  const closed = await closedDeals(ctx, period, { by: 'ownerId', filter })
  const open = await openDeals(ctx, { by: 'ownerId', filter })
  const done = await activitiesBy(ctx, {
    $and: [filter, { doneAt: momentsOf(period, ctx.org.timeZone) }],
  })
  const ids = [...new Set([...closed.keys(), ...open.keys(), ...done.keys()])]
  const names = await titlesOf(ctx, 'kernel:user', ids)
  const members = ids
    .map((id) => {
      const figures = closed.get(id) ?? figuresOf(0, 0, [])
      return {
        ownerId: id,
        owner: id === null ? null : (names.get(id) ?? null),
        ...figures,
        open: open.get(id) ?? { count: 0, value: [] },
        activities: done.get(id) ?? 0,
      }
    })
    .sort(
      (one, other) =>
        amountIn(other.wonValue, currency) - amountIn(one.wonValue, currency) ||
        other.won - one.won ||
        String(one.owner).localeCompare(String(other.owner)),
    )
  const sum = (pick: (member: (typeof members)[number]) => number) =>
    members.reduce((total, member) => total + pick(member), 0)
  const say = sayTo(ctx)
  const best = members.find(({ owner, won }) => owner !== null && won > 0)
  return {
    period,
    currency,
    team: team && { id: team.id, name: team.name },
    members,
    total: {
      ...figuresOf(
        sum(({ won }) => won),
        sum(({ lost }) => lost),
        addMoney(
          members.map(({ wonValue }) => wonValue),
          currency,
        ),
      ),
      activities: sum(({ activities }) => activities),
    },
    summary:
      members.length === 0
        ? [say('team.nothing')]
        : [
            best
              ? say('team.best', { name: String(best.owner), count: best.won })
              : say('team.noneWon'),
          ],
  }
}

async function activitiesBy(ctx: HandlerContext, filter: Filter) {
  const entity = 'crm.activities:activity'
  const counts = new Map<string | null, number>()
  if (!ctx.model.entity(entity)?.can.read) return counts
  const { data } = await ctx.records.aggregate(entity, {
    filter,
    groupBy: [{ field: 'ownerId' }],
    measures: { n: { count: '*' } },
    limit: 1000,
  })
  for (const row of data) counts.set(keyOf(row['ownerId']), Number(row['n']))
  return counts
}

/** By id or name. @throws InvalidError UNKNOWN_RECORD, AMBIGUOUS */
async function findTeam(ctx: HandlerContext, text: string) {
  const wanted = text.trim()
  const isId = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(wanted)
  const { data } = await ctx.records.list('kernel:team', {
    filter: isId ? { id: wanted } : { name: { $contains: wanted } },
    fields: ['name'],
    limit: 10,
  })
  const exact = data.filter((team) => String(team['name']).toLowerCase() === wanted.toLowerCase())
  const [team, more] = exact.length > 0 ? exact : data
  if (!team || more) {
    const message = team ? `"${wanted}" fits several teams.` : `There is no team "${wanted}".`
    const code = team ? 'AMBIGUOUS' : 'UNKNOWN_RECORD'
    throw new InvalidError(message, { errors: [{ path: 'input.team', code, message }] })
  }
  const memberIds: string[] = []
  for (let offset = 0; ; offset += 200) {
    const members = await ctx.records.list('kernel:user', {
      filter: { teamId: team.id },
      fields: ['name'],
      limit: 200,
      offset,
    })
    memberIds.push(...members.data.map(({ id }) => id))
    if (members.data.length < 200) break
  }
  return { id: team.id, name: String(team['name']), memberIds }
}
