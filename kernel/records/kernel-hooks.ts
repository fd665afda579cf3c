import {
  type FieldValues,
  ForbiddenError,
  type Issue,
  LastAdminError,
  type RecordData,
} from '@runwaycrm/sdk'
import { findRole } from '../access/find-role.ts'
import { mayGiveRole } from '../access/give-role.ts'
import type { RequestContext } from '../context/request-context.ts'
import type { Tx } from '../database/postgres.ts'
import type { Entity, Field, Model } from '../model/model.ts'
import { identifier } from './sql-text.ts'
import { invalidError, type StorageValues } from './validate.ts'
import type { RowOperation } from './write-checks.ts'

/** What the kernel itself demands of its two entities, members and teams. */
export interface KernelHooks {
  applies(entity: Entity): boolean
  /** Roles may be called by their keys; they are kept by their references. */
  named(ctx: RequestContext, entity: Entity, values: FieldValues): FieldValues
  /**
   * @param written fields that the actor names.
   * @throws ForbiddenError, InvalidError
   */
  check(
    ctx: RequestContext,
    entity: Entity,
    operation: RowOperation,
    written: Written,
    before: RecordData | null,
  ): void
  /** Does the writing and looks at what it left. @throws LastAdminError */
  around<T>(
    ctx: RequestContext & { readonly tx: Tx },
    entity: Entity,
    operation: RowOperation,
    written: readonly Written[],
    work: () => Promise<T>,
  ): Promise<T>
}

export interface Written {
  readonly fields: readonly Field[]
  readonly values: StorageValues | undefined
}

const userRef = 'kernel:user'
const teamRef = 'kernel:team'
/** What only those may change who manage members, even on themselves. */
const managed: ReadonlySet<string> = new Set(['email', 'roles', 'active', 'team', 'owner'])
export const manageMembers = 'members:manage'

export const kernelHooks: KernelHooks = {
  applies: (entity) => entity.ref === userRef || entity.ref === teamRef,

  named(ctx, entity, values) {
    const roles = entity.ref === userRef ? values?.roles : undefined
    if (!Array.isArray(roles)) return values
    const refOf = (role: unknown) =>
      typeof role === 'string' ? (findRole(ctx.model.roles, role.trim()) ?? role) : role
    return { ...values, roles: roles.map(refOf) }
  },

  check(ctx, entity, operation, written, before) {
    if (
      !ctx.ability.allows(manageMembers) &&
      !isOwnProfile(ctx, entity, operation, written, before)
    )
      throw new ForbiddenError('Only those who manage members may change members and teams.')
    if (entity.ref === userRef) checkRoles(ctx, entity, written, before)
  },

  async around(ctx, entity, operation, written, work) {
    const admins = adminRoles(ctx.model)
    if (entity.ref !== userRef || !mayLoseAdmins(operation, written) || admins.length === 0)
      return work()
    // Two admins who remove each other at the same time take turns; the second sees that he is the last.
    await ctx.tx.run([lockAdmins(ctx.org.id)])
    const before = await countAdmins(ctx, entity, admins)
    const result = await work()
    if (before > 0 && (await countAdmins(ctx, entity, admins)) === 0) throw new LastAdminError()
    return result
  },
}

function mayLoseAdmins(operation: RowOperation, written: readonly Written[]): boolean {
  if (operation === 'delete') return true
  const decisive = (field: Field) => field.key === 'roles' || field.key === 'active'
  return operation === 'update' && written.some(({ fields }) => fields.some(decisive))
}

function isOwnProfile(
  ctx: RequestContext,
  entity: Entity,
  operation: RowOperation,
  { fields }: Written,
  before: RecordData | null,
): boolean {
  return (
    entity.ref === userRef &&
    operation === 'update' &&
    before !== null &&
    before.id === ctx.principal.userId &&
    !fields.some((field) => managed.has(field.key))
  )
}

function checkRoles(
  ctx: RequestContext,
  entity: Entity,
  { fields, values }: Written,
  before: RecordData | null,
): void {
  const { roles: known } = ctx.model
  const field = entity.fields.get('roles')
  if (field?.storage.in !== 'column' || !fields.includes(field)) return
  const roles = values?.columns[field.storage.column]
  if (!Array.isArray(roles)) return
  const unknown = roles.filter((role) => !known.has(role))
  const issues = unknown.map(
    (role): Issue => ({
      path: field.apiName,
      code: 'UNKNOWN_OPTION',
      message: `There is no role "${role}".`,
    }),
  )
  if (issues.length > 0) throw invalidError(issues)
  const had = before?.[field.apiName]
  const added = roles.filter((role) => !(Array.isArray(had) && had.includes(role)))
  if (!added.every((role) => mayGiveRole(ctx, known, role)))
    throw new ForbiddenError(
      'Nobody gives a role with more rights over the organisation than theirs.',
    )
}

/** Roles whose holders count as admins. */
function adminRoles(model: Model): string[] {
  return [...model.roles.values()].filter((role) => role.definition.admin).map((role) => role.ref)
}

export function lockAdmins(orgId: string) {
  return {
    text: `select pg_advisory_xact_lock(hashtextextended('runway admins ' || $1, 0))`,
    values: [orgId],
  }
}

async function countAdmins(
  ctx: RequestContext & { readonly tx: Tx },
  entity: Entity,
  admins: readonly string[],
): Promise<number> {
  const { rows } = await ctx.tx.one<{ admins: number }>({
    text: `select count(*) as admins from ${entity.table} t where t.org_id = $1 and t.deleted_at is null
 and t.${identifierOf(entity, 'active')} is not false and t.${identifierOf(entity, 'roles')} ?| $2::text[]`,
    values: [ctx.org.id, admins],
  })
  return rows[0]?.admins ?? 0
}

/** The column of a field as SQL names it. */
export function identifierOf(entity: Entity, key: string): string {
  const field = entity.fields.get(key)
  return identifier(field?.storage.in === 'column' ? field.storage.column : key)
}
