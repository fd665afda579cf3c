import { InvalidError, type Issue } from '@runwaycrm/sdk'
import { findRole } from '../access/find-role.ts'
import type { Model } from '../model/model.ts'

/**
 * References of roles from what people type: `platform.people:editor`, or `editor` when only one
 * plugin has a role of that key.
 *
 * @throws InvalidError naming every one that is unknown.
 */
export function resolveRoles(model: Model, names: readonly string[]): string[] {
  const refs = names.map((name) => findRole(model.roles, name))
  const errors = names.flatMap((name, index) =>
    refs[index] === null ? [unknownRole(model, name, `roles[${index}]`)] : [],
  )
  if (errors.length > 0) throw new InvalidError(undefined, { errors })
  return [...new Set(refs as string[])]
}

/** As `resolveRoles`, of one. @throws InvalidError */
export function resolveRole(model: Model, name: string): string {
  const ref = findRole(model.roles, name)
  if (ref !== null) return ref
  throw new InvalidError(undefined, { errors: [unknownRole(model, name, 'role')] })
}

/** The first role, in order, whose holders count as admins. */
export function adminRole(model: Model): string | null {
  return firstRole(model, (definition) => definition.admin === true)
}

/** What new members get when nothing is said. */
export function defaultRole(model: Model): string | null {
  return firstRole(model, (definition) => definition.default === true)
}

/** Whether one of the roles counts as admin. */
export function isAdmin(model: Model, roles: readonly string[]): boolean {
  return roles.some((ref) => model.roles.get(ref)?.definition.admin === true)
}

function unknownRole(model: Model, name: string, path: string): Issue {
  const message = `There is no role "${name}". Roles: ${[...model.roles.keys()].join(', ')}.`
  return { path, code: 'UNKNOWN_OPTION', message }
}

type Role = Model['roles'] extends ReadonlyMap<string, infer C> ? C : never

function firstRole(model: Model, suits: (definition: Role['definition']) => boolean) {
  const found = [...model.roles.values()]
    .filter((role) => suits(role.definition))
    .sort((a, b) => (a.definition.order ?? 0) - (b.definition.order ?? 0))
  return found[0]?.ref ?? null
}
