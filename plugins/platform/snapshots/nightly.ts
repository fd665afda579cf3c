import type { HandlerContext } from '@runwaycrm/sdk'
import { snapshotEntity, stepSize } from './snapshot.ts'
import { begin } from './take.ts'

interface Settings {
  readonly every: 'off' | 'daily' | 'weekly'
  readonly keep: number
}

const dayMs = 86_400_000
/** For so long a snapshot that was deleted can still be brought back. */
const graceMs = dayMs

/** Takes what is due, lets go of what is more than is kept, and of copies whose snapshot is gone. */
export async function nightly(_tick: unknown, ctx: HandlerContext): Promise<void> {
  const { every, keep } = await ctx.settings<Settings>('snapshots')
  const scheduled = { origin: 'schedule' }
  if (every !== 'off') {
    const { data } = await ctx.records.list(snapshotEntity, {
      filter: scheduled,
      sort: '-takenAt',
      fields: ['takenAt'],
      limit: stepSize,
    })
    const last = Date.parse(String(data[0]?.['takenAt'] ?? 0)) || 0
    // An hour less than the time between: a night is not always as long as the one before.
    const restMs = (every === 'daily' ? dayMs : 7 * dayMs) - dayMs / 24
    const isDue = ctx.now.getTime() - last >= restMs
    if (isDue) await begin(ctx, {}, 'schedule')
    const old = data.slice(isDue ? keep - 1 : keep).map(({ id }) => ({ id }))
    if (old.length > 0) await ctx.records.bulk(snapshotEntity, { delete: old })
  }
  await removeCopies(ctx)
}

async function removeCopies(ctx: HandlerContext): Promise<void> {
  const before = new Date(ctx.now.getTime() - graceMs).toISOString()
  for (let cursor: string | null | undefined; cursor !== null; ) {
    ctx.signal.throwIfAborted()
    const { data, page } = await ctx.records.list(snapshotEntity, {
      deleted: 'only',
      filter: { updatedAt: { $lt: before } },
      fields: ['id'],
      limit: stepSize,
      ...(cursor ? { cursor } : {}),
    })
    for (const { id } of data) await ctx.tables.delete('copy', { snapshot: id })
    cursor = page.nextCursor
  }
}
