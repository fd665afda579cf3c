import { type Filter, type HandlerContext, removeRecords } from '@runwaycrm/sdk'
import { notificationEntity } from './kinds.ts'

const days = 86_400_000
const keptMs = { read: 90 * days, digest: 60 * days } as const

/** Removes what was read or archived long ago, and what is known of mails that were sent. */
export async function sweep(_tick: unknown, ctx: HandlerContext): Promise<void> {
  const before = (ageMs: number) => new Date(ctx.now.getTime() - ageMs).toISOString()
  const old: Filter = {
    $or: [{ readAt: { $lt: before(keptMs.read) } }, { archivedAt: { $lt: before(keptMs.read) } }],
  }
  await removeRecords(ctx, notificationEntity, old)
  await ctx.tables.delete('digest', { at: { $lt: before(keptMs.digest) } })
}
