import {
  copyLines,
  type HandlerContext,
  invalidInput,
  type LineInput,
  lineValues,
  type RecordData,
  type Records,
  recordOfInput,
  StateConflictError,
} from '@runwaycrm/sdk'
import { invoiceEntity, lineEntity } from './settings.ts'

export interface CreateInvoiceInput {
  readonly orderId?: string
  readonly accountId?: string
  readonly name?: string
  readonly dueOn?: string
  readonly taxRate?: number
  readonly lines?: readonly LineInput[]
}

/** A draft of an order or of lines, in one transaction and one change set. */
export async function createInvoice(input: CreateInvoiceInput, ctx: HandlerContext) {
  return ctx.batch(async (records) => {
    const id = input.orderId
      ? await fromOrder(records, input, input.orderId)
      : await fromLines(records, input, ctx)
    const invoice = await records.get(invoiceEntity, id)
    return {
      invoiceId: id,
      status: String(invoice['status']),
      lineCount: Number(invoice['lineCount']),
      total: invoice['total'] as object,
    }
  })
}

async function fromOrder(records: Records, input: CreateInvoiceInput, orderId: string) {
  const order = await recordOfInput(records, 'crm.orders:order', orderId, 'orderId')
  if (order['status'] === 'cancelled')
    throw new StateConflictError('This {crm.orders:order} is cancelled; there is nothing to pay.')
  const { data: present } = await records.list(invoiceEntity, {
    filter: { orderId, status: { $ne: 'void' } },
    fields: ['name'],
    limit: 1,
  })
  if (present[0])
    throw new StateConflictError('This {crm.orders:order} has {a invoice} already.', {
      extra: { invoiceId: present[0].id },
    })
  return copyOrder(records, order, {
    name: input.name?.trim() || order['name'],
    taxRate: input.taxRate ?? order['taxRate'],
    ...(input.dueOn ? { dueOn: input.dueOn } : {}),
  })
}

/** @returns the id of a draft with the lines of the order. */
export async function copyOrder(
  records: Records,
  order: RecordData,
  values: Readonly<Record<string, unknown>>,
): Promise<string> {
  const ownerId = order['ownerId'] ?? null
  const invoice = await records.create(invoiceEntity, {
    ...values,
    orderId: order.id,
    accountId: order['accountId'],
    contactId: order['contactId'],
    ownerId,
  })
  await copyLines(
    records,
    { entity: 'crm.orders:order_line', by: 'orderId', of: order.id },
    { entity: lineEntity, values: { invoiceId: invoice.id, ownerId } },
  )
  return invoice.id
}

async function fromLines(records: Records, input: CreateInvoiceInput, ctx: HandlerContext) {
  if (!input.accountId)
    throw invalidInput(
      'accountId',
      'REQUIRED',
      'Give {a crm.orders:order}, or {a crm.accounts:account}.',
    )
  if (!input.lines?.length)
    throw invalidInput('lines', 'REQUIRED', 'Give {a crm.orders:order}, or lines.')
  const account = await recordOfInput(records, 'crm.accounts:account', input.accountId, 'accountId')
  const lines = await lineValues(records, input.lines, { currency: ctx.org.currency })
  const invoice = await records.create(invoiceEntity, {
    name: input.name?.trim() || account['name'],
    accountId: account.id,
    taxRate: input.taxRate ?? 0,
    ...(input.dueOn ? { dueOn: input.dueOn } : {}),
  })
  const ownerId = invoice['ownerId'] ?? null
  const create = lines.map((line) => ({ ...line, invoiceId: invoice.id, ownerId }))
  await records.bulk(lineEntity, { create })
  return invoice.id
}
