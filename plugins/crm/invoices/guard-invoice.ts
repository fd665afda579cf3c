import {
  type HookChange,
  type HookContext,
  type HookOutcome,
  isSampleGoing,
  taxDocument,
} from '@runwaycrm/sdk'

export function fillInvoice({ values }: HookChange, ctx: HookContext): HookOutcome | undefined {
  if (values['subtotal'] != null) return undefined
  const nothing = { amount: '0.00', currency: ctx.org.currency }
  return {
    set: { subtotal: nothing, tax: nothing, total: nothing, lineCount: 0, maxDiscount: 0 },
  }
}

/** An issued invoice is in somebody's books: it stays, and who owns it here is all that changes. */
export function guardInvoice(change: HookChange, ctx: HookContext): HookOutcome | undefined {
  const { before, operation, values } = change
  const status = String(before?.['status'] ?? 'draft')
  if (isSampleGoing(ctx.door, before)) return undefined
  if (operation === 'delete')
    return status === 'draft'
      ? undefined
      : { refuse: { message: 'An issued {invoice} is not deleted. Void it instead.' } }
  if (status === 'draft') return taxDocument(change)
  const changed = content.find(
    (name) => values[name] !== undefined && values[name] !== before?.[name],
  )
  if (!changed) return undefined
  return {
    refuse: { field: changed, message: 'An issued {invoice} does not change. Void it instead.' },
  }
}

const content = ['name', 'accountId', 'contactId', 'orderId', 'dueOn', 'taxRate', 'notes']
