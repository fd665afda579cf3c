import type { Filter, Principal, RoleDefinition } from '@runwaycrm/sdk'
import type { Audience, ShownTo } from './condition-tree.ts'

/** What can be done with a record; `manage` in a role means all of them. */
export type Operation = 'create' | 'read' | 'update' | 'delete' | 'restore'
export const operations: readonly Operation[] = ['create', 'read', 'update', 'delete', 'restore']

/** A role with its reference; the model's contributions fit. */
export interface RoleSource {
  readonly ref: string
  readonly definition: RoleDefinition
}

/** One rule of one role as it holds for a principal, its scope turned into a condition. */
export interface ResolvedRule {
  /** Reference of the role, and the rule's key in it. */
  readonly role: string
  readonly rule: string
  readonly effect: 'allow' | 'deny'
  readonly operations: readonly (Operation | 'manage')[]
  /** A reference, or `*`. */
  readonly entity: string
  /** Keys or API names; null is every field. */
  readonly fields: readonly string[] | null
  /** Null is every record. `@me` and `@team` stay as they are. */
  readonly condition: Filter | null
  readonly reason: string | null
}

/**
 * The rules of all roles in one list. Deny rules come last: CASL lets the later rule win.
 */
export function resolveRules(roles: readonly RoleSource[]): readonly ResolvedRule[] {
  const rules = roles.flatMap(({ ref, definition }) =>
    Object.entries(definition.rules).map(([key, rule]): ResolvedRule => {
      const scope = scopeConditions[rule.scope ?? 'all']
      const condition = rule.condition as Filter | undefined
      return {
        role: ref,
        rule: key,
        effect: rule.effect ?? 'allow',
        operations: rule.operations as readonly (Operation | 'manage')[],
        entity: rule.entity,
        fields: rule.fields ?? null,
        condition: scope && condition ? { $and: [scope, condition] } : (scope ?? condition ?? null),
        reason: rule.reason ?? null,
      }
    }),
  )
  return [
    ...rules.filter((rule) => rule.effect === 'allow'),
    ...rules.filter((rule) => rule.effect === 'deny'),
  ]
}

interface OwnedEntity {
  readonly ref: string
  readonly definition?: {
    readonly private?: readonly Operation[] | undefined
    readonly shownTo?: ShownTo | undefined
    readonly audience?: Audience | undefined
  }
}

/**
 * The rules of entities whose records are their owners' alone, or theirs to share. They come after those of all
 * roles, and so win.
 *
 * @param roles of the principal.
 */
export function ownerRules(
  entities: Iterable<OwnedEntity>,
  roles: readonly RoleSource[] = [],
): readonly ResolvedRule[] {
  return [...entities].flatMap(({ ref, definition }) => {
    const own = definition?.private
    if (!own) return definition?.audience ? audienceRules(ref, definition.audience, roles) : []
    const common = { role: 'owner', entity: ref, fields: null }
    return [
      {
        ...common,
        rule: 'others',
        effect: 'deny',
        operations: ['manage'],
        condition: null,
        reason: 'It is its owner’s alone.',
      },
      {
        ...common,
        rule: 'own',
        effect: 'allow',
        operations: own,
        condition: scopeConditions.own,
        reason: null,
      },
      ...shownRules(ref, definition.shownTo, roles),
      {
        ...common,
        rule: 'owner',
        effect: 'deny',
        operations: ['update'],
        fields: ['ownerId'],
        condition: null,
        reason: 'It stays its owner’s.',
      },
    ] satisfies ResolvedRule[]
  })
}

/** Whom a record names, or names the role of. */
function shownRules(
  entity: string,
  { members = [], role, admins = false }: ShownTo = {},
  roles: readonly RoleSource[],
): ResolvedRule[] {
  const allow = (rule: string, condition: Filter | null): ResolvedRule => ({
    ...{ role: 'owner', rule, entity, condition, effect: 'allow', operations: ['read'] },
    ...{ fields: null, reason: null },
  })
  if (admins && roles.some(({ definition }) => definition.admin)) return [allow('admins', null)]
  const held = roles.map(({ ref }) => ref)
  return [
    ...members.map((key) => allow(`named_${key}`, { [`${key}Id`]: '@me' })),
    ...(role === undefined || held.length === 0 ? [] : [allow('role', { [role]: { $in: held } })]),
  ]
}

/** What is neither theirs nor shared with them is not there for those who are no admins. */
function audienceRules(
  entity: string,
  { shared, roles: field }: Audience,
  roles: readonly RoleSource[],
): ResolvedRule[] {
  if (roles.some(({ definition }) => definition.admin)) return []
  const held = roles.map(({ ref }): Filter => ({ [field as string]: { $contains: ref } }))
  const among: Filter = field === undefined ? {} : { $or: [{ [field]: null }, ...held] }
  return [
    {
      ...{ role: 'owner', rule: 'audience', effect: 'deny', entity, fields: null },
      operations: ['read', 'update', 'delete', 'restore'],
      condition: { $not: { $or: [{ ownerId: '@me' }, { [shared]: true, ...among }] } },
      reason: 'It is somebody else’s, and not shared with you.',
    },
  ]
}

const scopeConditions: Readonly<Record<'own' | 'team' | 'all', Filter | null>> = {
  own: { ownerId: '@me' },
  team: { ownerId: '@team' },
  all: null,
}

/** What a principal may do besides records, in the words of key scopes. */
export function resolvePermissions(roles: readonly RoleSource[]): ReadonlySet<string> {
  return new Set(roles.flatMap(({ definition }) => definition.permissions ?? []))
}

/** `actions:*` covers `actions:crm.leads:convert`, and `*` everything. */
export function covers(granted: ReadonlySet<string> | readonly string[], wanted: string): boolean {
  const set = granted instanceof Set ? granted : new Set(granted)
  if (set.has(wanted) || set.has('*')) return true
  const prefix = wanted.slice(0, wanted.indexOf(':'))
  return wanted.includes(':') && set.has(`${prefix}:*`)
}

/** The scope that a key needs for an operation on records: `leads:read`. */
function scopeFor(operation: Operation, plural: string): string {
  return `${plural}:${operation === 'read' ? 'read' : 'write'}`
}

/** Null when the key's scopes reach the operation; otherwise the scope that is missing. */
export function missingScope(
  principal: Principal,
  operation: Operation,
  plural: string,
): string | null {
  if (principal.scopes === null) return null
  const needed = scopeFor(operation, plural)
  const wildcard = scopeFor(operation, '*')
  return principal.scopes.includes(needed) || principal.scopes.includes(wildcard) ? null : needed
}
