import { LastAdminError } from '@runwaycrm/sdk'
import type { Tx } from '../database/postgres.ts'
import { canonicalJson } from '../model/canonical-json.ts'
import { abilityOfRoles } from '../model/excess-rights.ts'
import type { Model } from '../model/model.ts'
import { identifierOf, lockAdmins } from './kernel-hooks.ts'

const userRef = 'kernel:user'

/**
 * Looks, in the transaction that changes the model, whether somebody is left who may shape the organisation
 * and manage its members.
 *
 * @throws LastAdminError when there was somebody before.
 */
export async function keepAdmins(
  tx: Tx,
  orgId: string,
  after: Model,
  before: Model,
): Promise<void> {
  if (after.roles === before.roles || rolesText(after) === rolesText(before)) return
  const users = before.entities.get(userRef)
  if (!users) return
  const [, found] = await tx.run([
    lockAdmins(orgId),
    {
      text: `select distinct t.${identifierOf(users, 'roles')} as roles from ${users.table} t
        where t.org_id = $1 and t.deleted_at is null and t.${identifierOf(users, 'active')} is not false`,
      values: [orgId],
    },
  ])
  const holders = (found?.rows ?? []).map((row) => (row['roles'] ?? []) as readonly string[])
  const hasAdmin = (model: Model) => holders.some((roles) => rulesAsAdmin(model, roles))
  if (!hasAdmin(before) || hasAdmin(after)) return
  throw new LastAdminError(
    'After this nobody could shape the organisation and manage its members. Leave one role with "admin", ' +
      'the rights studio:write and members:manage, and members to read and change, or give another one to somebody first.',
  )
}

function rolesText({ roles }: Model): string {
  return canonicalJson([...roles.values()].map(({ ref, definition }) => [ref, definition]))
}

function rulesAsAdmin(model: Model, refs: readonly string[]): boolean {
  const roles = refs.flatMap((ref) => model.roles.get(ref) ?? [])
  if (!roles.some(({ definition }) => definition.admin)) return false
  const ability = abilityOfRoles(roles, model)
  return (
    ability.allows('studio:write') &&
    ability.allows('members:manage') &&
    ability.can('read', userRef) &&
    ability.can('update', userRef)
  )
}
