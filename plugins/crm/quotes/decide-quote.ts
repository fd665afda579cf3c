import { addDays, dayIn, type HandlerContext, StateConflictError } from '@runwaycrm/sdk'
import { assertState } from './quote-state.ts'
import { quoteEntity, quotingSettings } from './settings.ts'

interface Input {
  readonly quoteId: string
}

/** The customer said yes. Whoever has the orders makes one of it, in the same transaction. */
export async function acceptQuote({ quoteId }: Input, ctx: HandlerContext) {
  const quote = await ctx.records.get(quoteEntity, quoteId)
  assertState(quote, ['sent'], 'Only a quote that was sent is accepted.')
  if (String(quote['validUntil'] ?? '9999') < dayIn(ctx.now, ctx.org.timeZone))
    throw new StateConflictError('This {quote} has run out; revise it and send it again.')
  await decide(ctx, quoteId, { status: 'accepted' }, quote.version)
  return { quoteId, status: 'accepted', orderId: await orderOf(ctx, quoteId) }
}

export async function declineQuote(
  { quoteId, reason }: Input & { readonly reason?: string },
  ctx: HandlerContext,
) {
  const quote = await ctx.records.get(quoteEntity, quoteId)
  assertState(quote, ['sent'], 'Only a quote that was sent is declined.')
  const declineReason = reason?.trim() || null
  await decide(ctx, quoteId, { status: 'declined', declineReason }, quote.version)
  return { quoteId, status: 'declined' }
}

/** Opens it again. An approval counts on only while discount and total stay what they were. */
export async function reviseQuote(
  { quoteId, validUntil }: Input & { readonly validUntil?: string },
  ctx: HandlerContext,
) {
  const { validDays } = await quotingSettings(ctx)
  const today = dayIn(ctx.now, ctx.org.timeZone)
  return ctx.batch(async (records) => {
    const quote = await records.get(quoteEntity, quoteId)
    assertState(
      quote,
      ['in_review', 'sent', 'declined', 'expired'],
      'Drafts are open anyway, and accepted quotes stay.',
    )
    const opened = await records.update(
      quoteEntity,
      quoteId,
      { status: 'draft', decidedAt: null, declineReason: null },
      quote.version,
    )
    const isOver = String(quote['validUntil'] ?? '9999') < today
    const until = validUntil ?? (isOver ? addDays(today, validDays) : undefined)
    if (until) await records.update(quoteEntity, quoteId, { validUntil: until }, opened.version)
    return { quoteId, status: 'draft' }
  })
}

function decide(ctx: HandlerContext, quoteId: string, values: object, version: number) {
  const decidedAt = ctx.now.toISOString()
  return ctx.records.update(quoteEntity, quoteId, { ...values, decidedAt }, version)
}

async function orderOf(ctx: HandlerContext, quoteId: string): Promise<string | null> {
  if (!ctx.model.entity('crm.orders:order')) return null
  const { data } = await ctx.records.list('crm.orders:order', {
    filter: { quoteId },
    fields: ['name'],
    limit: 1,
  })
  return data[0]?.id ?? null
}
