import {
  type AfterChange,
  copyLines,
  type HandlerContext,
  type RecordData,
  type Records,
} from '@runwaycrm/sdk'
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
  await copyLines(
    records,
    { entity: 'crm.quotes:quote_line', by: 'quoteId', of: quote.id },
    { entity: lineEntity, values: { orderId: order.id, ownerId } },
  )
  return order.id
}
