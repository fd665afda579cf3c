import type { Filter, HandlerContext } from '@runwaycrm/sdk'
import { notificationEntity } from './kinds.ts'

const days = 86_400_000
const keptMs = { read: 90 * days, digest: 60 * days } as const
const atOnce = 200
/** What is left, the next night takes. */
const mostRounds = 100

/** Removes what was read or archived long ago, and what is known of mails that were sent. */
export async function sweep(_tick: unknown, ctx: HandlerContext): Promise<void> {
  const before = (ageMs: number) => new Date(ctx.now.getTime() - ageMs).toISOString()
  const old: Filter = {
    $or: [{ readAt: { $lt: before(keptMs.read) } }, { archivedAt: { $lt: before(keptMs.read) } }],
  }
  for (let round = 0; round < mostRounds; round++) {
    ctx.signal.throwIfAborted()
    const { data } = await ctx.records.list(notificationEntity, {
      filter: old,
      fields: ['id'],
      limit: atOnce,
    })
    if (data.length === 0) break
    await ctx.records.bulk(notificationEntity, {
      delete: data.map(({ id }) => ({ id })),
      atomic: false,
    })
  }
  await ctx.tables.delete('digest', { at: { $lt: before(keptMs.digest) } })
}
