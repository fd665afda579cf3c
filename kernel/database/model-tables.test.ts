import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { smallModel } from '../../tests/setup/small-model.ts'
import { createTestDatabase, type TestDatabase } from '../../tests/setup/test-database.ts'
import { assertSchemaCurrent, migrate } from './migrate.ts'
import { missingTables } from './model-tables.ts'
import { createDatabase, type Database } from './postgres.ts'
import { uuidv7 } from './uuid.ts'

let test: TestDatabase
let admin: pg.Client
let db: Database

beforeAll(async () => {
  test = await createTestDatabase()
  admin = new pg.Client({ connectionString: test.adminUrl })
  await admin.connect()
  db = createDatabase({ url: test.serverUrl, secretKey: test.secretKey })
})
afterAll(async () => {
  await db.close()
  await admin.end()
  await test.drop()
})

const account = { name: { class: 'text' }, site: { class: 'text', unique: true } } as const
const lead = {
  name: { class: 'text' },
  value: { class: 'bigint', parts: { currency: 'text' } },
  account: { class: 'uuid', target: 'acme.base:account' },
  thing: { class: 'uuid', target: 't:thing' },
  note: { class: 'text', in: 'custom' },
  title: { class: 'computed', in: 'custom' },
} as const
const runs = {
  columns: { startedAt: { storage: 'timestamptz' }, state: { storage: 'text', required: true } },
  indexes: { byState: { columns: ['state', 'startedAt'] } },
} as const
const model = smallModel(
  {
    'acme.base:account': account,
    'acme.base:lead': lead,
    't:thing': { name: { class: 'text', in: 'custom' } },
  },
  { 'acme.jobs:runs': runs as never },
)
const columnsOf = async (table: string) =>
  (
    await admin.query(
      `select attname || ' ' || format_type(atttypid, atttypmod) || case when attnotnull then ' not null' else '' end as c
       from pg_attribute where attrelid = $1::regclass and attnum > 0 and not attisdropped order by attnum`,
      [table],
    )
  ).rows.map((row) => row.c)

describe('the tables of a model', () => {
  it('are made with typed columns, keys led by the organisation, and their policy', async () => {
    expect(await missingTables(db, model)).toHaveLength(3)
    const report = await migrate({ ...test, model })
    expect(report.tables?.refused).toEqual([])
    expect(await columnsOf('tenant.acme_base_lead')).toEqual([
      'org_id uuid not null',
      'id uuid not null',
      'version bigint not null',
      'created_at timestamp(3) with time zone not null',
      'updated_at timestamp(3) with time zone not null',
      'created_by jsonb not null',
      'updated_by jsonb not null',
      'owner_id uuid',
      'deleted_at timestamp(3) with time zone',
      'custom jsonb not null',
      'account uuid',
      'name text',
      'thing uuid',
      'value bigint',
      'value_currency text',
    ])
    expect(await columnsOf('tenant.acme_jobs_runs')).toEqual([
      'org_id uuid not null',
      'id uuid not null',
      'started_at timestamp(3) with time zone',
      'state text',
    ])
    const { rows } = await admin.query(
      `select pg_get_indexdef(indexrelid) as d from pg_index where indrelid in ('tenant.acme_base_lead'::regclass, 'tenant.acme_base_account'::regclass, 'tenant.acme_jobs_runs'::regclass) order by 1`,
    )
    expect(
      rows.map((row) => row.d.replace(/^CREATE (UNIQUE )?INDEX \w+ ON tenant\./, '$1')),
    ).toEqual([
      'acme_base_account USING btree (org_id, created_at, id)',
      'acme_base_account USING btree (org_id, owner_id) WHERE (owner_id IS NOT NULL)',
      'acme_base_lead USING btree (org_id, account) WHERE (account IS NOT NULL)',
      'acme_base_lead USING btree (org_id, created_at, id)',
      'acme_base_lead USING btree (org_id, owner_id) WHERE (owner_id IS NOT NULL)',
      'acme_base_lead USING btree (org_id, thing) WHERE (thing IS NOT NULL)',
      'acme_jobs_runs USING btree (org_id, state, started_at)',
      'UNIQUE acme_base_account USING btree (org_id, id)',
      'UNIQUE acme_base_account USING btree (org_id, site) WHERE (deleted_at IS NULL)',
      'UNIQUE acme_base_lead USING btree (org_id, id)',
      'UNIQUE acme_jobs_runs USING btree (org_id, id)',
    ])
    expect(await missingTables(db, model)).toEqual([])
  })

  it('are left alone by a second migrate', async () => {
    const report = await migrate({ ...test, model })
    expect(report).toMatchObject({ applied: [], tables: { ran: [], refused: [] } })
    const full = await migrate({ ...test, model, full: true })
    expect(full).toMatchObject({ applied: [], tables: { ran: [], refused: [] } })
  })

  it('are mended by a full migrate when somebody removed a part of them', async () => {
    await admin.query('drop index tenant.acme_base_lead_account_ix')
    await admin.query('alter table tenant.acme_base_lead drop column name')
    const { tables } = await migrate({ ...test, model, full: true })
    expect(tables?.ran).toHaveLength(2)
  })

  it('show nothing without a context and refuse another organisation’s account', async () => {
    const [ours, theirs] = [uuidv7(), uuidv7()]
    const [a, b] = [uuidv7(), uuidv7()]
    const insert = (orgId: string, table: string, id: string, accountId: string | null) => ({
      text: `insert into tenant.${table} (org_id, id, version, created_at, updated_at, created_by, updated_by${accountId ? ', account' : ''})
        values ($1, $2, 1, now(), now(), '{}', '{}'${accountId ? ', $3' : ''})`,
      values: accountId ? [orgId, id, accountId] : [orgId, id],
    })
    await db.batch(ours, [insert(ours, 'acme_base_account', a, null)])
    await db.batch(theirs, [insert(theirs, 'acme_base_account', b, null)])
    await db.batch(ours, [insert(ours, 'acme_base_lead', uuidv7(), a)])
    await expect(
      db.batch(ours, [insert(ours, 'acme_base_lead', uuidv7(), b)]),
    ).rejects.toMatchObject({
      code: '23503',
    })
    for (const table of ['acme_base_account', 'acme_base_lead', 'acme_jobs_runs']) {
      const { rows } = await db.query(null, { text: `select * from tenant.${table}`, values: [] })
      expect(rows, table).toEqual([])
    }
  })

  it('get new columns and tables, and lose nothing', async () => {
    await admin.query('create index own_idx on tenant.acme_base_lead (org_id, lower(name))')
    const { name: _, ...withoutName } = lead
    const larger = smallModel(
      {
        'acme.base:account': { ...account, parent: { class: 'uuid', target: 'acme.base:account' } },
        'acme.base:lead': { ...withoutName, score: { class: 'float8' }, value: { class: 'text' } },
        'acme.base:deal': { name: { class: 'text' } },
      },
      {
        'acme.jobs:runs': {
          ...runs,
          columns: { ...runs.columns, tries: { storage: 'bigint', required: true } },
        } as never,
      },
    )
    const report = await migrate({ ...test, model: larger })
    expect(report.tables?.ran.map((sql) => sql.slice(0, 110))).toEqual([
      expect.stringContaining('create table "tenant"."acme_base_deal"'),
      `call kernel.protect('"tenant"."acme_base_deal"')`,
      expect.stringContaining('alter table "tenant"."acme_base_account" add "parent"'),
      expect.stringContaining('alter table "tenant"."acme_base_lead" add "score"'),
      expect.stringContaining('alter table "tenant"."acme_jobs_runs" add "tries"'),
      expect.stringContaining('create index "acme_base_account_parent_ix"'),
      expect.stringContaining('create index "acme_base_deal_owner_id_ix"'),
      expect.stringContaining('create index "acme_base_deal_created_at_id_ix"'),
      expect.stringContaining('add constraint "acme_base_account_parent_fk"'),
    ])
    expect(report.tables?.refused.join()).toMatch(
      /own_idx.*alter column "value"|alter column "value".*own_idx/s,
    )
    expect(await columnsOf('tenant.acme_base_lead')).toContain('name text')
    expect(await columnsOf('tenant.acme_base_lead')).toContain('value bigint')
    // What could not be done is said again, and a server without an admin connection does not start on it.
    expect((await migrate({ ...test, model: larger })).tables?.refused).toHaveLength(2)
    expect(await missingTables(db, larger)).toEqual(['acme.base:lead'])
    await expect(assertSchemaCurrent(db, larger)).rejects.toThrow('the tables of acme.base:lead')
  })

  it('may not take over a table of the kernel', async () => {
    const greedy = smallModel({}, { 'schema:version': { columns: {} } })
    await admin.query(
      'set role runway_owner; create table tenant.schema_version (a int); reset role',
    )
    await expect(migrate({ ...test, model: greedy })).rejects.toThrow('which the kernel has')
    await admin.query('drop table tenant.schema_version')
  })
})
