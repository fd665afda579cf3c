import {
  addDays,
  dayIn,
  type HandlerContext,
  InvalidError,
  StateConflictError,
  UniqueTakenError,
} from '@runwaycrm/sdk'
import { invoiceEntity, invoicingSettings } from './settings.ts'

const attempts = 8

/** Issues a draft of today; its number is given in the same transaction. */
export async function issueInvoice(
  input: { readonly invoiceId: string; readonly dueOn?: string },
  ctx: HandlerContext,
) {
  const { paymentDays } = await invoicingSettings(ctx)
  const today = dayIn(ctx.now, ctx.org.timeZone)
  for (let attempt = 1; ; attempt++) {
    try {
      return await issue(ctx, input, { today, paymentDays })
    } catch (error) {
      // Another one was issued meanwhile and has that number.
      if (!(error instanceof UniqueTakenError) || attempt === attempts) throw error
    }
  }
}

async function issue(
  ctx: HandlerContext,
  input: { readonly invoiceId: string; readonly dueOn?: string },
  { today, paymentDays }: { readonly today: string; readonly paymentDays: number },
) {
  const { invoiceId } = input
  const invoice = await ctx.records.get(invoiceEntity, invoiceId)
  if (invoice['status'] !== 'draft')
    throw new StateConflictError(`This {invoice} is ${invoice['status']}; only a draft is issued.`)
  if (Number(invoice['lineCount'] ?? 0) === 0)
    throw new StateConflictError('This {invoice} has no lines; add some first.')
  const dueOn = input.dueOn ?? textOf(invoice['dueOn']) ?? addDays(today, paymentDays)
  if (dueOn < today) {
    const message = '{A invoice} is due on the day it is issued at the earliest.'
    throw new InvalidError(message, {
      errors: [{ path: 'input.dueOn', code: 'OUT_OF_RANGE', message }],
    })
  }
  const total = invoice['total'] as { readonly currency: string }
  await ctx.records.update(
    invoiceEntity,
    invoiceId,
    {
      status: 'issued',
      issuedOn: today,
      dueOn,
      paid: { amount: '0.00', currency: total.currency },
      balance: total,
      payments: [],
    },
    invoice.version,
  )
  const issued = await ctx.records.get(invoiceEntity, invoiceId)
  return { invoiceId, number: Number(issued['number']), status: 'issued', issuedOn: today, dueOn }
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}
