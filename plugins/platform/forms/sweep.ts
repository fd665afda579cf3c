import type { HandlerContext } from '@runwaycrm/sdk'
import { submissionEntity } from './definition.ts'

const dayMs = 86_400_000
const atOnce = 200
/** What is left, the next night takes. */
const mostRounds = 100

/** Removes what was held back and nobody let in. What made a record stays: it is where that came from. */
export async function sweep(_tick: unknown, ctx: HandlerContext): Promise<void> {
  const { heldDays } = await ctx.settings<{ heldDays: number }>('guard')
  if (heldDays === 0) return
  const before = new Date(ctx.now.getTime() - heldDays * dayMs).toISOString()
  const filter = { state: 'held', createdAt: { $lt: before } }
  for (let round = 0; round < mostRounds; round++) {
    ctx.signal.throwIfAborted()
    const { data } = await ctx.records.list(submissionEntity, {
      ...{ filter, fields: ['id'], limit: atOnce },
    })
    if (data.length === 0) return
    const gone = data.map(({ id }) => ({ id }))
    await ctx.records.bulk(submissionEntity, { delete: gone, atomic: false })
  }
}
