import { ForbiddenError, type HandlerContext, StateConflictError } from '@runwaycrm/sdk'
import { assertState } from './quote-state.ts'
import { quoteEntity } from './settings.ts'

interface Input {
  readonly quoteId: string
  readonly note?: string
}

/** From here on the content stays as it is, until somebody decides. */
export async function submitQuote({ quoteId }: Input, ctx: HandlerContext) {
  const quote = await ctx.records.get(quoteEntity, quoteId)
  assertState(quote, ['draft'], 'Only a draft is submitted.')
  if (Number(quote['lineCount'] ?? 0) === 0)
    throw new StateConflictError('This {quote} has no lines; add some first.')
  await ctx.records.update(
    quoteEntity,
    quoteId,
    {
      status: 'in_review',
      submittedById: ctx.principal.userId,
      submittedAt: ctx.now.toISOString(),
      reviewNote: null,
    },
    quote.version,
  )
  return { quoteId, status: 'in_review' }
}

/**
 * Notes what was approved: the discount and the total as they are. Another total needs another approval.
 *
 * @throws ForbiddenError when the one who asked decides, or nobody does: a key, an agent, a workflow.
 */
export async function approveQuote({ quoteId, note }: Input, ctx: HandlerContext) {
  const quote = await ctx.records.get(quoteEntity, quoteId)
  assertState(quote, ['in_review'], 'Only a quote in review is approved; submit it first.')
  if (ctx.principal.type !== 'user')
    throw new ForbiddenError('A person has to approve {a quote}, signed in as themselves.')
  if (quote['submittedById'] === ctx.principal.userId)
    throw new ForbiddenError('Whoever submitted {a quote} cannot approve it; ask somebody else.')
  await ctx.records.update(
    quoteEntity,
    quoteId,
    {
      approvedById: ctx.principal.userId,
      approvedAt: ctx.now.toISOString(),
      approvedDiscount: quote['maxDiscount'],
      approvedTotal: quote['total'],
      reviewNote: note?.trim() || null,
    },
    quote.version,
  )
  return {
    quoteId,
    status: 'in_review',
    approvedDiscount: Number(quote['maxDiscount'] ?? 0),
    approvedBy: ctx.principal.name,
  }
}

export async function rejectQuote({ quoteId, note }: Input, ctx: HandlerContext) {
  const quote = await ctx.records.get(quoteEntity, quoteId)
  assertState(quote, ['in_review'], 'Only a quote in review is sent back.')
  await ctx.records.update(
    quoteEntity,
    quoteId,
    { status: 'draft', reviewNote: note?.trim() || null },
    quote.version,
  )
  return { quoteId, status: 'draft' }
}
