import { type HandlerContext, type LineInput, lineValues, readMoney } from '@runwaycrm/sdk'
import { addTo } from './create-quote.ts'
import { quoteEntity, quotingSettings } from './settings.ts'

/** @throws StateConflictError when the quote is no draft any more. */
export async function addLines(
  input: { readonly quoteId: string; readonly lines: readonly LineInput[] },
  ctx: HandlerContext,
) {
  const { discountLimit } = await quotingSettings(ctx)
  return ctx.batch(async (records) => {
    const quote = await records.get(quoteEntity, input.quoteId)
    const isEmpty = Number(quote['lineCount']) === 0
    const currency = isEmpty ? undefined : readMoney(quote['subtotal'], '')?.currency
    const lines = await lineValues(records, input.lines, { currency: currency || ctx.org.currency })
    const lineIds = await addTo(records, quote, lines)
    const after = await records.get(quoteEntity, quote.id)
    return {
      quoteId: quote.id,
      lineIds,
      lineCount: Number(after['lineCount']),
      total: after['total'] as object,
      needsApproval: Number(after['maxDiscount']) > discountLimit,
    }
  })
}
