import {
  createInBatches,
  createSample,
  type FieldValues,
  type HandlerContext,
  type RecordData,
  type Sample,
} from '@runwaycrm/sdk'
import { lineEntity, quoteEntity } from './settings.ts'

/** Quotes of deals that got as far as a proposal: most of them decided, some waiting for an approval. */
export async function seedSample(options: { size: 'small' | 'full' }, ctx: HandlerContext) {
  const sample = createSample(717, ctx.now)
  const { data: deals } = await ctx.records.list('crm.opportunities:opportunity', {
    filter: { stage: { $in: ['proposal', 'negotiation', 'won', 'lost'] } },
    sort: 'externalId',
    limit: options.size === 'full' ? 90 : 20,
  })
  const { data: products } = await ctx.records.list('crm.products:product', {
    filter: { price: { $exists: true } },
    sort: 'name',
    limit: 100,
  })
  if (deals.length === 0 || products.length === 0) return
  const ids = await createInBatches(
    ctx.records,
    quoteEntity,
    deals.map((deal) => makeQuote(sample, deal)),
  )
  const lines = deals.flatMap((deal, index) =>
    Array.from({ length: sample.whole(1, 4) }, () =>
      makeLine(sample, sample.pick(products), deal, ids[index]!),
    ),
  )
  await createInBatches(ctx.records, lineEntity, lines)
  const update = deals.flatMap((deal, index) => {
    const values = fateOf(sample, String(deal['stage']))
    return values ? [{ id: ids[index]!, ...values }] : []
  })
  await ctx.records.bulk(quoteEntity, { update })
}

function makeQuote(sample: Sample, deal: RecordData): FieldValues {
  return {
    name: deal['name'],
    accountId: deal['accountId'] ?? null,
    contactId: deal['contactId'] ?? null,
    opportunityId: deal.id,
    ownerId: deal['ownerId'] ?? null,
    validUntil: sample.day(2, 45),
    taxRate: Number(sample.weighted({ '0': 5, '19': 3, '25': 2 })),
  }
}

function makeLine(
  sample: Sample,
  product: RecordData,
  deal: RecordData,
  quoteId: string,
): FieldValues {
  return {
    name: product['name'],
    quoteId,
    productId: product.id,
    quantity: sample.whole(1, 20),
    unitPrice: product['price'],
    discount: Number(sample.weighted({ '0': 60, '5': 20, '10': 12, '15': 8 })),
    ownerId: deal['ownerId'] ?? null,
  }
}

/** What became of the quote of a deal in that stage; null leaves it a draft. */
function fateOf(sample: Sample, stage: string): FieldValues | null {
  const sentAt = sample.moment(-40, -8)
  if (stage === 'won') return { status: 'accepted', sentAt, decidedAt: sample.moment(-7, -1) }
  if (stage === 'lost') {
    const status = sample.weighted({ declined: 7, expired: 3 })
    const declineReason = status === 'declined' ? sample.pick(reasons) : null
    return { status, sentAt, decidedAt: sample.moment(-7, -1), declineReason }
  }
  const status = sample.weighted({ draft: 3, in_review: 2, sent: 5 })
  if (status === 'draft') return null
  return status === 'sent' ? { status, sentAt } : { status, submittedAt: sample.moment(-5, -1) }
}

const reasons = ['Too expensive', 'Chose another vendor', 'Project was stopped', 'No decision']
