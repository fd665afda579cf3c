import {
  type HandlerContext,
  invalidInput,
  type LineInput,
  lineValues,
  type Records,
  recordOfInput,
  StateConflictError,
} from '@runwaycrm/sdk'
import { makeOrder, orderIdOf } from './order-of-quote.ts'
import { lineEntity, orderEntity } from './settings.ts'

export interface CreateOrderInput {
  readonly quoteId?: string
  readonly accountId?: string
  readonly name?: string
  readonly orderedOn?: string
  readonly taxRate?: number
  readonly lines?: readonly LineInput[]
}

/** An order of a quote or of lines, in one transaction and one change set. */
export async function createOrder(input: CreateOrderInput, ctx: HandlerContext) {
  return ctx.batch(async (records) => {
    const id = input.quoteId
      ? await fromQuote(records, input, input.quoteId)
      : await fromLines(records, input, ctx)
    const order = await records.get(orderEntity, id)
    return {
      orderId: id,
      number: Number(order['number']),
      status: String(order['status']),
      lineCount: Number(order['lineCount']),
      total: order['total'] as object,
    }
  })
}

async function fromQuote(records: Records, input: CreateOrderInput, quoteId: string) {
  const quote = await recordOfInput(records, 'crm.quotes:quote', quoteId, 'quoteId')
  if (quote['status'] !== 'accepted')
    throw new StateConflictError(
      `This {crm.quotes:quote} is ${String(quote['status']).replaceAll('_', ' ')}; only an accepted one is ordered.`,
    )
  const present = await orderIdOf(records, quoteId)
  if (present)
    throw new StateConflictError('This {crm.quotes:quote} has {a order} already.', {
      extra: { orderId: present },
    })
  const { name, orderedOn } = input
  return makeOrder(records, quote, {
    ...(name ? { name } : {}),
    ...(orderedOn ? { orderedOn } : {}),
  })
}

async function fromLines(records: Records, input: CreateOrderInput, ctx: HandlerContext) {
  if (!input.accountId)
    throw invalidInput(
      'accountId',
      'REQUIRED',
      'Give {a crm.quotes:quote}, or {a crm.accounts:account}.',
    )
  if (!input.lines?.length)
    throw invalidInput('lines', 'REQUIRED', 'Give {a crm.quotes:quote}, or lines.')
  const account = await recordOfInput(records, 'crm.accounts:account', input.accountId, 'accountId')
  const lines = await lineValues(records, input.lines, { currency: ctx.org.currency })
  const order = await records.create(orderEntity, {
    name: input.name?.trim() || account['name'],
    accountId: account.id,
    taxRate: input.taxRate ?? 0,
    ...(input.orderedOn ? { orderedOn: input.orderedOn } : {}),
  })
  const ownerId = order['ownerId'] ?? null
  const create = lines.map((line) => ({ ...line, orderId: order.id, ownerId }))
  await records.bulk(lineEntity, { create })
  return order.id
}
