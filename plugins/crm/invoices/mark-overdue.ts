import { dayIn, type HandlerContext } from '@runwaycrm/sdk'
import { invoiceEntity } from './settings.ts'

/** Issued invoices with a balance whose day is over. Begins again where it was stopped. */
export async function markOverdue(_input: unknown, ctx: HandlerContext): Promise<void> {
  const today = dayIn(ctx.now, ctx.org.timeZone)
  for (;;) {
    const { data } = await ctx.records.list(invoiceEntity, {
      filter: { status: { $in: ['issued', 'partial'] }, dueOn: { $lt: today } },
      fields: ['status'],
      limit: 200,
    })
    if (data.length === 0) return
    const { results } = await ctx.records.bulk(invoiceEntity, {
      update: data.map(({ id, version }) => ({ id, version, status: 'overdue' })),
      atomic: false,
    })
    // Others were faster; the next night finds what is left.
    if (results.some(({ status }) => status === 'failed')) return
  }
}
