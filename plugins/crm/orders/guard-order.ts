import {
  dayIn,
  type HookChange,
  type HookContext,
  type HookOutcome,
  isSampleGoing,
  priceLine,
  taxDocument,
} from '@runwaycrm/sdk'

/** A new order is of today and comes to nothing yet. */
export function fillOrder({ values }: HookChange, ctx: HookContext): HookOutcome {
  const nothing = { amount: '0.00', currency: ctx.org.currency }
  return {
    set: {
      ...(values['orderedOn'] == null ? { orderedOn: dayIn(ctx.now, ctx.org.timeZone) } : {}),
      ...(values['subtotal'] == null
        ? { subtotal: nothing, tax: nothing, total: nothing, lineCount: 0, maxDiscount: 0 }
        : {}),
    },
  }
}

/** What was delivered or cancelled stays as it was. */
export function guardOrder(change: HookChange, ctx: HookContext): HookOutcome | undefined {
  const { before, operation, values } = change
  if (isSampleGoing(ctx.door, before)) return undefined
  const status = String(before?.['status'] ?? 'open')
  if (operation === 'delete')
    return status === 'partial' || status === 'fulfilled'
      ? { refuse: { message: '{A order} of which something was delivered stays.' } }
      : undefined
  if (status === 'open' || status === 'partial') return taxDocument(change)
  const changed = content.find(
    (name) => values[name] !== undefined && values[name] !== before?.[name],
  )
  if (!changed) return undefined
  return { refuse: { field: changed, message: `The {order} is ${status}; it stays as it is.` } }
}

const content = ['accountId', 'contactId', 'opportunityId', 'orderedOn', 'taxRate', 'notes']

/** Nobody orders less than was delivered. */
export function priceOrderLine(change: HookChange, ctx: HookContext): HookOutcome {
  const { before, values } = change
  const delivered = Number(before?.['fulfilled'] ?? 0)
  const quantity = Number(values['quantity'] ?? before?.['quantity'] ?? 0)
  if (quantity < delivered)
    return {
      refuse: { field: 'quantity', message: `${delivered} of this line were delivered already.` },
    }
  return priceLine(change, ctx)
}
