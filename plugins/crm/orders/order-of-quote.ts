import type { AfterChange, HandlerContext, RecordData, Records } from '@runwaycrm/sdk'
import { lineEntity, orderEntity } from './settings.ts'

const quoteEntity = 'crm.quotes:quote'

/** After a quote was accepted, by whatever door: its order, in the same transaction. */
export async function orderAccepted(change: AfterChange, ctx: HandlerContext): Promise<void> {
  const were = change.records.filter(({ before }) => before?.['status'] !== 'accepted')
  for (const { id } of were) {
    const { data } = await ctx.records.list(quoteEntity, {
      filter: { id, status: 'accepted' },
      limit: 1,
    })
    if (data[0] && !(await orderIdOf(ctx.records, id))) await makeOrder(ctx.records, data[0])
  }
}

export async function orderIdOf(records: Records, quoteId: string): Promise<string | null> {
  const { data } = await records.list(orderEntity, {
    filter: { quoteId, status: { $ne: 'cancelled' } },
    fields: ['name'],
    limit: 1,
  })
  return data[0]?.id ?? null
}

/** An order with the lines of the quote as they are. @returns its id. */
export async function makeOrder(
  records: Records,
  quote: RecordData,
  more: { readonly name?: string; readonly orderedOn?: string } = {},
): Promise<string> {
  const ownerId = quote['ownerId'] ?? null
  const order = await records.create(orderEntity, {
    name: more.name ?? quote['name'],
    accountId: quote['accountId'],
    contactId: quote['contactId'],
    opportunityId: quote['opportunityId'],
    quoteId: quote.id,
    taxRate: quote['taxRate'],
    ...(more.orderedOn ? { orderedOn: more.orderedOn } : {}),
    ownerId,
  })
  for (let offset = 0; ; offset += 200) {
    const { data } = await records.list('crm.quotes:quote_line', {
      filter: { quoteId: quote.id },
      sort: 'createdAt',
      limit: 200,
      offset,
    })
    const create = data.map((line) => ({
      name: line['name'],
      orderId: order.id,
      productId: line['productId'],
      quantity: line['quantity'],
      unitPrice: line['unitPrice'],
      discount: line['discount'],
      ownerId,
    }))
    if (create.length > 0) await records.bulk(lineEntity, { create })
    if (data.length < 200) return order.id
  }
}
