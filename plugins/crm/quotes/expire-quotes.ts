import { dayIn, type HandlerContext } from '@runwaycrm/sdk'
import { quoteEntity } from './settings.ts'

/** Sent quotes whose last day is over run out. Begins again where it was stopped. */
export async function expireQuotes(_input: unknown, ctx: HandlerContext): Promise<void> {
  const today = dayIn(ctx.now, ctx.org.timeZone)
  for (;;) {
    const { data } = await ctx.records.list(quoteEntity, {
      filter: { status: 'sent', validUntil: { $lt: today } },
      fields: ['status'],
      limit: 200,
    })
    if (data.length === 0) return
    const { results } = await ctx.records.bulk(quoteEntity, {
      update: data.map(({ id, version }) => ({
        id,
        version,
        status: 'expired',
        decidedAt: ctx.now.toISOString(),
      })),
      atomic: false,
    })
    // Others were faster; the next night finds what is left.
    if (results.some(({ status }) => status === 'failed')) return
  }
}
