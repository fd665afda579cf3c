import { InvalidError } from '@runwaycrm/sdk'
import type { Model } from '../model/model.ts'

/**
 * References of roles from what people type: `platform.people:editor`, or `editor` when only one
 * plugin has a role of that key.
 *
 * @throws InvalidError naming every one that is unknown.
 */
export function resolveRoles(model: Model, names: readonly string[], path = 'roles'): string[] {
  const refs: string[] = []
  const errors = []
  for (const [index, name] of names.entries()) {
    const ref = findRole(model, name)
    if (ref) refs.push(ref)
    else {
      errors.push({
        path: `${path}[${index}]`,
        code: 'UNKNOWN_OPTION' as const,
        message: `There is no role "${name}". Roles: ${[...model.roles.keys()].join(', ')}.`,
      })
    }
  }
  if (errors.length > 0) throw new InvalidError(undefined, { errors })
  return [...new Set(refs)]
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

function findRole(model: Model, name: string): string | null {
  if (model.roles.has(name)) return name
  const found = [...model.roles.values()].filter((role) => role.key === name)
  return found.length === 1 ? found[0]!.ref : null
}

type Role = Model['roles'] extends ReadonlyMap<string, infer C> ? C : never

function firstRole(model: Model, suits: (definition: Role['definition']) => boolean) {
  const found = [...model.roles.values()]
    .filter((role) => suits(role.definition))
    .sort((a, b) => (a.definition.order ?? 0) - (b.definition.order ?? 0))
  return found[0]?.ref ?? null
}
