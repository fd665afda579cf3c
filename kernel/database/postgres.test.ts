import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../tests/setup/test-database.ts'
import { contextKey, signContext } from './org-context.ts'
import { createDatabase, type Database } from './postgres.ts'
import { uuidv7 } from './uuid.ts'

let test: TestDatabase
let db: Database
let admin: pg.Client
const ours = uuidv7()
const theirs = uuidv7()

beforeAll(async () => {
  test = await createTestDatabase()
  db = createDatabase({ url: test.serverUrl, secretKey: test.secretKey, poolSize: 2 })
  admin = new pg.Client({ connectionString: test.adminUrl })
  await admin.connect()
  await admin.query(`
    set role runway_owner;
    create table tenant.note (org_id uuid not null, id uuid not null, body text, size bigint,
      at timestamptz, day date, tags text[], extra jsonb, price numeric, primary key (org_id, id));
    call kernel.protect('tenant.note')`)
})

afterAll(async () => {
  await db.close()
  await admin.end()
  await test.drop()
})

beforeEach(async () => {
  await admin.query('reset role; truncate tenant.note')
})

const insert = (orgId: string, body: string, id = uuidv7()) => ({
  name: 'note.insert',
  text: 'insert into tenant.note (org_id, id, body) values ($1, $2, $3) returning id, body',
  values: [orgId, id, body],
})
const bodies = { name: 'note.bodies', text: 'select body from tenant.note order by id', values: [] }
const read = async (orgId: string | null) =>
  (await db.query<{ body: string }>(orgId, bodies)).rows.map((row) => row.body)

describe('a batch', () => {
  it('answers every statement in order, in one round trip', async () => {
    const results = await db.batch(ours, [insert(ours, 'one'), insert(ours, 'two'), bodies])
    expect(results.map((r) => r.rowCount)).toEqual([1, 1, 2])
    expect(results[2]?.rows).toEqual([{ body: 'one' }, { body: 'two' }])
  })

  it('saves nothing when a late statement fails', async () => {
    const id = uuidv7()
    await expect(
      db.batch(ours, [insert(ours, 'one', id), insert(ours, 'again', id)]),
    ).rejects.toMatchObject({ code: '23505' })
    expect(await read(ours)).toEqual([])
  })

  it('runs unnamed statements beside named ones', async () => {
    const results = await db.batch(ours, [
      { text: 'select $1::int as a', values: [1] },
      insert(ours, 'x'),
      { text: 'select $1::text as b, 2 as c', values: ['é'] },
    ])
    expect(results[0]?.rows).toEqual([{ a: 1 }])
    expect(results[2]?.rows).toEqual([{ b: 'é', c: 2 }])
  })

  it('goes on working with names that were parsed inside a failed batch', async () => {
    const good = { name: 'after.good', text: 'select 1 as n', values: [] }
    const bad = { name: 'after.bad', text: 'select 1 / $1::int as n', values: [0] }
    const later = { name: 'after.later', text: 'select 3 as n', values: [] }
    for (let i = 0; i < 3; i++) {
      await expect(db.batch(ours, [good, bad, later])).rejects.toMatchObject({ code: '22012' })
    }
    const results = await db.batch(ours, [good, { ...bad, values: [1] }, later])
    expect(results.map((r) => r.rows[0])).toEqual([{ n: 1 }, { n: 1 }, { n: 3 }])
  })

  it('parses a name anew when its text changed', async () => {
    const first = await db.query(ours, { name: 'same', text: 'select 1 as a', values: [] })
    const second = await db.query(ours, { name: 'same', text: `select 'x' as b`, values: [] })
    expect([first.rows, second.rows]).toEqual([[{ a: 1 }], [{ b: 'x' }]])
  })

  it('tries again when the shape of a table changed under a prepared statement', async () => {
    const all = { name: 'note.all', text: 'select * from tenant.note', values: [] }
    await db.batch(ours, [insert(ours, 'x'), all])
    await admin.query('alter table tenant.note add column late integer')
    for (let i = 0; i < 4; i++) {
      expect((await db.query(ours, all)).rows[0]).toHaveProperty('late', null)
    }
  })

  it('keeps 200 named statements per connection and closes the rest', async () => {
    const one = createDatabase({ url: test.serverUrl, secretKey: test.secretKey, poolSize: 1 })
    for (let i = 0; i < 450; i++) {
      await one.query(null, { name: `many.${i}`, text: `select ${i} as n`, values: [] })
    }
    const kept = await one.query<{ n: number }>(null, {
      text: 'select count(*) as n from pg_prepared_statements',
      values: [],
    })
    expect(kept.rows[0]?.n).toBeLessThanOrEqual(200)
    expect(kept.rows[0]?.n).toBeGreaterThan(150)
    await one.close()
  })

  it('brings values back as the product uses them', async () => {
    const at = '2026-02-03T04:05:06.789Z'
    const { rows } = await db.query(ours, {
      text: `insert into tenant.note (org_id, id, size, at, day, tags, extra, price)
        values ($1, $2, $3, $4, $5, $6, $7, $8) returning size, at, day, tags, extra, price, body,
        1.5::float8 as f, true as yes, array[1, 2]::bigint[] as sizes, '2026-01-01 00:00:00+00'::timestamptz as even`,
      values: [
        ours,
        uuidv7(),
        9_007_199_254_740_991,
        new Date(at),
        '2026-02-03',
        ['a"b', 'c,d', null],
        { a: [1] },
        '12.3400',
      ],
    })
    expect(rows[0]).toEqual({
      size: 9_007_199_254_740_991,
      at,
      day: '2026-02-03',
      tags: ['a"b', 'c,d', null],
      extra: { a: [1] },
      price: '12.3400',
      body: null,
      f: 1.5,
      yes: true,
      sizes: [1, 2],
      even: '2026-01-01T00:00:00.000Z',
    })
  })

  it('carries bytes and large values', async () => {
    const bytes = Buffer.from([0, 1, 255])
    const large = 'ü'.repeat(300_000)
    const { rows } = await db.query(null, {
      text: 'select $1::bytea as bytes, $2::text as large, $3::text as nothing',
      values: [bytes, large, null],
    })
    expect(rows[0]).toEqual({ bytes, large, nothing: null })
  })

  it('refuses a value that cannot be sent and goes on', async () => {
    await expect(db.query(ours, { text: 'select $1', values: [Symbol('x')] })).rejects.toThrow(
      'symbol',
    )
    expect(await read(ours)).toEqual([])
  })
})

describe('the context of an organisation', () => {
  it('shows nothing without one, on fresh and on used connections', async () => {
    await db.batch(ours, [insert(ours, 'x')])
    const fresh = createDatabase({ url: test.serverUrl, secretKey: test.secretKey, poolSize: 1 })
    expect((await fresh.query(null, bodies)).rows).toEqual([])
    expect((await fresh.query(ours, bodies)).rows).toHaveLength(1)
    expect((await fresh.query(null, bodies)).rows).toEqual([])
    await fresh.close()
  })

  it('shows one organisation nothing of another and refuses to write there', async () => {
    await db.batch(ours, [insert(ours, 'ours')])
    await db.batch(theirs, [insert(theirs, 'theirs')])
    expect(await read(ours)).toEqual(['ours'])
    expect(await read(theirs)).toEqual(['theirs'])
    await expect(db.batch(ours, [insert(theirs, 'planted')])).rejects.toMatchObject({
      code: '42501',
    })
    const moved = db.query(ours, {
      text: 'update tenant.note set org_id = $1',
      values: [theirs],
    })
    await expect(moved).rejects.toMatchObject({ code: '42501' })
  })

  it('refuses a forged, an expired, another key’s and a garbage context', async () => {
    await db.batch(theirs, [insert(theirs, 'theirs')])
    const soon = Math.floor(Date.now() / 1000) + 60
    const key = contextKey(test.secretKey)
    const good = signContext(key, ours, soon)
    const bad = [
      good.replace(ours, theirs),
      signContext(key, theirs, soon - 120),
      signContext(contextKey('another secret'), theirs, soon),
      theirs,
      `${theirs}.${soon}.`,
      'x',
      `${good}00`,
    ]
    for (const context of bad) {
      const forged = db.batch(null, [
        { text: `select set_config('runway.context', $1, true)`, values: [context] },
        bodies,
      ])
      await expect(forged, context).rejects.toMatchObject({ code: '42501' })
    }
    const jump = db.query(ours, {
      text: `with s as materialized (select set_config('runway.context', $1, true) c)
        select body from s cross join lateral (select body from tenant.note where s.c is not null) q`,
      values: [good.replace(ours, theirs)],
    })
    await expect(jump).rejects.toMatchObject({ code: '42501' })
  })

  it('accepts the former key while the key is being changed', async () => {
    const { migrate } = await import('./migrate.ts')
    const rotated = { ...test, secretKey: 'a new secret key for the rotation test' }
    await migrate(rotated)
    await db.batch(ours, [insert(ours, 'old key')])
    const renewed = createDatabase({ url: test.serverUrl, secretKey: rotated.secretKey })
    expect((await renewed.query(ours, bodies)).rows).toHaveLength(1)
    await renewed.close()
    await migrate(test)
  })

  it('refuses the id of nothing', async () => {
    await expect(db.batch('x', [bodies])).rejects.toThrow('not the id of an organisation')
  })

  it('does not take rows by COPY', async () => {
    await expect(
      db.query(ours, { text: 'copy tenant.note from stdin', values: [] }),
    ).rejects.toThrow()
    expect(await read(ours)).toEqual([])
  })

  it('may neither truncate nor create', async () => {
    for (const text of [
      'truncate tenant.note',
      'create table tenant.x (a int)',
      'create temp table x (a int)',
      'select * from kernel.context_key',
    ]) {
      await expect(db.query(ours, { text, values: [] }), text).rejects.toMatchObject({
        code: '42501',
      })
    }
  })
})

describe('a transaction', () => {
  it('saves all of it', async () => {
    const answer = await db.transaction(ours, async (tx) => {
      await tx.run([insert(ours, 'one')])
      await tx.run([insert(ours, 'two')])
      return (await tx.one(bodies)).rowCount
    })
    expect(answer).toBe(2)
    expect(await read(ours)).toEqual(['one', 'two'])
  })

  it('saves nothing when the work throws', async () => {
    const failed = db.transaction(ours, async (tx) => {
      await tx.run([insert(ours, 'one')])
      throw new Error('no')
    })
    await expect(failed).rejects.toThrow('no')
    expect(await read(ours)).toEqual([])
  })

  it('says so when the work went on after a failed statement', async () => {
    const failed = db.transaction(ours, async (tx) => {
      await tx.run([insert(ours, 'one')])
      await tx.run([{ text: 'select 1/0', values: [] }]).catch(() => {})
    })
    await expect(failed).rejects.toThrow('Nothing was saved')
    expect(await read(ours)).toEqual([])
  })

  it('undoes only the writes of a savepoint that failed', async () => {
    await db.transaction(ours, async (tx) => {
      await tx.run([insert(ours, 'one')])
      await tx
        .savepoint(async () => {
          await tx.run([insert(ours, 'two')])
          await tx.run([{ text: 'select 1/0', values: [] }])
        })
        .catch(() => {})
      await tx.savepoint(async () => {
        await tx.savepoint(() => tx.run([insert(ours, 'three')]))
      })
      await tx.savepoint(async () => {})
      await tx
        .savepoint(async () => {
          throw new Error('before anything ran')
        })
        .catch(() => {})
    })
    expect(await read(ours)).toEqual(['one', 'three'])
  })

  it('may not be used when it is over', async () => {
    let kept: { run(s: []): Promise<unknown> } | null = null
    await db.transaction(ours, async (tx) => {
      kept = tx as never
      await tx.run([bodies])
    })
    await expect(kept!.run([])).rejects.toThrow('has ended')
  })

  it('leaves no context and no setting behind on its connection', async () => {
    const one = createDatabase({ url: test.serverUrl, secretKey: test.secretKey, poolSize: 1 })
    await one.transaction(ours, (tx) => tx.run([insert(ours, 'x')]), { statementTimeoutMs: 60_000 })
    const { rows } = await one.query(null, {
      text: `select current_setting('runway.context') as context,
        current_setting('statement_timeout') as timeout, kernel.org() as org`,
      values: [],
    })
    expect(rows[0]).toEqual({ context: '', timeout: '5s', org: null })
    await one.close()
  })
})

describe('trouble', () => {
  it('ends a question that takes too long as QUERY_TOO_COSTLY', async () => {
    const hasty = createDatabase({
      url: test.serverUrl,
      secretKey: test.secretKey,
      statementTimeoutMs: 500,
    })
    await expect(
      hasty.query(ours, { text: 'select pg_sleep(5)', values: [] }),
    ).rejects.toMatchObject({ code: 'QUERY_TOO_COSTLY' })
    await expect(
      hasty.transaction(ours, (tx) => tx.run([{ text: 'select pg_sleep(0.7)', values: [] }]), {
        statementTimeoutMs: 5_000,
      }),
    ).resolves.toHaveLength(1)
    await hasty.close()
  })

  it('answers DATABASE_UNAVAILABLE when the session is ended in mid-batch, and comes back', async () => {
    const one = createDatabase({
      url: test.serverUrl,
      secretKey: test.secretKey,
      poolSize: 1,
      applicationName: 'victim',
    })
    await one.query(ours, bodies)
    const slow = one.batch(ours, [insert(ours, 'lost'), { text: 'select pg_sleep(4)', values: [] }])
    const failed = expect(slow).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' })
    const end = `select pg_terminate_backend(pid) from pg_stat_activity
      where application_name = 'victim' and wait_event = 'PgSleep'`
    await expect.poll(async () => (await admin.query(end)).rowCount, { interval: 20 }).toBe(1)
    await failed
    expect((await one.query(ours, bodies)).rows).toEqual([])
    await one.close()
  })

  it('answers DATABASE_UNAVAILABLE when nobody listens', async () => {
    const url = new URL(test.serverUrl)
    url.port = '1'
    const nowhere = createDatabase({ url: url.href, secretKey: test.secretKey })
    await expect(nowhere.query(null, bodies)).rejects.toMatchObject({
      code: 'DATABASE_UNAVAILABLE',
    })
    await nowhere.close()
  })

  it('hears notifications, also after its connection was lost', async () => {
    const heard: string[] = []
    const stop = await db.listen('topic', (payload) => heard.push(payload))
    const notify = (text: string) =>
      db.query(null, { text: 'select pg_notify($1, $2)', values: ['topic', text] })
    const hears = (text: string) => expect.poll(() => heard).toContain(text)
    await notify('one')
    await hears('one')
    await admin.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where query like 'listen%' and datname = current_database()`,
    )
    await expect
      .poll(async () => {
        await notify('two')
        return heard.includes('two')
      })
      .toBe(true)
    await stop()
    const before = heard.length
    await notify('three')
    expect(heard.length).toBe(before)
  })
})
