import type pg from 'pg'
import type { Model } from '../model/model.ts'
import {
  type ForeignKeySpec,
  hashOfTable,
  type IndexSpec,
  type TableSpec,
  tablesOf,
} from './entity-tables.ts'
import type { Database } from './postgres.ts'

export interface ModelTablesReport {
  /** Statements that ran now; none when the database was up to date. */
  readonly ran: readonly string[]
  /** What the difference asked for and is never done by itself: drops, changes of type. */
  readonly refused: readonly string[]
}

/**
 * Brings the tables of the model's entities and operational tables up to date, additively: new tables
 * (each put under its policy at once), new columns, indexes and foreign keys. Runs on the client and
 * inside the transaction of `migrate`, as the owner.
 *
 * @param full Looks at the tables even when the same specs were migrated before, and mends what went
 *   missing since.
 */
export async function migrateModelTables(
  client: pg.ClientBase,
  model: Model,
  full = false,
): Promise<ModelTablesReport> {
  const specs = tablesOf(model)
  const known = await knownHashes(client)
  if (!full && specs.every((spec) => known.get(spec.name) === hashOfTable(spec))) {
    return { ran: [], refused: [] }
  }
  await refuseForeignTables(client, specs)
  const { additive, refused } = await difference(client, specs)
  const ran: string[] = []
  const run = async (sql: string) => {
    await client.query(sql)
    ran.push(sql)
  }
  for (const statement of additive) {
    await run(statement)
    const created = /^create table ("tenant"\."[^"]+")/.exec(statement)?.[1]
    if (created) await run(`call kernel.protect('${created}')`)
  }
  const present = await presentNames(client)
  for (const spec of specs) {
    for (const index of spec.indexes) {
      if (!present.indexes.has(index.name)) await run(createIndex(spec, index))
    }
  }
  for (const spec of specs) {
    for (const key of spec.foreignKeys) {
      if (!present.constraints.has(`${spec.name}.${key.name}`)) await run(addForeignKey(spec, key))
    }
  }
  await rememberTables(client, specs, refused)
  return { ran, refused }
}

/**
 * What of the model's tables this database does not have yet; for a server without an admin connection.
 *
 * @returns references, e.g. `crm.leads:lead`; empty when all is there.
 */
export async function missingTables(db: Database, model: Model): Promise<string[]> {
  const { rows } = await db.query<KnownTable>(null, { text: selectKnown, values: [] })
  const present = new Map(rows.map((row) => [row.name, row.hash]))
  return tablesOf(model)
    .filter((spec) => present.get(spec.name) !== hashOfTable(spec))
    .map((spec) => spec.ref)
}

interface KnownTable {
  readonly name: string
  readonly hash: string
}
const selectKnown = 'select name, hash from kernel.model_table'

async function knownHashes(client: pg.ClientBase): Promise<ReadonlyMap<string, string>> {
  const { rows } = await client.query<KnownTable>(selectKnown)
  return new Map(rows.map((row) => [row.name, row.hash]))
}

/** A table of which something was refused is not what the model wants: it keeps no hash of it. */
async function rememberTables(
  client: pg.ClientBase,
  specs: readonly TableSpec[],
  refused: readonly string[],
): Promise<void> {
  const unfinished = new Set(
    refused.map((statement) => /^alter table "tenant"\."(\w+)"/.exec(statement)?.[1]),
  )
  const hashes = specs.map((spec) => (unfinished.has(spec.name) ? '' : hashOfTable(spec)))
  await client.query(
    `insert into kernel.model_table (name, ref, hash)
     select * from unnest($1::text[], $2::text[], $3::text[])
     on conflict (name) do update set ref = excluded.ref, hash = excluded.hash, applied_at = now()
       where model_table.hash <> excluded.hash`,
    [specs.map((spec) => spec.name), specs.map((spec) => spec.ref), hashes],
  )
}

/** A plugin must not take over a table of the kernel by the choice of its names. */
async function refuseForeignTables(client: pg.ClientBase, specs: readonly TableSpec[]) {
  const { rows } = await client.query<{ name: string }>(
    `select c.relname::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = 'tenant' and c.relname = any($1)
       and not exists (select from kernel.model_table m where m.name = c.relname)`,
    [specs.map((spec) => spec.name)],
  )
  const taken = specs.find((spec) => rows.some((row) => row.name === spec.name))
  if (taken)
    throw new Error(`${taken.ref} needs the table tenant.${taken.name}, which the kernel has.`)
}

// MikroORM's "safe" difference still drops indexes and constraints it does not know, changes types and
// rebuilds partitioned tables, so only what adds gets through.
const additions = [
  /^create table "tenant"\."\w+" \(/,
  /^alter table "tenant"\."\w+" add "\w+" [^,]+(, add "\w+" [^,]+)*$/,
]

async function difference(client: pg.ClientBase, specs: readonly TableSpec[]) {
  // Loaded when there is something to migrate; a server that only serves does without it.
  const { openOrm } = await import('./orm.ts')
  const orm = await openOrm(specs, client)
  try {
    const sql = await orm.schema.getUpdateSchemaSQL({ safe: true, dropTables: false, wrap: false })
    const statements = sql
      .split(/;\s*(?:\n|$)/)
      .map((statement) => statement.trim())
      .filter(Boolean)
    const own = new Set(specs.flatMap((s) => [...s.indexes, ...s.foreignKeys].map((x) => x.name)))
    const additive: string[] = []
    const refused: string[] = []
    for (const statement of statements) {
      if (additions.some((pattern) => pattern.test(statement))) additive.push(statement)
      else if (!isOurs(statement, own)) refused.push(statement)
    }
    return { additive, refused }
  } finally {
    await orm.close()
  }
}

/**
 * What the difference would drop because MikroORM is not told of it: our own indexes and keys, which it
 * cannot say, and the policy, which it would take off and put back around a change of type.
 */
function isOurs(statement: string, names: ReadonlySet<string>): boolean {
  if (/^(drop|create) policy "org" /.test(statement)) return true
  const dropped = /^(?:drop index "tenant"\.|alter table \S+ drop constraint )"(\w+)"$/.exec(
    statement,
  )
  return names.has(dropped?.[1] ?? '')
}

async function presentNames(client: pg.ClientBase) {
  const { rows } = await client.query<{ kind: 'index' | 'constraint'; name: string }>(
    `select 'index' as kind, indexname::text as name from pg_indexes where schemaname = 'tenant'
     union all
     select 'constraint', r.relname || '.' || c.conname from pg_constraint c
       join pg_class r on r.oid = c.conrelid
       join pg_namespace n on n.oid = r.relnamespace and n.nspname = 'tenant'
     where c.contype = 'f'`,
  )
  const of = (kind: string) => new Set(rows.filter((r) => r.kind === kind).map((r) => r.name))
  return { indexes: of('index'), constraints: of('constraint') }
}

function createIndex(spec: TableSpec, index: IndexSpec): string {
  const columns = index.columns.map((column) => `"${column}"`).join(', ')
  const where = index.where === null ? '' : ` where ${index.where}`
  const kind = index.unique ? 'unique index' : 'index'
  return `create ${kind} "${index.name}" on "tenant"."${spec.name}" (${columns})${where}`
}

function addForeignKey(spec: TableSpec, key: ForeignKeySpec): string {
  return (
    `alter table "tenant"."${spec.name}" add constraint "${key.name}" ` +
    `foreign key ("org_id", "${key.column}") references "tenant"."${key.target}" ("org_id", "id")`
  )
}
