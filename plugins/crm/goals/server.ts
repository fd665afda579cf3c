import { defineHandlers, type HandlerContext } from '@runwaycrm/sdk'
import { checkGoal } from './check-goal.ts'
import { goalProgress, measureGoals, setGoal } from './goal-actions.ts'
import { seedSample } from './sample.ts'

export const handlers = defineHandlers({
  checkGoal,
  setGoal,
  goalProgress,
  measureGoals,
  async measureJob(_input: unknown, ctx: HandlerContext) {
    await measureGoals({}, ctx)
  },
  seedSample,
})
