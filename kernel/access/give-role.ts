import type { Principal } from '@runwaycrm/sdk'
import type { Ability } from './build-ability.ts'
import type { RoleSource } from './resolve-rules.ts'

/** Rights over the organisation itself; whoever has one could give themselves more. */
const overOrganisation = [
  'members:manage',
  'keys:manage',
  'settings:write',
  'studio:read',
  'studio:write',
]

/**
 * Whether somebody who manages members may give them a role. Admins give any. Everybody else, and a key
 * with scopes, gives none that counts as admin, and none with a right over the organisation that they lack.
 */
export function mayGiveRole(
  { principal, ability }: { readonly principal: Principal; readonly ability: Ability },
  roles: ReadonlyMap<string, RoleSource>,
  ref: string,
): boolean {
  const { type, scopes } = principal
  if (type === 'system' || type === 'plugin') return true
  if (scopes === null && principal.roles.some((own) => roles.get(own)?.definition.admin))
    return true
  const role = roles.get(ref)?.definition
  if (!role) return true
  if (role.admin) return false
  return (role.permissions ?? []).every(
    (permission) => !overOrganisation.includes(permission) || ability.allows(permission),
  )
}
