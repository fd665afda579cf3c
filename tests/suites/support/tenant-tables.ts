import type pg from 'pg'
import { uuidv7 } from '../../../kernel/database/uuid.ts'

/** A table of organisations as the catalogue knows it. */
export interface TenantTable {
  /** `tenant.crm_leads_lead`. */
  readonly name: string
  readonly columns: readonly { readonly name: string; readonly type: string }[]
  /** Columns of the primary key, the organisation first. */
  readonly key: readonly string[]
  readonly foreignKeys: readonly {
    readonly name: string
    readonly columns: readonly string[]
    readonly target: string
  }[]
  /** Columns of unique indexes, the primary key's among them. */
  readonly unique: readonly string[]
  /** Whether the server may change rows; some are only ever added. */
  readonly canUpdate: boolean
  readonly canDelete: boolean
}

export async function tenantTables(admin: pg.ClientBase): Promise<TenantTable[]> {
  const { rows } = await admin.query<TenantTable>(
    `select c.oid::regclass::text as name,
       (select json_agg(json_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod)) order by a.attnum)
          from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns,
       (select json_agg(a.attname order by k.n) from pg_index i, unnest(i.indkey) with ordinality k (attnum, n), pg_attribute a
          where i.indrelid = c.oid and i.indisprimary and a.attrelid = c.oid and a.attnum = k.attnum) as key,
       coalesce((select json_agg(json_build_object('name', f.conname, 'target', f.confrelid::regclass::text, 'columns',
            (select json_agg(a.attname order by k.n) from unnest(f.conkey) with ordinality k (attnum, n), pg_attribute a
              where a.attrelid = f.conrelid and a.attnum = k.attnum)))
          from pg_constraint f where f.conrelid = c.oid and f.contype = 'f'), '[]') as "foreignKeys",
       (select json_agg(distinct a.attname) from pg_index i, unnest(i.indkey) k (attnum), pg_attribute a
          where i.indrelid = c.oid and i.indisunique and a.attrelid = c.oid and a.attnum = k.attnum) as unique,
       has_table_privilege('runway_server', c.oid, 'update') as "canUpdate",
       has_table_privilege('runway_server', c.oid, 'delete') as "canDelete"
     from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = 'tenant' and c.relkind in ('r', 'p') and not c.relispartition order by 1`,
  )
  return rows
}

/** Checks of values are not what is asked here; without them any value will do. */
export async function dropChecks(admin: pg.ClientBase): Promise<void> {
  await admin.query(`
    do $$ declare c record; begin
      for c in select conrelid::regclass as owner, conname from pg_constraint k
        join pg_class r on r.oid = k.conrelid join pg_namespace n on n.oid = r.relnamespace
        where n.nspname = 'tenant' and k.contype = 'c' loop
        execute format('alter table %s drop constraint %I', c.owner, c.conname);
      end loop;
    end $$`)
}

type Row = Record<string, unknown>

/**
 * A row with a value in every column. Foreign keys lead nowhere: their columns are blank.
 *
 * @param word stands in every text, so that a row tells whose it is.
 */
export function madeUpRow(table: TenantTable, orgId: string, word: string): Row {
  const blank = new Set(table.foreignKeys.flatMap(({ columns }) => columns))
  const row: Row = {}
  for (const { name, type } of table.columns) {
    if (name === 'org_id') row[name] = orgId
    else if (blank.has(name)) row[name] = null
    else row[name] = valueOfType(type, `${word} ${uuidv7().slice(-12)}`)
  }
  // What is deleted is unique no longer, and the tables are as the server leaves them.
  if ('deleted_at' in row) row['deleted_at'] = null
  return row
}

/** Each number once, far from those of rows that are there. */
let numbers = 500_000_000

/** @throws for a type that it does not know: give it a value here. */
export function valueOfType(type: string, text: string): unknown {
  switch (type.replace(/\(.*\)/, '')) {
    case 'uuid':
      return uuidv7()
    case 'text':
      return text
    case 'jsonb':
      return { text }
    case 'bytea':
      return `\\x${Buffer.from(text).toString('hex')}`
    case 'boolean':
      return true
    case 'date':
      return '2026-01-02'
    case 'timestamp with time zone':
      return '2026-01-02T03:04:05.000Z'
    case 'bigint':
    case 'integer':
    case 'double precision':
      return ++numbers
    case 'text[]':
      return [text]
    case 'uuid[]':
      return [uuidv7()]
    case 'bigint[]':
    case 'integer[]':
      return [1]
    default:
      throw new Error(`There is no value of the type ${type}.`)
  }
}

/** A row that goes in as one JSON parameter, whatever its columns are. */
export function insertSql(table: TenantTable): string {
  return `insert into ${table.name} select * from jsonb_populate_record(null::${table.name}, $1)`
}

export const keyOf = (table: TenantTable, row: Row): string =>
  table.key.map((name) => plainKey(String(row[name]))).join('|')

/** A moment is written as JSON in PostgreSQL has it, whoever gave it. */
function plainKey(part: string): string {
  return /^\d{4}-\d{2}-\d{2}T/.test(part)
    ? new Date(part).toISOString().replace('.000Z', '+00:00')
    : part
}
