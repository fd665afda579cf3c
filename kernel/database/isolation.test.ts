import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../tests/setup/test-database.ts'
import { createDatabase, type Database } from './postgres.ts'
import { uuidv7 } from './uuid.ts'

/** Every tenant table of the deployment, plugins included, with one row of one organisation in it. */
let test: TestDatabase
let admin: pg.Client
let tables: string[]
const [ours, theirs] = [uuidv7(), uuidv7()]

beforeAll(async () => {
  test = await createTestDatabase()
  admin = new pg.Client({ connectionString: test.adminUrl })
  await admin.connect()
  // Keys and checks are not what is asked here; without them any value will do.
  await admin.query('set session_replication_role = replica')
  // A table in parts needs one for whatever row comes.
  const found = await admin.query<{ name: string; id: number; partitioned: boolean }>(
    `select c.oid::regclass::text as name, c.oid as id, coalesce(p.partdefid = 0, false) as partitioned
     from pg_class c left join pg_partitioned_table p on p.partrelid = c.oid join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = 'tenant' and c.relkind in ('r', 'p') and not c.relispartition order by 1`,
  )
  tables = found.rows.map((row) => row.name)
  for (const { name, id, partitioned } of found.rows) {
    if (partitioned)
      await admin.query(`create table if not exists ${name}_rest partition of ${name} default`)
    await admin.query(`
      do $$ declare c record; begin
        for c in select conname from pg_constraint where conrelid = ${id} and contype = 'c' loop
          execute format('alter table ${name} drop constraint %I', c.conname);
        end loop;
      end $$`)
    await insertRow(name, id)
  }
})
afterAll(async () => {
  await admin.end()
  await test.drop()
})

/** A row of `ours` with a value of the right type wherever one is needed. */
async function insertRow(table: string, id: number): Promise<void> {
  const { rows } = await admin.query<{ name: string; type: string }>(
    `select attname::text as name, format_type(atttypid, null) as type from pg_attribute
     where attrelid = $1 and attnum > 0 and not attisdropped and attnotnull and not atthasdef and attname <> 'org_id'`,
    [id],
  )
  const samples: Record<string, string> = {
    uuid: `'${uuidv7()}'`,
    text: `'x'`,
    jsonb: `'{}'`,
    bytea: `'x'`,
    boolean: 'true',
    date: `'2026-01-01'`,
    'timestamp with time zone': `'2026-01-01'`,
    'text[]': `'{}'`,
    'uuid[]': `'{}'`,
    'bigint[]': `'{}'`,
  }
  const columns = ['org_id', ...rows.map((row) => row.name)]
  const values = [`'${ours}'`, ...rows.map((row) => samples[row.type] ?? '1')]
  await admin.query(`insert into ${table} (${columns.join(', ')}) values (${values.join(', ')})`)
}

async function counts(db: Database, orgId: string | null): Promise<Record<string, number>> {
  const statements = tables.map((table) => ({
    text: `select count(*) as n from ${table}`,
    values: [],
  }))
  const results = await db.batch(orgId, statements)
  return Object.fromEntries(tables.map((table, i) => [table, results[i]?.rows[0]?.['n'] as number]))
}
const all = (n: number) => Object.fromEntries(tables.map((table) => [table, n]))
const open = () => createDatabase({ url: test.serverUrl, secretKey: test.secretKey, poolSize: 1 })

describe('every table of organisations', () => {
  it('is among those that are looked at', () => {
    expect(tables).toContain('tenant.record')
    expect(tables).toContain('tenant.secret')
    expect(tables.length).toBeGreaterThan(20)
  })

  it('shows its row to its organisation and to nobody else', async () => {
    const db = open()
    expect(await counts(db, ours)).toEqual(all(1))
    expect(await counts(db, theirs)).toEqual(all(0))
    await db.close()
  })

  it('shows nothing without a context, on a fresh connection and on one that had one', async () => {
    const db = open()
    expect(await counts(db, null)).toEqual(all(0))
    await counts(db, ours)
    expect(await counts(db, null)).toEqual(all(0))
    await db.transaction(ours, (tx) => tx.run([{ text: 'select 1', values: [] }]))
    expect(await counts(db, null)).toEqual(all(0))
    await db.batch(ours, [{ text: 'select 1 / 0', values: [] }]).catch(() => {})
    expect(await counts(db, null)).toEqual(all(0))
    await db.close()
  })

  it('lets nobody else change or remove its row, or plant one', async () => {
    const db = open()
    for (const table of tables) {
      for (const orgId of [theirs, null]) {
        for (const text of [
          `update ${table} set org_id = org_id where org_id = $1`,
          `delete from ${table} where org_id = $1`,
        ]) {
          // Some tables refuse to be changed at all.
          const touched = await db.query(orgId, { text, values: [ours] }).then(
            (result) => result.rowCount,
            (error) => error.code,
          )
          expect([0, '42501'], text).toContain(touched)
        }
      }
      const copy = {
        text: `insert into ${table} select * from jsonb_populate_record(null::${table}, $1)`,
        values: [{ org_id: ours }],
      }
      await expect(db.query(theirs, copy), table).rejects.toMatchObject({
        code: expect.stringMatching(/42501|23502/),
      })
      const cut = db.query(ours, { text: `truncate ${table}`, values: [] })
      await expect(cut, table).rejects.toMatchObject({ code: '42501' })
    }
    expect(await counts(db, ours)).toEqual(all(1))
    await db.close()
  })

  it('is not reached through its partitions, the directory or the key of the context', async () => {
    const db = open()
    const { rows } = await admin.query<{ name: string }>(
      `select c.oid::regclass::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
       where c.relkind in ('r', 'p') and (c.relispartition or n.nspname = 'directory' or c.relname in ('context_key', 'accounts_key'))
         and n.nspname in ('tenant', 'directory', 'kernel')`,
    )
    for (const { name } of rows) {
      const peek = db.query(ours, { text: `select * from ${name}`, values: [] })
      await expect(peek, name).rejects.toMatchObject({ code: '42501' })
    }
    expect(rows.length).toBeGreaterThan(5)
    await db.close()
  })
})
