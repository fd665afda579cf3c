import { readdir, readFile } from 'node:fs/promises'
import pg from 'pg'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import {
  createTestDatabase,
  type TestDatabase,
  withDatabase,
} from '../../tests/setup/test-database.ts'
import { assertSchemaCurrent, migrate, SchemaTooNewError, SchemaTooOldError } from './migrate.ts'
import { createDatabase } from './postgres.ts'
import { uuidv7 } from './uuid.ts'

const folder = new URL('./schema/', import.meta.url)

let test: TestDatabase
let admin: pg.Client

beforeAll(async () => {
  test = await createTestDatabase()
  admin = new pg.Client({ connectionString: test.adminUrl })
  await admin.connect()
})
afterAll(async () => {
  await admin.end()
  await test.drop()
})

it('finds nothing to do the second time, also when several nodes start at once', async () => {
  const reports = await Promise.all([migrate(test), migrate(test), migrate(test)])
  expect(reports.map((report) => report.applied)).toEqual([[], [], []])
})

it('refuses a database of a newer release, with and without an admin connection', async () => {
  const db = createDatabase({ url: test.serverUrl, secretKey: test.secretKey })
  await expect(assertSchemaCurrent(db)).resolves.toBeUndefined()
  await admin.query(`insert into kernel.schema_version (version, name) values (9999, 'x')`)
  await expect(migrate(test)).rejects.toBeInstanceOf(SchemaTooNewError)
  await expect(assertSchemaCurrent(db)).rejects.toBeInstanceOf(SchemaTooNewError)
  await admin.query('delete from kernel.schema_version where version = 9999')
  await db.close()
})

it('names the command when the database is older or empty and this connection may not migrate', async () => {
  const name = `empty_${process.pid}`
  await admin.query(`create database ${name}`)
  const db = createDatabase({ url: withDatabase(test.serverUrl, name), secretKey: test.secretKey })
  const error = await assertSchemaCurrent(db).catch((e: Error) => e)
  expect(error).toBeInstanceOf(SchemaTooOldError)
  expect((error as Error).message).toContain('npm run runway -- migrate')
  await db.close()
  await admin.query(`drop database ${name} with (force)`)
})

it('saves nothing when the catalogue would break a rule', async () => {
  await admin.query('create table tenant.stray (id uuid)')
  const before = await admin.query('select count(*) from kernel.context_key')
  await expect(migrate({ ...test, secretKey: 'some other secret key' })).rejects.toThrow(
    /\[org-column\] tenant.stray has no column "org_id/,
  )
  const after = await admin.query('select count(*) from kernel.context_key')
  expect(after.rows).toEqual(before.rows)
  await admin.query('drop table tenant.stray')
})

it('brings a database of schema 6 to this release with all of its rows', async () => {
  const name = `older_${process.pid}`
  await admin.query(`create database ${name}`)
  const older = { ...test, adminUrl: withDatabase(test.adminUrl, name) }
  const owner = new pg.Client({ connectionString: older.adminUrl })
  await owner.connect()
  await owner.query(`grant create on database ${name} to runway_owner`)
  await owner.query('set role runway_owner; set search_path = pg_catalog')
  for (const file of (await readdir(folder))
    .filter((one) => /^000[1-6]-.+\.sql$/.test(one))
    .sort()) {
    await owner.query(await readFile(new URL(file, folder), 'utf8'))
    await owner.query('insert into kernel.schema_version (version, name) values ($1, $2)', [
      Number(file.slice(0, 4)),
      file,
    ])
  }
  const [orgId, id] = [uuidv7(), uuidv7()]
  await owner.query(`
    insert into directory.org (id, slug, name, plan, region, state)
      values ('${orgId}', 'old', 'Old', 'free', 'local', 'active');
    insert into directory.login (id, email) values ('${id}', 'ann@example.test');
    insert into directory.membership (login_id, org_id, user_id) values ('${id}', '${orgId}', '${id}');
    insert into directory.api_key (id, org_id, secret_hash, name, roles, created_by)
      values ('abcdefghijkl', '${orgId}', '\\x01', 'Old', '{}', '{}');
    select set_config('row_security', 'off', false);
    alter table tenant.record no force row level security;
    insert into tenant.record (org_id, id, entity, version, created_at, updated_at, created_by, updated_by)
      values ('${orgId}', '${id}', 't:thing', 1, now(), now(), '{}', '{}');
    alter table tenant.record force row level security;`)
  await owner.end()

  const report = await migrate(older)
  expect(report.applied[0]).toMatch(/^0007-/)
  expect((await migrate(older)).applied).toEqual([])
  const db = createDatabase({
    url: withDatabase(test.serverUrl, name),
    secretKey: test.secretKey,
  })
  await expect(assertSchemaCurrent(db)).resolves.toBeUndefined()
  const ask = async (org: string | null, text: string) =>
    (await db.query<{ id: string }>(org, { text, values: [] })).rows.map((row) => row.id)
  expect(await ask(orgId, 'select id from tenant.record')).toEqual([id])
  expect(await ask(null, `select id from kernel.find_key('abcdefghijkl', '\\x01')`)).toEqual([
    'abcdefghijkl',
  ])
  await db.close()
  await admin.query(`drop database ${name} with (force)`)
})

it('works as an admin who is not a superuser, with a login of another name', async () => {
  const { adminUrl } = inject('pg')
  const name = `managed_${process.pid}`
  await admin.query(`create role managed_admin login createrole createdb password 'x'`)
  // Somebody else made the roles of this cluster, so this admin may hand them on.
  await admin.query('grant runway_owner, runway_server to managed_admin with admin option')
  await admin.query(`create database ${name} owner managed_admin`)
  const as = (user: string, password: string) => {
    const url = new URL(withDatabase(adminUrl, name))
    url.username = user
    url.password = password
    return url.href
  }
  const serverUrl = as('crm_login', 'secret-of-login')
  await migrate({ adminUrl: as('managed_admin', 'x'), serverUrl, secretKey: test.secretKey })
  const db = createDatabase({ url: serverUrl, secretKey: test.secretKey })
  await expect(assertSchemaCurrent(db)).resolves.toBeUndefined()
  const { rows } = await db.query(null, { text: 'select kernel.org() as org', values: [] })
  expect(rows).toEqual([{ org: null }])
  await db.close()
  await admin.query(`drop database ${name} with (force)`)
  await admin.query('revoke runway_owner, runway_server from managed_admin cascade')
  await admin.query('drop role crm_login')
  await admin.query('drop role managed_admin')
})
