import {
  addDays,
  dayIn,
  type HookChange,
  type HookContext,
  type HookOutcome,
  isSampleGoing,
  taxDocument,
} from '@runwaycrm/sdk'
import type { QuotingSettings } from './settings.ts'

/** A new quote takes what it does not say from the settings. */
export function fillQuote({ values }: HookChange, ctx: HookContext): HookOutcome {
  const { validDays = 30, taxRate = 0 } = ctx.settings as Partial<QuotingSettings>
  return {
    set: {
      ...(values['taxRate'] == null ? { taxRate } : {}),
      ...(values['validUntil'] == null
        ? { validUntil: addDays(dayIn(ctx.now, ctx.org.timeZone), validDays) }
        : {}),
      ...(values['subtotal'] == null ? emptyTotals(ctx.org.currency) : {}),
    },
  }
}

/** What was handed in, sent or decided stays as it was; a revision opens it again. */
export function guardQuote(change: HookChange, ctx: HookContext): HookOutcome | undefined {
  const { before, operation, values } = change
  if (isSampleGoing(ctx.door, before)) return undefined
  const status = String(before?.['status'] ?? 'draft')
  if (operation === 'delete')
    return status === 'accepted'
      ? { refuse: { message: 'An accepted {quote} stays. Cancel its {crm.orders:order} instead.' } }
      : undefined
  if (status === 'draft') return taxDocument(change)
  const changed = content.find(
    (name) => values[name] !== undefined && values[name] !== before?.[name],
  )
  if (!changed) return undefined
  const word = status.replaceAll('_', ' ')
  const message = `The {quote} is ${word}; revise it before you change it.`
  return { refuse: { field: changed, message } }
}

const content = ['accountId', 'contactId', 'opportunityId', 'validUntil', 'taxRate', 'notes']

function emptyTotals(currency: string) {
  const nothing = { amount: '0.00', currency }
  return { subtotal: nothing, tax: nothing, total: nothing, lineCount: 0, maxDiscount: 0 }
}
