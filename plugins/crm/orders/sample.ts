import { createSample, type HandlerContext, type RecordData } from '@runwaycrm/sdk'
import { makeOrder, orderIdOf } from './order-of-quote.ts'
import { lineEntity, orderEntity } from './settings.ts'

/** Orders of the accepted quotes: most of them delivered, some in part, one in ten cancelled. */
export async function seedSample(options: { size: 'small' | 'full' }, ctx: HandlerContext) {
  const sample = createSample(727, ctx.now)
  const { data: quotes } = await ctx.records.list('crm.quotes:quote', {
    filter: { status: 'accepted' },
    sort: 'number',
    limit: options.size === 'full' ? 60 : 12,
  })
  for (const quote of quotes) {
    const orderedOn = sample.day(-60, -1)
    const id =
      (await orderIdOf(ctx.records, quote.id)) ??
      (await makeOrder(ctx.records, quote, { orderedOn }))
    const status = sample.weighted({ open: 4, partial: 2, fulfilled: 8, cancelled: 1 })
    if (status === 'open') continue
    const lines = await linesOf(ctx, id)
    if (status !== 'cancelled') {
      const delivered = status === 'fulfilled' ? lines : lines.slice(0, 1)
      await ctx.records.bulk(lineEntity, {
        update: delivered.map((line) => ({ id: line.id, fulfilled: line['quantity'] })),
      })
    }
    const isAll = status === 'fulfilled' || (status === 'partial' && lines.length < 2)
    await ctx.records.update(orderEntity, id, {
      status: isAll ? 'fulfilled' : status,
      orderedOn,
      ...(isAll ? { fulfilledAt: sample.moment(-20, -1) } : {}),
      ...(status === 'cancelled'
        ? { cancelledAt: sample.moment(-10, -1), cancelReason: 'Ordered twice' }
        : {}),
    })
  }
}

async function linesOf(ctx: HandlerContext, orderId: string): Promise<readonly RecordData[]> {
  const { data } = await ctx.records.list(lineEntity, {
    filter: { orderId },
    fields: ['quantity'],
    sort: 'createdAt',
    limit: 200,
  })
  return data
}
