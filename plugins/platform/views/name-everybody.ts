import type { HookChange, HookOutcome } from '@runwaycrm/sdk'

/** A view for no role in particular is for everybody, which is kept as no list and not as an empty one. */
export function nameEverybody({ values }: HookChange): HookOutcome | undefined {
  const roles = values['roles']
  return Array.isArray(roles) && roles.length === 0 ? { set: { roles: null } } : undefined
}
