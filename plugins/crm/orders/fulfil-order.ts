import {
  type HandlerContext,
  InvalidError,
  type Issue,
  type RecordData,
  StateConflictError,
} from '@runwaycrm/sdk'
import { lineEntity, orderEntity } from './settings.ts'

interface FulfilInput {
  readonly orderId: string
  readonly lines?: readonly { readonly lineId: string; readonly quantity: number }[]
}

/** Notes a delivery; the order is fulfilled with the last of it. */
export async function fulfilOrder({ orderId, lines }: FulfilInput, ctx: HandlerContext) {
  return ctx.batch(async (records) => {
    const order = await records.get(orderEntity, orderId)
    assertOpen(order, 'delivered')
    const { data: present } = await records.list(lineEntity, {
      filter: { orderId },
      sort: 'createdAt',
      limit: 200,
    })
    if (present.length === 0) throw new StateConflictError('This {order} has no lines.')
    const delivered = lines ? deliveredOf(present, lines) : new Map(present.map(leftOf))
    const update = present
      .filter((line) => (delivered.get(line.id) ?? 0) > 0)
      .map((line) => ({
        id: line.id,
        version: line.version,
        fulfilled: Number(line['fulfilled'] ?? 0) + delivered.get(line.id)!,
      }))
    if (update.length > 0) await records.bulk(lineEntity, { update })
    const left = present.reduce(
      (sum, line) => sum + leftOf(line)[1] - (delivered.get(line.id) ?? 0),
      0,
    )
    const status = left > 0 ? 'partial' : 'fulfilled'
    await records.update(orderEntity, orderId, {
      status,
      ...(status === 'fulfilled' ? { fulfilledAt: ctx.now.toISOString() } : {}),
    })
    return { orderId, status, left }
  })
}

export async function cancelOrder(
  { orderId, reason }: { readonly orderId: string; readonly reason: string },
  ctx: HandlerContext,
) {
  const order = await ctx.records.get(orderEntity, orderId)
  if (order['status'] === 'partial')
    throw new StateConflictError('Some of this {order} was delivered; it cannot be cancelled.')
  assertOpen(order, 'cancelled')
  await ctx.records.update(
    orderEntity,
    orderId,
    { status: 'cancelled', cancelledAt: ctx.now.toISOString(), cancelReason: reason.trim() },
    order.version,
  )
  return { orderId, status: 'cancelled' }
}

function assertOpen(order: RecordData, verb: string): void {
  const status = String(order['status'])
  if (status !== 'open' && status !== 'partial')
    throw new StateConflictError(`This {order} is ${status}; nothing of it can be ${verb} now.`)
}

function leftOf(line: RecordData): [string, number] {
  const left = Number(line['quantity'] ?? 0) - Number(line['fulfilled'] ?? 0)
  // Quantities have four decimals, which binary fractions do not hold.
  return [line.id, Math.round(left * 10_000) / 10_000]
}

/** @throws InvalidError naming lines of other orders, and those of which less is left. */
function deliveredOf(
  present: readonly RecordData[],
  lines: NonNullable<FulfilInput['lines']>,
): ReadonlyMap<string, number> {
  const left = new Map(present.map(leftOf))
  const errors: Issue[] = []
  const delivered = new Map<string, number>()
  lines.forEach(({ lineId, quantity }, index) => {
    const path = `input.lines[${index}]`
    const open = left.get(lineId)
    const sum = (delivered.get(lineId) ?? 0) + quantity
    if (open === undefined) {
      const message = 'The {order} has no such line.'
      errors.push({ path: `${path}.lineId`, code: 'UNKNOWN_RECORD', message })
    } else if (sum > open) {
      const message = `Only ${open} of this line are left.`
      errors.push({ path: `${path}.quantity`, code: 'OUT_OF_RANGE', message })
    } else delivered.set(lineId, sum)
  })
  if (errors.length > 0) throw new InvalidError(errors[0]!.message, { errors })
  return delivered
}
