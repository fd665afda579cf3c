import type { HandlerContext } from '@runwaycrm/sdk'
import { type DigestPeriod, lastDigest } from './due-digests.ts'
import { notificationEntity, topics } from './kinds.ts'
import { preferencesOf } from './preferences.ts'
import { waiting } from './send-digest.ts'

const periods: readonly DigestPeriod[] = ['daily', 'weekly']
/** More have their turn with the next look. */
const mostPeople = 1_000

/** Looks for whom something waits that a summary is due to tell, and lets each be written by a job of its own. */
export async function planDigests(_tick: unknown, ctx: HandlerContext): Promise<void> {
  const { data } = await ctx.records.aggregate(notificationEntity, {
    filter: waiting(ctx.now),
    groupBy: [{ field: 'ownerId' }],
    measures: { oldest: { min: 'createdAt' } },
    limit: mostPeople,
  })
  const oldest = new Map(data.map((row) => [String(row['ownerId']), String(row['oldest'])]))
  for (const [userId, preferences] of await preferencesOf(ctx, [...oldest.keys()])) {
    for (const period of periods) {
      if (!topics.some((topic) => preferences.mail[topic] === period)) continue
      const slot = lastDigest(period, preferences, ctx.now)
      if (oldest.get(userId)! >= slot || (await isSent(ctx, userId, period, slot))) continue
      const dedupeKey = `${userId} ${period} ${slot}`
      await ctx.jobs.enqueue('digest', { userId, period, slot }, { dedupeKey })
    }
  }
}

async function isSent(
  ctx: HandlerContext,
  userId: string,
  period: DigestPeriod,
  slot: string,
): Promise<boolean> {
  const where = { userId, slot: `${period} ${slot}` }
  const [row] = await ctx.tables.select('digest', { where, limit: 1 })
  return row !== undefined && row['doneAt'] !== null
}
