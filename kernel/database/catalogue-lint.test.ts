import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../tests/setup/test-database.ts'
import { type Ask, definedFunctions, lintCatalogue } from './catalogue-lint.ts'
import { assertServerRole, versionAdvice } from './check-role.ts'
import { createDatabase } from './postgres.ts'

let test: TestDatabase
let admin: pg.Client
const ask: Ask = async (text, values) => (await admin.query(text, [...values])).rows

beforeAll(async () => {
  test = await createTestDatabase()
  admin = new pg.Client({ connectionString: test.adminUrl })
  await admin.connect()
})
afterAll(async () => {
  await admin.end()
  await test.drop()
})

/** Runs the SQL as the owner (or as the superuser), lints, and undoes it. */
async function lintAfter(sql: string, role = 'runway_owner'): Promise<string[]> {
  await admin.query('begin')
  try {
    await admin.query(`set local role ${role}`)
    await admin.query(sql)
    await admin.query('reset role')
    return (await lintCatalogue(ask)).map((p) => `${p.rule}: ${p.object} ${p.message}`)
  } finally {
    await admin.query('rollback')
  }
}
const good = `create table tenant.good (org_id uuid not null, id uuid not null, x uuid, primary key (org_id, id));
  call kernel.protect('tenant.good');`

describe('the catalogue', () => {
  it('breaks no rule after migrate', async () => {
    expect(await lintAfter(good)).toEqual([])
  })

  it('is open to the server’s role as well, so doctor can ask without an admin', async () => {
    const db = createDatabase({ url: test.serverUrl, secretKey: test.secretKey })
    const asServer: Ask = async (text, values) =>
      (await db.query(null, { text, values: [...values] })).rows as never
    expect(await lintCatalogue(asServer)).toEqual([])
    await db.close()
  })

  it.each([
    [
      'a table without org_id',
      'create table tenant.t (id uuid primary key)',
      'org-column: tenant.t',
    ],
    [
      'an org_id that may be missing',
      'create table tenant.t (org_id uuid, id uuid unique)',
      'org-column: tenant.t',
    ],
    [
      'a primary key that the organisation does not lead',
      'create table tenant.t (id uuid, org_id uuid not null, primary key (id, org_id))',
      'primary-key: tenant.t',
    ],
    [
      'a unique that spans organisations',
      `${good} create unique index bad on tenant.good (x)`,
      'index: tenant.bad does not begin with org_id, so organisations could probe',
    ],
    [
      'an index that spans organisations',
      `${good} create index bad on tenant.good (lower(x::text), org_id)`,
      'index: tenant.bad',
    ],
    [
      'a foreign key on the id alone',
      `${good} create unique index u on tenant.good (id);
       create table tenant.t (org_id uuid not null, id uuid references tenant.good (id), primary key (org_id, id));`,
      'foreign-key: tenant.t.t_id_fkey does not lead',
    ],
    [
      'a foreign key from outside of the organisations',
      `${good} create table ref.t (o uuid, i uuid, foreign key (o, i) references tenant.good (org_id, id))`,
      'foreign-key: ref.t.t_o_i_fkey refers to a table of organisations from outside',
    ],
    [
      'row level security switched off',
      `${good} alter table tenant.good disable row level security`,
      'row-level-security: tenant.good has row level security switched off',
    ],
    [
      'row level security not forced',
      `${good} alter table tenant.good no force row level security`,
      'row-level-security: tenant.good does not force',
    ],
    [
      'a copy made by LIKE',
      `${good} create table tenant.copy (like tenant.good including all)`,
      'row-level-security: tenant.copy',
    ],
    [
      'a second policy',
      `${good} create policy more on tenant.good using (true)`,
      'policy: tenant.good',
    ],
    ['no policy', `${good} drop policy org on tenant.good`, 'policy: tenant.good'],
    [
      'a policy of another form',
      `${good} drop policy org on tenant.good; create policy org on tenant.good using (org_id = current_setting('x')::uuid) with check (org_id = (select kernel.org()))`,
      'policy: tenant.good',
    ],
    [
      'a policy that does not check what is written',
      `${good} drop policy org on tenant.good; create policy org on tenant.good using (org_id = (select kernel.org()))`,
      'policy: tenant.good',
    ],
    [
      'a policy for reading only',
      `${good} drop policy org on tenant.good; create policy org on tenant.good for select using (org_id = (select kernel.org()))`,
      'policy: tenant.good',
    ],
    ['a sequence', 'create sequence tenant.s', 'sequence: tenant.s'],
    [
      'numbers from an identity',
      `${good} alter table tenant.good add n bigint generated always as identity`,
      'sequence: tenant.good.n',
    ],
    ['a serial', `${good} alter table tenant.good add n bigserial`, 'sequence: tenant.good.n'],
    [
      'a view that reads as its owner',
      `${good} create view tenant.v as select * from tenant.good`,
      'view: tenant.v is a view',
    ],
    [
      'a materialized view',
      `${good} create materialized view ref.m as select * from tenant.good`,
      'view: ref.m is a materialized view',
    ],
    [
      'a SECURITY DEFINER function that no file brings',
      `create function kernel.sneak() returns int language sql security definer set search_path = pg_catalog, pg_temp as 'select 1'`,
      'security-definer: kernel.sneak() is SECURITY DEFINER and its body is in no schema file',
    ],
    [
      'a changed body of an allowed function',
      `create or replace function kernel.org() returns uuid language plpgsql stable security definer
       set search_path = pg_catalog, pg_temp as $$ begin return null; end $$`,
      'security-definer: kernel.org() is SECURITY DEFINER and its body',
    ],
    [
      'a SECURITY DEFINER function elsewhere',
      `create function tenant.f() returns int language sql security definer set search_path = pg_catalog, pg_temp as 'select 1'`,
      'security-definer: tenant.f() is SECURITY DEFINER outside of schema kernel',
    ],
    [
      'a search_path that is not pinned',
      'alter function kernel.org() reset search_path',
      'security-definer: kernel.org() does not pin',
    ],
    [
      'a function that PUBLIC may call',
      'grant execute on function kernel.org() to public',
      'security-definer: kernel.org() can be called by PUBLIC',
    ],
    [
      'TRUNCATE for the server',
      `${good} grant truncate on tenant.good to runway_server`,
      'grant: tenant.good runway_server may TRUNCATE',
    ],
    [
      'a right for PUBLIC',
      `${good} grant select on tenant.good to public`,
      'grant: tenant.good PUBLIC may SELECT',
    ],
    [
      'a right on the directory',
      'create table directory.t (id uuid); grant select on directory.t to runway_server',
      'grant: directory.t runway_server may SELECT',
    ],
    [
      'a right on one column of the directory',
      'create table directory.t (id uuid); grant select (id) on directory.t to runway_server',
      'grant: directory.t.id runway_server may SELECT this column',
    ],
    [
      'a right on the key of the context',
      'grant select on kernel.context_key to runway_server',
      'grant: kernel.context_key',
    ],
    [
      'CREATE in a schema',
      'grant create on schema tenant to runway_server',
      'grant: schema tenant the server may CREATE',
    ],
    [
      'USAGE of the directory',
      'grant usage on schema directory to runway_server',
      'grant: schema directory',
    ],
    [
      'a right on a partition',
      `create table tenant.p (org_id uuid not null, at date not null, primary key (org_id, at)) partition by range (at);
       call kernel.protect('tenant.p');
       create table tenant.p1 partition of tenant.p for values from ('2026-01-01') to ('2027-01-01');
       grant select on tenant.p1 to runway_server`,
      'grant: tenant.p1 runway_server may SELECT on the partition itself',
    ],
  ])('names %s', async (_, sql, expected) => {
    const problems = await lintAfter(sql)
    expect(problems.filter((p) => p.startsWith(expected))).not.toEqual([])
  })

  it.each([
    [
      'a table of another owner',
      'create table tenant.t (org_id uuid not null, primary key (org_id))',
      'owner: tenant.t belongs to postgres',
    ],
    [
      'a server that is a superuser',
      'alter role runway_server superuser',
      'role: runway_server is a superuser',
    ],
    [
      'a server with BYPASSRLS',
      'alter role runway_server bypassrls',
      'role: runway_server has BYPASSRLS',
    ],
    [
      'a server that is the owner',
      'grant runway_owner to runway_server',
      'role: runway_server is a member of the owner',
    ],
    ['an owner that can log in', 'alter role runway_owner login', 'role: runway_owner can log in'],
    [
      'temporary tables',
      'do $$ begin execute format($x$grant temporary on database %I to runway_server$x$, current_database()); end $$',
      'grant: database',
    ],
  ])('names %s', async (_, sql, expected) => {
    const problems = await lintAfter(sql, 'postgres')
    expect(problems.filter((p) => p.startsWith(expected))).not.toEqual([])
  })

  const again = (more: string) =>
    `drop policy search on tenant.search; create policy search on tenant.search ${more}`
  it.each([
    ['that lets it write', again('to runway_search using (true) with check (true)')],
    ['that checks nothing that is written', again('to runway_search using (true)')],
    [
      'with another condition',
      again('to runway_search using (kernel.org() is null) with check (false)'),
    ],
    ['for reading alone', again('for select to runway_search using (true)')],
    ['that restricts', again('as restrictive to runway_search using (true) with check (false)')],
    ['of the server too', again('to runway_search, runway_server using (true) with check (false)')],
    ['of everybody', again('using (true) with check (false)')],
    ['under another name', 'alter policy search on tenant.search rename to searching'],
  ])('names a policy of search %s', async (_, sql) => {
    const problems = await lintAfter(sql)
    expect(problems.filter((p) => p.startsWith('policy: tenant.search must'))).toHaveLength(1)
  })

  it('names the policy of search on any other table', async () => {
    const sql = `${good} create policy search on tenant.good to runway_search using (true) with check (false)`
    const problems = await lintAfter(sql)
    expect(problems.filter((p) => p.startsWith('policy: tenant.good must'))).toHaveLength(1)
  })

  const rebuilt = (definition: string) =>
    `drop index tenant.search_by_term; create index search_by_term on ${definition}`
  it.each([
    ['of another method', rebuilt('tenant.search (terms)')],
    ['on another column', rebuilt(`tenant.search using gin (string_to_array(words, ' '))`)],
    ['on one column more', rebuilt('tenant.search using gin (terms, (array[version]))')],
    ['on another table', rebuilt('tenant.search_word using gin (near)')],
    ['under another name', 'alter index tenant.search_by_term rename to search_by_words'],
    [
      'on another type of elements',
      `drop index tenant.search_by_term; alter table tenant.search alter terms type text[];
       create index search_by_term on tenant.search using gin (terms)`,
    ],
  ])('names an index of search %s', async (_, sql) => {
    const problems = await lintAfter(sql)
    expect(
      problems.filter((p) => /^index: tenant\.search_by_\w+ does not begin/.test(p)),
    ).toHaveLength(1)
  })

  it.each([
    [
      'writing',
      'grant update on tenant.search to runway_search',
      'tenant.search runway_search may UPDATE',
    ],
    [
      'another table',
      'grant select on tenant.outbox to runway_search',
      'tenant.outbox runway_search may SELECT',
    ],
    [
      'a column',
      'grant select (org_id) on tenant.outbox to runway_search',
      'tenant.outbox.org_id runway_search may SELECT',
    ],
    [
      'making things',
      'grant create on schema kernel to runway_search',
      'schema kernel runway_search may CREATE',
    ],
  ])('names a right of search to %s', async (_, sql, expected) => {
    const problems = await lintAfter(sql)
    expect(problems.filter((p) => p.startsWith(`grant: ${expected}`))).not.toEqual([])
  })

  it('does not fail where an index of search is missing', async () => {
    expect(await lintAfter('drop index tenant.search_by_term, tenant.search_word_near')).toEqual([])
  })

  it('takes a partitioned table whose parent has the policy', async () => {
    expect(
      await lintAfter(`create table tenant.p (org_id uuid not null, at date not null, primary key (org_id, at)) partition by range (at);
       call kernel.protect('tenant.p');
       create table tenant.p1 partition of tenant.p for values from ('2026-01-01') to ('2027-01-01')`),
    ).toEqual([])
  })

  it('allows exactly these functions to act as their owner', async () => {
    const { rows } = await admin.query(
      `select proname::text as name from pg_proc where prosecdef and pronamespace = 'kernel'::regnamespace order by 1`,
    )
    const defined = await definedFunctions()
    const list = rows.map(({ name }) => `${name} ${[...(defined.get(name) ?? [])].join(' ')}`)
    await expect(`${list.join('\n')}\n`).toMatchFileSnapshot('schema/security-definer.txt')
  })
})

describe('the role of the server', () => {
  it('is accepted as migrate makes it, and refused as a superuser', async () => {
    const db = createDatabase({ url: test.serverUrl, secretKey: test.secretKey })
    await expect(assertServerRole(db)).resolves.toBeUndefined()
    await db.close()
    const powerful = createDatabase({ url: test.adminUrl, secretKey: test.secretKey })
    await expect(assertServerRole(powerful)).rejects.toThrow(
      /"postgres" .* is a superuser, has BYPASSRLS/,
    )
    await powerful.close()
  })

  it('comes with advice about an old PostgreSQL', () => {
    expect(versionAdvice(180_004)).toContain('18.4 lacks security fixes; update to 18.7')
    expect(versionAdvice(180_007)).toBeNull()
  })
})
