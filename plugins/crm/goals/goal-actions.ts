import {
  addDays,
  dayIn,
  findMember,
  type HandlerContext,
  optionLabel,
  optionsOf,
  type RecordData,
  sayTo,
} from '@runwaycrm/sdk'
import { measureGoal } from './measure.ts'
import { paceOf } from './pace.ts'

export const goalEntity = 'crm.goals:goal'

export interface SetGoalInput {
  readonly name?: string
  readonly measure: 'won_value' | 'deals_won' | 'activities'
  readonly target: number
  readonly from: string
  readonly to: string
  readonly member?: string
  readonly teamId?: string
}

export async function setGoal(input: SetGoalInput, ctx: HandlerContext) {
  const { measure, target, from, to, teamId } = input
  const member = input.member ? await findMember(ctx, input.member, 'input.member') : null
  const name =
    input.name?.trim() || [nameOf(measure, ctx), member?.name].filter((word) => word).join(', ')
  const goal = await ctx.records.create(goalEntity, {
    name,
    measure,
    target,
    from,
    to,
    memberId: member?.id ?? null,
    teamId: teamId ?? null,
  })
  return { goalId: goal.id, name }
}

/** What is counted, as everybody here reads it. */
function nameOf(measure: SetGoalInput['measure'], ctx: HandlerContext): string {
  const goals = ctx.model.entity(goalEntity, ctx.org.locale)
  return optionLabel(optionsOf(goals, 'measure'), measure)
}

/** One goal or all that run today, measured now and with the reader's eyes. */
export async function goalProgress({ goalId }: { readonly goalId?: string }, ctx: HandlerContext) {
  const today = dayIn(ctx.now, ctx.org.timeZone)
  const running = { from: { $lte: today }, to: { $gte: today }, status: { $ne: 'dropped' } }
  const goals = goalId
    ? [await ctx.records.get(goalEntity, goalId)]
    : (await ctx.records.list(goalEntity, { filter: running, sort: 'to', limit: 100 })).data
  const answers = []
  for (const goal of goals) answers.push(await progressOf(goal, today, ctx))
  const behind = answers.filter(({ pace }) => pace === 'behind').length
  const say = sayTo(ctx)
  return {
    currency: ctx.org.currency,
    goals: answers,
    summary:
      answers.length === 0
        ? [say('progress.none')]
        : [say('progress.behind', { behind, count: answers.length })],
  }
}

async function progressOf(goal: RecordData, today: string, ctx: HandlerContext) {
  const { reached, percent, otherCurrencies } = await measureGoal(goal, ctx)
  const range = { from: String(goal['from']), to: String(goal['to']) }
  const target = Number(goal['target'] ?? 0)
  return {
    goalId: goal.id,
    name: String(goal['name']),
    measure: String(goal['measure']),
    ...range,
    memberId: goal['memberId'] ?? null,
    teamId: goal['teamId'] ?? null,
    target,
    reached,
    percent,
    left: Math.max(0, Math.round((target - reached) * 10_000) / 10_000),
    pace: paceOf(reached, target, range, today),
    otherCurrencies,
  }
}

/** Writes down the progress of goals that run or ended within a month. */
export async function measureGoals(_input: object, ctx: HandlerContext) {
  const today = dayIn(ctx.now, ctx.org.timeZone)
  const { data } = await ctx.records.list(goalEntity, {
    filter: {
      from: { $lte: today },
      to: { $gte: addDays(today, -31) },
      status: { $ne: 'dropped' },
    },
    sort: 'to',
    limit: 200,
  })
  const update = []
  for (const goal of data) {
    const { reached, percent } = await measureGoal(goal, ctx)
    const range = { from: String(goal['from']), to: String(goal['to']) }
    const pace = paceOf(reached, Number(goal['target'] ?? 0), range, today)
    const status = pace === 'reached' || pace === 'missed' ? pace : 'active'
    const isSame = goal['progress'] === reached && goal['status'] === status
    if (isSame) continue
    update.push({
      id: goal.id,
      progress: reached,
      progressPercent: percent,
      status,
      measuredAt: ctx.now.toISOString(),
    })
  }
  if (update.length > 0) await ctx.records.bulk(goalEntity, { update, atomic: false })
  return { measured: update.length }
}
