import { addDays, createSample, type HandlerContext } from '@runwaycrm/sdk'
import { copyOrder } from './create-invoice.ts'
import { invoiceEntity } from './settings.ts'

/** Invoices of fulfilled orders: most of them paid, some late, some just issued, a few drafts. */
export async function seedSample(options: { size: 'small' | 'full' }, ctx: HandlerContext) {
  const sample = createSample(737, ctx.now)
  const { data: orders } = await ctx.records.list('crm.orders:order', {
    filter: { status: { $in: ['fulfilled', 'partial'] } },
    sort: 'orderedOn,number',
    limit: options.size === 'full' ? 60 : 12,
  })
  const { paymentDays } = await ctx.settings<{ paymentDays: number }>('invoicing')
  for (const order of orders) {
    const id = await copyOrder(ctx.records, order, {
      name: order['name'],
      taxRate: order['taxRate'],
    })
    const fate = sample.weighted({ paid: 6, issued: 3, partial: 2, overdue: 2, draft: 1 })
    if (fate === 'draft') continue
    const issuedOn = fate === 'overdue' ? sample.day(-75, -45) : sample.day(-25, -1)
    const invoice = await ctx.records.get(invoiceEntity, id)
    const { amount, currency } = invoice['total'] as { amount: string; currency: string }
    const total = Number(amount)
    const paid = fate === 'paid' ? total : fate === 'partial' ? Math.round(total / 2) : 0
    const money = (value: number) => ({ amount: value.toFixed(2), currency })
    await ctx.records.update(invoiceEntity, id, {
      status: fate,
      issuedOn,
      dueOn: addDays(issuedOn, paymentDays),
      paid: money(paid),
      balance: money(total - paid),
      payments:
        paid > 0
          ? [{ paidOn: sample.day(-1, 0), amount: paid.toFixed(2), reference: null, by: 'Bank' }]
          : [],
      ...(fate === 'paid' ? { paidAt: sample.moment(-1, -1) } : {}),
    })
  }
}
