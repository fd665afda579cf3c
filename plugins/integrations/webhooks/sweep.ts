import type { Filter, HandlerContext } from '@runwaycrm/sdk'
import { deliveryEntity } from './endpoints.ts'
import { receivedEntity } from './inbound.ts'
import { attemptJob, toMessage } from './messages.ts'

const graceMs = 10 * 60_000
const keptMs = 30 * 24 * 3_600_000
const atOnce = 200
/** What is left, the next night takes. */
const mostRounds = 100

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
  await removeAll(ctx, deliveryEntity, { ...old, status: { $ne: 'waiting' } })
  await ctx.tables.delete('message', { open: false, at: { $lt: before } })
  await removeAll(ctx, receivedEntity, old)
  const received = { at: { $lt: before } }
  await ctx.tables.delete('intake', { ...received, isTimed: true })
  // By its key alone a message that says no time is known when somebody sends it again, years later.
  await ctx.tables.update('intake', { ...received, body: { $ne: null } }, { body: null })
}

async function removeAll(ctx: HandlerContext, entity: string, filter: Filter): Promise<void> {
  for (let round = 0; round < mostRounds; round++) {
    ctx.signal.throwIfAborted()
    const { data } = await ctx.records.list(entity, { filter, fields: ['id'], limit: atOnce })
    if (data.length === 0) break
    const gone = data.map(({ id }) => ({ id }))
    await ctx.records.bulk(entity, { delete: gone, atomic: false })
  }
}
