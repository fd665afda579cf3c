import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../setup/test-database.ts'
import { endAll, type Server, startServer } from './server-process.ts'
import { type Account, signUp } from './write-ledger.ts'

/** Enough rows for several batches, none of which has a key. */
const rows = 3_000
const lines = Array.from({ length: rows }, (_, at) =>
  at % 100 === 7 ? `,${at}` : `Lead ${at},${at}`,
)

let database: TestDatabase
let admin: pg.Client
let dataDir: string
let environment: Record<string, string>
beforeAll(async () => {
  database = await createTestDatabase()
  dataDir = await mkdtemp(path.join(tmpdir(), 'runway-import-crash-'))
  environment = {
    DATABASE_URL: database.serverUrl,
    DATABASE_ADMIN_URL: database.adminUrl,
    RUNWAY_DATA_DIR: dataDir,
    RUNWAY_SECRET_KEY: database.secretKey,
  }
  admin = new pg.Client({ connectionString: database.adminUrl })
  await admin.connect()
}, 60_000)
afterAll(async () => {
  await endAll()
  await admin.end()
  await database.drop()
  await rm(dataDir, { recursive: true, force: true })
})

const table = 'tenant.platform_imports_run'
const deadlineMs = { timeout: 60_000, interval: 20 }

async function ask<T>(account: Account, method: string, url: string, body?: FormData): Promise<T> {
  const answer = await fetch(`${account.url}/api/v1${url}`, {
    method,
    headers: { ...account.headers, origin: account.url },
    ...(body ? { body } : {}),
  })
  const text = await answer.text()
  expect(answer.status, text).toBeLessThan(300)
  return (answer.headers.get('content-type')?.includes('json') ? JSON.parse(text) : text) as T
}

/** Workers that wait for the row that somebody else holds. */
async function waiting(): Promise<number> {
  const { rows: found } = await admin.query(
    `select 1 from pg_stat_activity where datname = current_database() and usename = 'runway_server' and wait_event_type = 'Lock'`,
  )
  return found.length
}

it('imports every row once, though its worker is killed between the rows and the note that they are in', {
  timeout: 240_000,
}, async () => {
  let server: Server = await startServer(environment)
  let account: Account = await signUp(server.url)
  const form = new FormData()
  const spec = { entity: 'leads', columns: { n: 'name', s: 'score' }, key: [] }
  form.set('spec', JSON.stringify(spec))
  form.set('file', new File([`n,s\n${lines.join('\n')}\n`], 'leads.csv'))
  const { id } = await ask<{ id: string }>(account, 'POST', '/imports', form)

  for (let kill = 0; kill < 2; kill++) {
    const readBefore = async () =>
      Number(
        (await admin.query(`select rows_read from ${table} where id = $1`, [id])).rows[0].rows_read,
      )
    await expect.poll(readBefore, deadlineMs).toBeGreaterThanOrEqual(500 * (kill + 1))
    // Whoever holds the import's row stops the worker at the place where it notes its batch.
    await admin.query('begin')
    await admin.query(`select 1 from ${table} where id = $1 for update`, [id])
    await expect.poll(waiting, deadlineMs).toBeGreaterThan(0)
    server.signal('SIGKILL')
    await server.ended
    await admin.query('rollback')
    server = await startServer(environment)
    account = { ...account, url: server.url }
  }

  const run = () =>
    ask<{ status: string; counts: object; errorsUrl: string; changeSetId: string }>(
      account,
      'GET',
      `/imports/${id}`,
    )
  await expect
    .poll(async () => (await run()).status, { ...deadlineMs, timeout: 120_000 })
    .toBe('done')
  const { counts, errorsUrl, changeSetId } = await run()
  const bad = rows / 100
  expect(counts).toEqual({ rows, created: rows - bad, updated: 0, skipped: 0, failed: bad })
  const leads = await admin.query(
    'select count(*)::int as all, count(distinct name)::int as names from tenant.crm_leads_lead',
  )
  expect(leads.rows[0]).toEqual({ all: rows - bad, names: rows - bad })
  const errors = await ask<string>(account, 'GET', errorsUrl.replace('/api/v1', ''))
  const failed = errors
    .trim()
    .split('\r\n')
    .slice(1)
    .map((line) => Number(line.split(',')[0]))
  expect(failed).toEqual(lines.flatMap((line, at) => (line.startsWith(',') ? [at + 2] : [])))
  const set = await admin.query('select state, counts from tenant.change_set where id = $1', [
    changeSetId,
  ])
  expect(set.rows[0]).toEqual({ state: 'done', counts: { created: rows - bad } })
})
