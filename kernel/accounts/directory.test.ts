import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../tests/setup/test-database.ts'
import { createDatabase, type Database } from '../database/postgres.ts'
import { uuidv7 } from '../database/uuid.ts'
import { createAttempts } from './attempts.ts'
import { createDirectory, type Directory } from './directory.ts'
import { createProofs } from './proof.ts'
import { newToken, tokenHash } from './tokens.ts'

let database: TestDatabase
let db: Database
let directory: Directory
let admin: pg.Client

beforeAll(async () => {
  database = await createTestDatabase()
  db = createDatabase({ url: database.serverUrl, secretKey: database.secretKey, poolSize: 6 })
  directory = createDirectory(db, createProofs(database.secretKey))
  admin = new pg.Client({ connectionString: database.adminUrl })
  await admin.connect()
})
afterAll(async () => {
  await admin?.end()
  await db?.close()
  await database?.drop()
})

async function makeOrg(slug: string): Promise<string> {
  const id = uuidv7()
  const row = { plan: 'free', region: 'local', currency: 'USD', country: '' }
  await directory.createOrg({ ...row, id, slug, name: slug, time_zone: 'UTC', locale: 'en' })
  await directory.activateOrg(id)
  return id
}

async function makeSession(slug: string) {
  const orgId = await makeOrg(slug)
  const loginId = uuidv7()
  const userId = uuidv7()
  await directory.createLogin(loginId, `${slug}@example.test`, null)
  await directory.addMembership(loginId, orgId, userId)
  const token = newToken()
  const session = {
    id: uuidv7(),
    tokenHash: tokenHash(token),
    loginId,
    orgId,
    userId,
    method: 'password' as const,
    address: '127.0.0.1',
    agent: 'test',
  }
  await directory.openSession(session)
  return { ...session, token }
}

describe('the directory', () => {
  it('is closed to the server but for its functions', async () => {
    for (const table of ['org', 'login', 'membership', 'session', 'api_key', 'token', 'host']) {
      const question = db.query(null, { text: `select * from directory.${table}`, values: [] })
      await expect(question).rejects.toMatchObject({ code: '42501' })
    }
  })

  it('lets nobody else call its functions', async () => {
    const { rows } = await admin.query(
      `select p.proname from pg_proc p join pg_namespace n on n.oid = p.pronamespace
        where n.nspname = 'kernel' and p.prosecdef and has_function_privilege('public', p.oid, 'execute')`,
    )
    expect(rows).toEqual([])
  })

  it('keeps a slug for one organisation', async () => {
    await makeOrg('acme')
    const again = { plan: 'free', region: 'local', currency: 'USD', country: '' }
    const id = uuidv7()
    expect(
      await directory.createOrg({
        ...again,
        id,
        slug: 'acme',
        name: 'Acme',
        time_zone: 'UTC',
        locale: 'en',
      }),
    ).toBe(false)
  })

  it('finds a session by its hash until it has been idle for 14 days', async () => {
    const session = await makeSession('idle')
    expect(await directory.findSession(session.tokenHash)).toMatchObject({
      id: session.id,
      org_id: session.orgId,
      is_current: true,
    })
    const age = (days: number) =>
      admin.query(
        `update directory.session set last_seen_at = now() - make_interval(days => $2) where id = $1`,
        [session.id, days],
      )
    await age(13)
    expect(await directory.findSession(session.tokenHash)).not.toBeNull()
    const { rows } = await admin.query(
      `select last_seen_at > now() - interval '1 minute' as seen from directory.session where id = $1`,
      [session.id],
    )
    expect(rows[0].seen).toBe(true)
    await age(15)
    expect(await directory.findSession(session.tokenHash)).toBeNull()
    expect(await directory.sessionsOf(session.loginId)).toEqual([])
  })

  it('ends a session after 90 days however busy it is', async () => {
    const session = await makeSession('old')
    await admin.query(
      `update directory.session set created_at = now() - interval '91 days' where id = $1`,
      [session.id],
    )
    expect(await directory.findSession(session.tokenHash)).toBeNull()
  })

  it('rotates a token for one caller only and keeps the old one for the grace', async () => {
    const session = await makeSession('rotate')
    const rotate = (next: string) =>
      directory.rotateSession({
        sessionId: session.id,
        oldHash: session.tokenHash,
        newHash: tokenHash(next),
        orgId: session.orgId,
        userId: session.userId,
        privilege: 'p',
        graceSeconds: 5,
      })
    const [first, second] = [newToken(), newToken()]
    expect([await rotate(first), await rotate(second)]).toEqual([true, false])
    expect((await directory.findSession(tokenHash(first)))?.is_current).toBe(true)
    expect((await directory.findSession(session.tokenHash))?.is_current).toBe(false)
    await admin.query(`update directory.session set previous_until = now() where id = $1`, [
      session.id,
    ])
    expect(await directory.findSession(session.tokenHash)).toBeNull()
  })

  it('gives a single-use token to exactly one of many', async () => {
    const hash = tokenHash(newToken())
    await directory.addToken({
      id: uuidv7(),
      kind: 'reset',
      tokenHash: hash,
      email: 'one@example.test',
      orgId: null,
      data: {},
      livesSeconds: 60,
    })
    expect(await directory.useToken('login', hash)).toBe(false)
    const uses = await Promise.all(
      Array.from({ length: 8 }, () => directory.useToken('reset', hash)),
    )
    expect(uses.filter(Boolean)).toHaveLength(1)
    expect(await directory.findToken('reset', hash)).toBeNull()
  })

  it('finds a key by id and secret together, until it is revoked', async () => {
    const orgId = await makeOrg('keys')
    const secretHash = tokenHash('secret')
    await directory.addKey({
      id: 'abcdefghijkl',
      orgId,
      secretHash,
      name: 'Import',
      roles: ['x:admin'],
      scopes: null,
      createdBy: {},
    })
    expect(await directory.findKey('abcdefghijkl', secretHash)).toMatchObject({
      org_id: orgId,
      roles: ['x:admin'],
      scopes: null,
    })
    expect(await directory.findKey('abcdefghijkl', tokenHash('other'))).toBeNull()
    expect(await directory.keyUses(orgId)).toMatchObject([{ id: 'abcdefghijkl' }])
    expect(await directory.revokeKey(await makeOrg('others'), 'abcdefghijkl')).toBe(false)
    expect(await directory.revokeKey(orgId, 'abcdefghijkl')).toBe(true)
    expect(await directory.findKey('abcdefghijkl', secretHash)).toBeNull()
  })

  it('allows ten attempts in a quarter of an hour, even a hundred at once', async () => {
    const attempts = createAttempts(directory)
    const tries = await Promise.allSettled(
      Array.from({ length: 100 }, () => attempts.begin('victim@example.test', '10.0.0.1')),
    )
    expect(tries.filter((result) => result.status === 'fulfilled')).toHaveLength(10)
    const refused = tries.find((result) => result.status === 'rejected')
    expect(refused).toMatchObject({ reason: { code: 'RATE_LIMITED' } })
    const { retryAfter } = (refused as PromiseRejectedResult).reason as { retryAfter: number }
    expect(retryAfter).toBeGreaterThan(880)
    // The owner, somewhere else, still gets in.
    await attempts.begin('victim@example.test', '10.0.0.2')
    await attempts.succeed('victim@example.test', '10.0.0.1')
    await attempts.begin('victim@example.test', '10.0.0.1')
  })
})
