/**
 * A role from what people type: `platform.people:editor`, or `editor` when only one plugin has a role of
 * that key. Null when there is none, or more than one.
 */
export function findRole(
  roles: ReadonlyMap<string, { readonly ref: string; readonly key: string }>,
  name: string,
): string | null {
  if (roles.has(name)) return name
  const found = [...roles.values()].filter((role) => role.key === name)
  return found.length === 1 ? found[0]!.ref : null
}
