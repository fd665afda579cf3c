import type { Database } from './postgres.ts'
import { ownerRole } from './roles.ts'

/** The server will not work with a role that could go round the policies. */
class UnsafeRoleError extends Error {
  override readonly name = 'UnsafeRoleError'
}

/** PostgreSQL is too old to work with. */
class UnsupportedServerError extends Error {
  override readonly name = 'UnsupportedServerError'
}

const oldestVersion = 180_000
/** Below it known holes are open: CVE-2026-6460 was fixed in 18.7. */
const safeVersion = 180_007

/**
 * Asked once before the server takes requests: who am I, and on what?
 *
 * @throws UnsafeRoleError when the role of DATABASE_URL is superuser, owner, or has BYPASSRLS.
 * @throws UnsupportedServerError below PostgreSQL 18.
 */
export async function assertServerRole(db: Database): Promise<void> {
  const { rows } = await db.query<RoleRow>(null, { text: question, values: [ownerRole] })
  const row = rows[0]
  if (!row) throw new UnsafeRoleError('The role of DATABASE_URL is not known to PostgreSQL.')
  if (row.version < oldestVersion) {
    throw new UnsupportedServerError(
      `RunwayCRM needs PostgreSQL 18, DATABASE_URL leads to ${readable(row.version)}.`,
    )
  }
  const reasons = [
    row.super && 'is a superuser',
    row.bypass && 'has BYPASSRLS',
    row.member && `is a member of ${ownerRole}`,
    row.owns && 'owns tables of RunwayCRM',
    row.truncates && 'may truncate tables',
    row.creates && 'may create objects',
  ].filter((reason): reason is string => typeof reason === 'string')
  if (reasons.length > 0) {
    throw new UnsafeRoleError(
      `The role "${row.name}" of DATABASE_URL ${reasons.join(', ')}, so nothing would keep organisations apart. ` +
        'Use a plain role (`runway migrate` makes one from the user of DATABASE_URL), and keep the powerful one for DATABASE_ADMIN_URL.',
    )
  }
}

/**
 * Advice about the version of PostgreSQL, for `doctor`.
 *
 * @param version `server_version_num`, e.g. 180004.
 * @returns null when it is fine.
 */
export function versionAdvice(version: number): string | null {
  if (version >= safeVersion) return null
  return `PostgreSQL ${readable(version)} lacks security fixes; update to ${readable(safeVersion)} or newer.`
}

function readable(version: number): string {
  return `${Math.floor(version / 10_000)}.${version % 10_000}`
}

interface RoleRow {
  readonly name: string
  readonly version: number
  readonly super: boolean
  readonly bypass: boolean
  readonly member: boolean
  readonly owns: boolean
  readonly truncates: boolean
  readonly creates: boolean
}

const question = `
  with ours as (
    select c.oid, c.relowner from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname in ('kernel', 'tenant', 'directory', 'ref') and c.relkind in ('r', 'p')
  )
  select r.rolname::text as name, current_setting('server_version_num')::int as version,
    r.rolsuper as super, r.rolbypassrls as bypass,
    case when exists (select from pg_roles where rolname = $1)
      then pg_has_role(r.oid, $1, 'member') else false end as member,
    exists (select from ours where relowner = r.oid) as owns,
    exists (select from ours where has_table_privilege(r.oid, oid, 'TRUNCATE')) as truncates,
    exists (select from pg_namespace n where n.nspname in ('kernel', 'tenant', 'directory', 'ref')
      and has_schema_privilege(r.oid, n.oid, 'CREATE')) as creates
  from pg_roles r where r.rolname = current_user`
