import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import pg from 'pg'
import type { Model } from '../model/model.ts'
import { assertCatalogue } from './catalogue-lint.ts'
import { type ModelTablesReport, migrateModelTables, missingTables } from './model-tables.ts'
import { accountsKey, contextKey } from './org-context.ts'
import type { Database } from './postgres.ts'
import { ensureRoles, loginOf, ownerRole } from './roles.ts'

export interface MigrateOptions {
  /** Connection of a role that may create roles and owns the database. */
  readonly adminUrl: string
  /** The server's connection string; its user and password are set up when they are missing. */
  readonly serverUrl: string
  readonly secretKey: string
  /** The deployment's model: its entities and operational tables get their tables. None when missing. */
  readonly model?: Model
  /** Compare the model's tables with it even when nothing of it changed; for the `migrate` command. */
  readonly full?: boolean
  /** Set the server's password again: for the embedded PostgreSQL, whose passwords we keep. */
  readonly setPassword?: boolean
  readonly log?: (message: string) => void
}

export interface MigrateReport {
  /** Names of the SQL files that ran now. */
  readonly applied: readonly string[]
  readonly version: number
  /** The model's tables; null without a model. */
  readonly tables: ModelTablesReport | null
}

/** The database was made by a newer release. */
export class SchemaTooNewError extends Error {
  override readonly name = 'SchemaTooNewError'
}

/** The database was made by an older release, and this connection may not change it. */
export class SchemaTooOldError extends Error {
  override readonly name = 'SchemaTooOldError'
}

const folder = new URL('./schema/', import.meta.url)
const lockKey = 7_218_400_921

interface SchemaFile {
  readonly version: number
  readonly name: string
}

/**
 * Brings the database to this release: roles, the SQL files that have not run yet, the key of the org
 * context. One transaction under an advisory lock, so several nodes may start at once and a failure
 * leaves everything as it was. Running it again changes nothing.
 *
 * @throws SchemaTooNewError when the database belongs to a newer release; CatalogueError when the result
 *   would break a rule of `catalogue-lint.ts`.
 */
export async function migrate(options: MigrateOptions): Promise<MigrateReport> {
  const log = options.log ?? (() => {})
  const files = await schemaFiles()
  const client = new pg.Client({
    connectionString: options.adminUrl,
    application_name: 'runway migrate',
  })
  await client.connect()
  try {
    await client.query('begin')
    await client.query('select pg_advisory_xact_lock($1)', [lockKey])
    const login = loginOf(options.serverUrl)
    await ensureRoles(client, login, {
      setPassword: options.setPassword ?? false,
    })
    await client.query(`set local role ${ownerRole}`)
    await client.query('set local search_path = pg_catalog')

    const present = await presentVersions(client)
    const newest = files.at(-1)?.version ?? 0
    const highest = Math.max(0, ...present)
    if (highest > newest) throw new SchemaTooNewError(tooNew(highest, newest))
    const applied: string[] = []
    for (const file of files.filter((f) => !present.has(f.version))) {
      log(`migrating: ${file.name}`)
      await runFile(client, file.name)
      await client.query('insert into kernel.schema_version (version, name) values ($1, $2)', [
        file.version,
        file.name,
      ])
      applied.push(file.name)
    }
    await writeKey(client, 'context_key', contextKey(options.secretKey))
    await writeKey(client, 'accounts_key', accountsKey(options.secretKey))
    const tables = options.model
      ? await migrateModelTables(client, options.model, options.full)
      : null
    for (const statement of tables?.refused ?? []) log(`not done by migrate: ${statement}`)
    await client.query('reset role')
    // Last: what breaks a rule is not saved.
    await assertCatalogue(
      async (text, values) => (await client.query(text, [...values])).rows,
      login.user,
    )
    await client.query('commit')
    return { applied, version: newest, tables }
  } catch (error) {
    await client.query('rollback').catch(() => {})
    throw error
  } finally {
    await client.end()
  }
}

/**
 * For a server that has no admin connection: refuses to work on a schema that is not this release's, or
 * that lacks tables of the model.
 *
 * @throws SchemaTooOldError naming the command to run, SchemaTooNewError.
 */
export async function assertSchemaCurrent(db: Database, model?: Model): Promise<void> {
  const newest = (await schemaFiles()).at(-1)?.version ?? 0
  let present = 0
  try {
    const { rows } = await db.query<{ version: number | null }>(null, {
      text: 'select max(version) as version from kernel.schema_version',
      values: [],
    })
    present = rows[0]?.version ?? 0
  } catch (error) {
    // 42P01, 3F000: no table, no schema: never migrated. 42501: not for this role yet.
    if (!['42P01', '3F000', '42501'].includes((error as { code?: string }).code ?? '')) throw error
  }
  if (present > newest) throw new SchemaTooNewError(tooNew(present, newest))
  if (present < newest) {
    throw new SchemaTooOldError(
      `The database has schema version ${present}, this release needs ${newest}. ${howToMigrate}`,
    )
  }
  const missing = model ? await missingTables(db, model) : []
  if (missing.length > 0) {
    throw new SchemaTooOldError(
      `The database lacks (parts of) the tables of ${missing.join(', ')}. ${howToMigrate}`,
    )
  }
}

const howToMigrate =
  'Run `npm run runway -- migrate` with DATABASE_ADMIN_URL set, then start again.'

function tooNew(present: number, newest: number): string {
  return (
    `The database has schema version ${present}, this release knows ${newest}. ` +
    'Start the newer release, or restore a backup made before it.'
  )
}

async function schemaFiles(): Promise<SchemaFile[]> {
  return (await readdir(folder))
    .filter((name) => /^\d{4}-.+\.sql$/.test(name))
    .map((name) => ({ version: Number(name.slice(0, 4)), name }))
    .sort((a, b) => a.version - b.version)
}

async function runFile(client: pg.Client, name: string): Promise<void> {
  const sql = await readFile(new URL(name, folder), 'utf8')
  try {
    await client.query(sql)
  } catch (error) {
    const { message, position } = error as pg.DatabaseError
    const line = position ? `, line ${sql.slice(0, Number(position)).split('\n').length}` : ''
    throw new Error(`${name}${line}: ${message}`, { cause: error })
  }
}

async function presentVersions(client: pg.Client): Promise<ReadonlySet<number>> {
  const { rows } = await client.query<{ there: boolean }>(
    `select to_regclass('kernel.schema_version') is not null as there`,
  )
  if (!rows[0]?.there) return new Set()
  const found = await client.query<{ version: number }>('select version from kernel.schema_version')
  return new Set(found.rows.map((row) => row.version))
}

/** The newest two keys are kept: nodes that still sign with the former one go on while it is changed. */
async function writeKey(
  client: pg.Client,
  table: 'context_key' | 'accounts_key',
  key: Buffer,
): Promise<void> {
  const id = createHash('sha256').update(key).digest('hex').slice(0, 16)
  await client.query(
    `insert into kernel.${table} as k (id, inner_block, outer_block)
     values ($1, kernel.hmac_block($2, 54), kernel.hmac_block($2, 92))
     on conflict (id) do update set added_at = now() where k.added_at < now()`,
    [id, key],
  )
  await client.query(
    `delete from kernel.${table} where id not in
       (select id from kernel.${table} order by added_at desc limit 2)`,
  )
}
