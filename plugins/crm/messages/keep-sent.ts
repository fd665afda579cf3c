import type { HookChange, HookContext, HookOutcome } from '@runwaycrm/sdk'

const content = ['subject', 'body', 'to', 'purpose']

/** What was sent or received stays as it was; what it is about and whose it is may change. */
export function keepSent(
  { before, values }: HookChange,
  ctx: HookContext,
): HookOutcome | undefined {
  if (ctx.door === 'revert' || !before || before['state'] === 'draft') return undefined
  const changed = content.find(
    (name) => values[name] !== undefined && values[name] !== before[name],
  )
  if (!changed) return undefined
  return { refuse: { field: changed, message: 'Only a draft changes. Write another {message}.' } }
}
