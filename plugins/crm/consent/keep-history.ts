import { type HookChange, type HookContext, type HookOutcome, isSampleGoing } from '@runwaycrm/sdk'

/** A withdrawal that is deleted would be forgotten, and mail would go out again. */
export function keepConsent({ before }: HookChange, ctx: HookContext): HookOutcome | undefined {
  if (!before?.['purposeId'] || isSampleGoing(ctx.door, before)) return undefined
  return { refuse: { message: '{Consent.plural} are not deleted. Withdraw it instead.' } }
}

export function keepEntry(
  { before, operation }: HookChange,
  ctx: HookContext,
): HookOutcome | undefined {
  if (!before?.['consentId'] || isSampleGoing(ctx.door, before)) return undefined
  const deed = operation === 'delete' ? 'deleted' : 'changed'
  return { refuse: { message: `What was said is not ${deed}. Note what is said now instead.` } }
}
