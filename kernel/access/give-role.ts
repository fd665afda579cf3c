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
 * The platform itself, and whoever has a role that counts as admin. A key with scopes was narrowed on
 * purpose, so it is none, whatever its role.
 */
export function isFullAdmin(
  { type, scopes, roles: own }: Principal,
  roles: ReadonlyMap<string, RoleSource>,
): boolean {
  if (type === 'system' || type === 'plugin') return true
  return scopes === null && own.some((ref) => roles.get(ref)?.definition.admin === true)
}

/**
 * Whether somebody who manages members may give them a role. Admins give any. Everybody else, and a key
 * with scopes, gives none that counts as admin, and none with a right over the organisation that they lack.
 */
export function mayGiveRole(
  { principal, ability }: { readonly principal: Principal; readonly ability: Ability },
  roles: ReadonlyMap<string, RoleSource>,
  ref: string,
): boolean {
  if (isFullAdmin(principal, roles)) return true
  const role = roles.get(ref)?.definition
  if (!role) return true
  if (role.admin) return false
  return (role.permissions ?? []).every(
    (permission) => !overOrganisation.includes(permission) || ability.allows(permission),
  )
}
