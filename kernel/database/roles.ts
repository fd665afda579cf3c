import pg from 'pg'

/** Owns schemas, tables and functions; nobody can log in as it. */
export const ownerRole = 'runway_owner'
/** What the server may do. The login of DATABASE_URL is this role or a member of it. */
export const serverRole = 'runway_server'
/** Looks things up for search past the policies of two tables, in three functions; nobody logs in as it. */
const searchRole = 'runway_search'

export interface ServerLogin {
  readonly user: string
  readonly password: string | null
}

/** User and password of a connection string. */
export function loginOf(url: string): ServerLogin {
  const client = new pg.Client({ connectionString: url })
  return { user: client.user ?? serverRole, password: client.password ?? null }
}

/**
 * Creates the roles that are missing and gives them what they need in this database. Runs inside the
 * transaction of `migrate` as the admin, who needs CREATEROLE and the database, not superuser.
 *
 * @param login The server's login. A role that exists already keeps its password, unless the admin is
 *   the embedded PostgreSQL's and `setPassword` says so.
 */
export async function ensureRoles(
  admin: pg.ClientBase,
  login: ServerLogin,
  options: { readonly setPassword?: boolean } = {},
): Promise<void> {
  const roles = [ownerRole, serverRole, searchRole, login.user]
  const found = await admin.query<{ rolname: string }>(
    'select rolname from pg_roles where rolname = any($1)',
    [roles],
  )
  const existing = new Set(found.rows.map((row) => row.rolname))
  const plain = 'nosuperuser nobypassrls nocreatedb nocreaterole noreplication'
  if (!existing.has(ownerRole)) await admin.query(`create role ${ownerRole} nologin ${plain}`)
  if (!existing.has(serverRole)) {
    const kind = login.user === serverRole ? 'login' : 'nologin'
    await admin.query(`create role ${serverRole} ${kind} ${plain}`)
  }
  if (!existing.has(searchRole)) {
    await admin.query(`create role ${searchRole} nologin noinherit ${plain}`)
    // So that migrate, as the owner, can make the role's functions.
    await admin.query(`grant ${searchRole} to ${ownerRole} with inherit false, set true`)
  }
  const user = pg.escapeIdentifier(login.user)
  if (login.user !== serverRole) {
    if (!existing.has(login.user)) await admin.query(`create role ${user} login ${plain}`)
    await admin.query(`grant ${serverRole} to ${user}`)
  }
  const isNew = !existing.has(login.user)
  if (login.password !== null && (isNew || options.setPassword)) {
    await admin.query(`alter role ${user} login password ${pg.escapeLiteral(login.password)}`)
  }
  // From PostgreSQL 16 on, who creates a role may grant it but not act as it.
  await admin.query(`grant ${ownerRole} to current_user with set true`)
  await grantDatabase(admin)
}

/** Rights on the database itself; a database made from a template does not inherit them. */
async function grantDatabase(admin: pg.ClientBase): Promise<void> {
  const { rows } = await admin.query<{ name: string }>('select current_database() as name')
  const name = pg.escapeIdentifier(rows[0]?.name ?? '')
  await admin.query(`revoke all on database ${name} from public`)
  await admin.query(`grant create on database ${name} to ${ownerRole}`)
  await admin.query(`grant connect on database ${name} to ${serverRole}`)
  await admin.query('revoke all on schema public from public')
}
