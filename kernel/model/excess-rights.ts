import { type Filter, ForbiddenError, type Principal, type RoleDefinition } from '@runwaycrm/sdk'
import { type Ability, buildAbility } from '../access/build-ability.ts'
import { isFullAdmin } from '../access/give-role.ts'
import { type Operation, operations, type RoleSource } from '../access/resolve-rules.ts'
import { canonicalJson } from './canonical-json.ts'
import type { Contribution, Entity, Model } from './model.ts'

/**
 * What a change of the model would give to the holders of roles and the one who makes it does not have:
 * shaping the organisation is no way to rights over its data. Admins may give everything, unless they act
 * through a key with scopes.
 *
 * What conditions allow is compared as it is written: own records are as much as own records, and never
 * less than those of one status, which nobody can tell.
 *
 * @param options.restores whether `after` is an older model: what it brings back may hold old values. Else
 *   entities and fields that `before` does not have are empty, and whoever makes them opens them to anybody.
 * @returns for people, one line each: `update crm.leads:lead.score`, `members:manage`; none when all is well.
 */
export function excessRights(
  principal: Principal,
  before: Model,
  after: Model,
  options: { readonly restores: boolean },
): string[] {
  if (isFullAdmin(principal, before.roles)) return []
  const own = abilityOf(
    principal,
    principal.roles.flatMap((ref) => before.roles.get(ref) ?? []),
    before,
  )
  const found = new Set<string>()
  const give = (role: Role, former: Role | undefined): void => {
    if (role.definition.admin && !former?.definition.admin) found.add('being an admin')
    for (const permission of role.definition.permissions ?? []) {
      const isNew = !former?.definition.permissions?.includes(permission)
      if (isNew && !own.allows(permission)) found.add(permission)
    }
    const had = abilityOfRoles(former ? [former] : [], before)
    const has = abilityOfRoles([role], after)
    for (const entity of after.entities.values()) {
      // Nobody reads these by what a role says, but because a record names them or a role of theirs.
      if (entity.definition.private) continue
      const known = before.entities.get(entity.ref)
      if (!known && !options.restores) continue
      for (const right of recordRights(entity, known, options.restores)) {
        const [operation, field] = right
        const given = has.condition(operation, entity.ref, field)
        if (implies(given, had.condition(operation, entity.ref, field))) continue
        if (implies(given, own.condition(operation, entity.ref, field))) continue
        found.add(`${operation} ${entity.ref}${field === undefined ? '' : `.${field}`}`)
      }
    }
  }
  for (const role of after.roles.values()) {
    const former = before.roles.get(role.ref)
    if (former && canonicalJson(former.definition) === canonicalJson(role.definition)) continue
    give(role, former)
  }
  for (const { ref, role } of actingAnew(before, after)) {
    const acted = role === null ? undefined : after.roles.get(role)
    if (acted) give(acted, undefined)
    else found.add(`acting with all rights: ${ref}`)
  }
  // A right on all of a record says what one on each of its fields would.
  return [...found].filter((line) => !found.has(line.slice(0, line.lastIndexOf('.')))).sort()
}

type Role = Contribution<RoleDefinition>

/** Definitions that are new, changed or turned on, and act with the rights of a role: a workflow does. */
function* actingAnew(
  before: Model,
  after: Model,
): Generator<{ readonly ref: string; readonly role: string | null }> {
  for (const { name, actsAs } of after.points.values()) {
    if (actsAs === null) continue
    const former = before.contributions.get(name)
    for (const { ref, definition } of after.contributions.get(name)?.values() ?? []) {
      const known = former?.get(ref)?.definition
      if (known === definition) continue
      if (known !== undefined && canonicalJson(known) === canonicalJson(definition)) continue
      const { enabled, [actsAs]: role } = definition as Readonly<Record<string, unknown>>
      if (enabled !== false) yield { ref, role: typeof role === 'string' ? role : null }
    }
  }
}

/** @throws ForbiddenError naming what `excessRights` finds. */
export function refuseExcess(...args: Parameters<typeof excessRights>): void {
  const rights = excessRights(...args)
  if (rights.length === 0) return
  const more = rights.length > 20 ? ` and ${rights.length - 20} more` : ''
  throw new ForbiddenError(
    `Nobody gives rights that they do not have. This would give: ${rights.slice(0, 20).join(', ')}${more}. ` +
      'Take them out of the role, or ask an admin to publish.',
  )
}

function* recordRights(
  entity: Entity,
  known: Entity | undefined,
  restores: boolean,
): Generator<readonly [Operation, string | undefined]> {
  for (const operation of operations) {
    yield [operation, undefined]
    for (const field of entity.byApiName.keys()) {
      if (restores || known?.byApiName.has(field)) yield [operation, field]
    }
  }
}

/** Holds whatever the roles say, without scopes; `@me` and `@team` stay as they are written. */
const nobody: Principal = {
  type: 'user',
  id: null,
  name: '',
  userId: null,
  roles: [],
  teammates: [],
  scopes: null,
}

/** What roles allow whoever holds them and nothing else. */
export const abilityOfRoles = (roles: readonly RoleSource[], model: Model): Ability =>
  abilityOf(nobody, roles, model)

function abilityOf(principal: Principal, roles: readonly RoleSource[], model: Model): Ability {
  const org = { timeZone: 'UTC' }
  return buildAbility({ principal, roles, entities: model.entities, org, byRolesAlone: true })
}

/** Whether every record of `a` is one of `b`, as far as their form shows it; false when it does not. */
function implies(a: Filter | boolean, b: Filter | boolean): boolean {
  if (a === false || b === true) return true
  if (a === true || b === false) return false
  if (canonicalJson(a) === canonicalJson(b)) return true
  const [aParts, bParts] = [partsOf(a), partsOf(b)]
  return (
    (aParts?.name === '$or' && aParts.parts.every((part) => implies(part, b))) ||
    (bParts?.name === '$and' && bParts.parts.every((part) => implies(a, part))) ||
    (aParts?.name === '$and' && aParts.parts.some((part) => implies(part, b))) ||
    (bParts?.name === '$or' && bParts.parts.some((part) => implies(a, part)))
  )
}

function partsOf(
  filter: Filter,
): { readonly name: string; readonly parts: readonly Filter[] } | null {
  const [first, ...more] = Object.entries(filter)
  if (!first || more.length > 0) return null
  const [name, parts] = first
  const isJoin = (name === '$and' || name === '$or') && Array.isArray(parts)
  return isJoin ? { name, parts: parts as Filter[] } : null
}
