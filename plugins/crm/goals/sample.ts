import {
  createInBatches,
  createSample,
  dayIn,
  type FieldValues,
  type HandlerContext,
  rangeOf,
} from '@runwaycrm/sdk'
import { goalEntity, measureGoals } from './goal-actions.ts'

/** A goal of everybody, one of each team and one of each rep, for the present quarter. */
export async function seedSample(_options: { size: 'small' | 'full' }, ctx: HandlerContext) {
  const sample = createSample(747, ctx.now)
  const quarter = rangeOf('this_quarter', dayIn(ctx.now, ctx.org.timeZone))
  const { data: teams } = await ctx.records.list('kernel:team', { sort: 'name', limit: 10 })
  const { data: reps } = await ctx.records.list('kernel:user', {
    filter: { roles: { $contains: 'platform.people:rep' } },
    sort: 'name',
    limit: 20,
  })
  const goal = (values: FieldValues): FieldValues => ({ ...quarter, ...values })
  await createInBatches(ctx.records, goalEntity, [
    goal({ name: 'Revenue of the quarter', measure: 'won_value', target: 400_000 }),
    ...teams.map((team) =>
      goal({ name: `Deals of ${team['name']}`, measure: 'deals_won', target: 20, teamId: team.id }),
    ),
    ...reps.map((rep) =>
      goal({
        name: `Activities of ${rep['name']}`,
        measure: 'activities',
        target: sample.whole(3, 8) * 5,
        memberId: rep.id,
        ownerId: rep.id,
      }),
    ),
  ])
  await measureGoals({}, ctx)
}
