import {
  addAmounts,
  dayIn,
  type HandlerContext,
  InvalidError,
  type Money,
  type RecordData,
  StateConflictError,
} from '@runwaycrm/sdk'
import { invoiceEntity } from './settings.ts'

export interface PaymentInput {
  readonly invoiceId: string
  readonly amount?: number
  readonly paidOn?: string
  readonly reference?: string
}

/** Notes a payment under the version that was looked at: one that is noted twice at once counts once. */
export async function recordPayment(input: PaymentInput, ctx: HandlerContext) {
  const { invoiceId } = input
  const invoice = await ctx.records.get(invoiceEntity, invoiceId)
  const status = String(invoice['status'])
  if (!['issued', 'partial', 'overdue'].includes(status))
    throw new StateConflictError(`This {invoice} is ${status}; nothing is to be paid.`)
  const { currency, amount: open } = invoice['balance'] as Money
  const amount = addAmounts([input.amount === undefined ? open : input.amount.toFixed(4)])
  if (Number(amount) <= 0 || Number(amount) > Number(open)) {
    const message = `Between 0.01 and the balance of ${open} ${currency}.`
    throw new InvalidError(message, {
      errors: [{ path: 'input.amount', code: 'OUT_OF_RANGE', message }],
    })
  }
  const paid = { amount: addAmounts([(invoice['paid'] as Money).amount, amount]), currency }
  const balance = { amount: addAmounts([open, `-${amount}`]), currency }
  const isPaid = Number(balance.amount) === 0
  const next = isPaid ? 'paid' : status === 'overdue' ? 'overdue' : 'partial'
  await ctx.records.update(
    invoiceEntity,
    invoiceId,
    {
      status: next,
      paid,
      balance,
      payments: [...paymentsOf(invoice), paymentOf(input, amount, ctx)],
      ...(isPaid ? { paidAt: ctx.now.toISOString() } : {}),
    },
    invoice.version,
  )
  return { invoiceId, status: next, paid, balance }
}

export async function voidInvoice(
  { invoiceId, reason }: { readonly invoiceId: string; readonly reason: string },
  ctx: HandlerContext,
) {
  const invoice = await ctx.records.get(invoiceEntity, invoiceId)
  const status = String(invoice['status'])
  if (status !== 'issued' && status !== 'overdue')
    throw new StateConflictError(`This {invoice} is ${status}; it cannot be voided.`)
  if (paymentsOf(invoice).length > 0)
    throw new StateConflictError('Something was paid of this {invoice}; it cannot be voided.')
  const { currency } = invoice['total'] as Money
  await ctx.records.update(
    invoiceEntity,
    invoiceId,
    { status: 'void', voidReason: reason.trim(), balance: { amount: '0.00', currency } },
    invoice.version,
  )
  return { invoiceId, status: 'void' }
}

function paymentOf(input: PaymentInput, amount: string, ctx: HandlerContext) {
  return {
    paidOn: input.paidOn ?? dayIn(ctx.now, ctx.org.timeZone),
    amount,
    reference: input.reference?.trim() || null,
    by: ctx.principal.name,
  }
}

function paymentsOf(invoice: RecordData): readonly unknown[] {
  const payments = invoice['payments']
  return Array.isArray(payments) ? payments : []
}
