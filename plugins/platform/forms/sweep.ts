import { type HandlerContext, removeRecords } from '@runwaycrm/sdk'
import { submissionEntity } from './definition.ts'

const dayMs = 86_400_000

/** Removes what was held back and nobody let in. What made a record stays: it is where that came from. */
export async function sweep(_tick: unknown, ctx: HandlerContext): Promise<void> {
  const { heldDays } = await ctx.settings<{ heldDays: number }>('guard')
  if (heldDays === 0) return
  const before = new Date(ctx.now.getTime() - heldDays * dayMs).toISOString()
  await removeRecords(ctx, submissionEntity, { state: 'held', createdAt: { $lt: before } })
}
