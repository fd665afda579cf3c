import type { HookChange, HookContext, HookOutcome } from '@runwaycrm/sdk'

/** Everybody has one set of preferences: the unique value is whose they are. */
export function nameOwner({ values }: HookChange, { principal }: HookContext): HookOutcome {
  return { set: { person: values['ownerId'] ?? principal.userId } }
}
