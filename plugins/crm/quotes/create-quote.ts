import {
  type FieldValues,
  type HandlerContext,
  type LineInput,
  lineValues,
  type RecordData,
  type Records,
  readMoney,
} from '@runwaycrm/sdk'
import { lineEntity, quoteEntity, quotingSettings } from './settings.ts'

export interface CreateQuoteInput {
  readonly opportunityId: string
  readonly name?: string
  readonly validUntil?: string
  readonly taxRate?: number
  readonly discount?: number
  readonly lines?: readonly LineInput[]
}

/** A draft quote of a deal, with its lines, in one transaction and one change set. */
export async function createQuote(input: CreateQuoteInput, ctx: HandlerContext) {
  const { discountLimit } = await quotingSettings(ctx)
  return ctx.batch(async (records) => {
    const deal = await records.get('crm.opportunities:opportunity', input.opportunityId)
    const lines = await lineValues(records, input.lines ?? linesOfDeal(deal), {
      currency: readMoney(deal['value'], ctx.org.currency)?.currency ?? ctx.org.currency,
      discount: input.discount,
    })
    const made = await records.create(
      quoteEntity,
      given({
        name: input.name?.trim() || deal['name'],
        accountId: deal['accountId'],
        contactId: deal['contactId'],
        opportunityId: deal.id,
        validUntil: input.validUntil,
        taxRate: input.taxRate,
        ownerId: deal['ownerId'] ?? ctx.principal.userId,
      }),
    )
    await addTo(records, made, lines)
    const quote = await records.get(quoteEntity, made.id)
    return {
      quoteId: quote.id,
      number: Number(quote['number']),
      status: String(quote['status']),
      lineCount: Number(quote['lineCount']),
      total: quote['total'] as object,
      needsApproval: Number(quote['maxDiscount']) > discountLimit,
    }
  })
}

/** @returns the ids of the new lines; they belong to whoever owns the quote. */
export async function addTo(
  records: Records,
  quote: RecordData,
  lines: readonly FieldValues[],
): Promise<readonly string[]> {
  if (lines.length === 0) return []
  const ownerId = quote['ownerId'] ?? null
  const create = lines.map((line) => ({ ...line, quoteId: quote.id, ownerId }))
  const { results } = await records.bulk(lineEntity, { create })
  return results.flatMap(({ id }) => id ?? [])
}

/** What the deal says of itself: its product at the price list, or its value as one line. */
function linesOfDeal(deal: RecordData): readonly LineInput[] {
  const { productId } = deal as { productId?: string | null }
  const value = readMoney(deal['value'], '')
  const unitPrice = value ? { unitPrice: Number(value.amount) } : {}
  if (productId) return [{ productId, ...unitPrice }]
  return value ? [{ name: String(deal['name']), ...unitPrice }] : []
}

function given(values: FieldValues): FieldValues {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value != null))
}
