import { type Filter, type HandlerContext, removeRecords } from '@runwaycrm/sdk'
import { deliveryEntity } from './endpoints.ts'
import { receivedEntity } from './inbound.ts'
import { attemptJob, toMessage } from './messages.ts'

const graceMs = 10 * 60_000
const keptMs = 30 * 24 * 3_600_000

/** Attempts whose time is over and whose job is lost come again. One that still has its job is not doubled. */
export async function takeUp(_tick: unknown, ctx: HandlerContext): Promise<void> {
  const nextAt = { $lt: new Date(ctx.now.getTime() - graceMs) }
  const rows = await ctx.tables.select('message', {
    where: { open: true, nextAt },
    sort: 'nextAt,id',
    limit: 1_000,
  })
  await ctx.jobs.enqueueMany(
    'attempt',
    rows.map((row) => attemptJob(toMessage(row))),
  )
}

/** Removes what ended long ago. */
export async function sweep(_tick: unknown, ctx: HandlerContext): Promise<void> {
  const before = new Date(ctx.now.getTime() - keptMs)
  const old: Filter = { createdAt: { $lt: before.toISOString() } }
  await removeRecords(ctx, deliveryEntity, { ...old, status: { $ne: 'waiting' } })
  await ctx.tables.delete('message', { open: false, at: { $lt: before } })
  await removeRecords(ctx, receivedEntity, old)
  const received = { at: { $lt: before } }
  await ctx.tables.delete('intake', { ...received, isTimed: true })
  // By its key alone a message that says no time is known when somebody sends it again, years later.
  await ctx.tables.update('intake', { ...received, body: { $ne: null } }, { body: null })
}
