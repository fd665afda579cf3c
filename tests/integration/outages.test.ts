import { spawnSync } from 'node:child_process'
import { chmod, mkdtemp, rm, statfs, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readAddress } from '../../kernel/database/embedded-cluster.ts'
import {
  endAll,
  postmasterOf,
  removeDataFolder,
  type Server,
  startServer,
} from './server-process.ts'
import { type Account, type Attempt, findLoss, signUp, startLoad, tally } from './write-ledger.ts'

/** The deep run kills PostgreSQL more often. */
const kills = Math.round(3 * Number(process.env['SUITE_SCALE'] ?? 1))

let home: string
let dataDir: string
let mounted = false
let server: Server

beforeAll(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'runway-outages-'))
  await chmod(home, 0o755)
  dataDir = home
  // A disk that can be filled: PostgreSQL's data, uploads and files all lie on it.
  const mount = ['-t', 'tmpfs', '-o', 'size=320m,mode=755', 'tmpfs', home]
  mounted = process.getuid?.() === 0 && spawnSync('mount', mount).status === 0
  server = await startServer({ RUNWAY_DATA_DIR: dataDir })
}, 120_000)
afterAll(async () => {
  await endAll()
  await removeDataFolder(path.join(dataDir)).catch(() => {})
  if (mounted) spawnSync('umount', [home])
  await rm(home, { recursive: true, force: true })
})

/** Waits until writes are acknowledged again. @returns how long it took, in ms. */
async function recovery(load: ReturnType<typeof startLoad>): Promise<number> {
  const from = performance.now()
  const before = load.attempts.length
  await expect
    .poll(() => load.attempts.slice(before).filter(({ status }) => status === 201).length, {
      timeout: 40_000,
      interval: 50,
    })
    .toBeGreaterThan(5)
  return performance.now() - from
}

/** Whatever is not 201 says in a known way that it is not now. */
function expectHonest(attempts: readonly Attempt[], codes: readonly string[]): void {
  for (const { status, code, retryAfter } of attempts) {
    if (status === 201) continue
    expect({ status, code }).toEqual({ status: 503, code: expect.stringMatching(codes.join('|')) })
    expect(retryAfter).toMatch(/^\d+$/)
  }
}

describe('PostgreSQL that goes away under load', () => {
  it('costs 503s for a moment and no acknowledged write', { timeout: 300_000 }, async () => {
    const account = await signUp(server.url)
    const load = startLoad(account, { writers: 8 })
    const recoveries: number[] = []
    for (let kill = 0; kill < kills; kill++) {
      await expect.poll(load.acknowledged).toBeGreaterThan(50 * (kill + 1))
      await killPostgres(kill)
      recoveries.push(await recovery(load))
    }
    const attempts = await load.stop()
    console.info(`PostgreSQL killed ${kills} times:`, tally(attempts), recoveries.map(Math.round))
    expectHonest(attempts, ['DATABASE_UNAVAILABLE'])
    expect(attempts.some(({ status }) => status === 503)).toBe(true)
    expect(await findLoss(account, attempts)).toEqual({ lost: [], twice: [] })
    expect((await fetch(`${server.url}/readyz`)).status).toBe(200)
  })

  /** In turn: the whole of it at once, an immediate shutdown, and one of its processes. */
  async function killPostgres(turn: number): Promise<void> {
    const postmaster = (await postmasterOf(dataDir))!
    if (turn % 3 === 0) process.kill(postmaster, 'SIGKILL')
    else if (turn % 3 === 1) process.kill(postmaster, 'SIGQUIT')
    else process.kill(await backend(), 'SIGKILL')
  }

  async function backend(): Promise<number> {
    const rows = await asAdmin<{ pid: number }>(
      `select pid from pg_stat_activity where application_name = 'runway' limit 1`,
    )
    return rows[0]!.pid
  }
})

describe('a disk that is full', () => {
  it('refuses writes with 503, answers reads, and takes writes again once there is room', {
    timeout: 120_000,
  }, async () => {
    const account = await signUp(server.url)
    const first = startLoad(account, { writers: 2 })
    await expect.poll(first.acknowledged).toBeGreaterThan(5)
    await first.stop()

    const free = await fillDisk()
    const load = startLoad(account, { writers: 8, notes: 'x'.repeat(20_000) })
    await expect
      .poll(() => load.attempts.filter(({ status }) => status === 503).length, { timeout: 60_000 })
      .toBeGreaterThan(20)
    if (mounted) expect(await upload(account)).toMatchObject({ status: 503 })
    expect((await fetch(`${server.url}/livez`)).status).toBe(200)
    await free()
    const recoveryMs = await recovery(load)
    const attempts = await load.stop()
    console.info('The disk was full:', tally(attempts), `back after ${Math.round(recoveryMs)} ms`)
    expectHonest(attempts, ['STORAGE_FULL', 'DATABASE_UNAVAILABLE'])
    expect(await findLoss(account, [...first.attempts, ...attempts])).toEqual({
      lost: [],
      twice: [],
    })
    expect((await upload(account)).status).toBe(202)
  })

  /** Takes all room but a little. Where no disk can be mounted PostgreSQL is made to say what it says then. */
  async function fillDisk(): Promise<() => Promise<void>> {
    if (!mounted) {
      await asAdmin(`create function pg_temp_full() returns trigger language plpgsql as
        $$ begin raise exception using errcode = '53100', message = 'No space left'; end $$;
        create trigger full_disk before insert on tenant.outbox execute function pg_temp_full()`)
      return async () =>
        void (await asAdmin(
          'drop trigger full_disk on tenant.outbox; drop function pg_temp_full()',
        ))
    }
    const filler = path.join(home, 'filler')
    const { bavail, bsize } = await statfs(home)
    await writeFile(filler, Buffer.alloc(bavail * bsize - 700 * 1024))
    return () => rm(filler)
  }

  async function upload(account: Account): Promise<Response> {
    const form = new FormData()
    form.set('spec', JSON.stringify({ entity: 'leads', columns: { Name: 'name' }, key: [] }))
    form.set('file', new File([`Name\n${'x'.repeat(4_000_000)}\n`], 'leads.csv'))
    const { headers } = account
    return fetch(`${server.url}/api/v1/imports`, { method: 'POST', headers, body: form })
  }
})

describe('a server that is told to stop', () => {
  it('finishes what is under way, takes nothing new, ends with 0 and loses nothing', {
    timeout: 120_000,
  }, async () => {
    const account = await signUp(server.url)
    const load = startLoad(account, { writers: 8 })
    await expect.poll(load.acknowledged).toBeGreaterThan(40)
    // One of its records takes as long as somebody holds this lock.
    const holder = await connectAdmin()
    await holder.query('select pg_advisory_lock(4711)')
    await holder.query(`create function public.hold_up() returns trigger language plpgsql as $$ begin
        while exists (select from pg_locks where locktype = 'advisory' and objid = 4711) loop
          perform pg_sleep(0.01);
        end loop;
        return new;
      end $$;
      create trigger hold_up before insert on tenant.crm_leads_lead for each row
        when (new.name = 'Bulk 0') execute function public.hold_up()`)
    const longSentAt = performance.now()
    const long = fetch(`${server.url}/api/v1/leads/bulk`, {
      method: 'POST',
      headers: { ...account.headers, 'content-type': 'application/json' },
      body: JSON.stringify({
        create: Array.from({ length: 1000 }, (_, i) => ({ name: `Bulk ${i}` })),
      }),
    })
    const held = `select 1 from pg_stat_activity where wait_event = 'PgSleep'`
    await expect.poll(async () => (await holder.query(held)).rowCount, { interval: 5 }).toBe(1)
    const stoppedAt = performance.now()
    server.signal('SIGTERM')
    await holder.end()
    const answer = await long
    expect(answer.status).toBe(200)
    expect(await server.ended).toBe(0)
    const endedMs = performance.now() - stoppedAt
    const attempts = await load.stop()
    // An upload that failed before must not hold it either.
    expect(endedMs).toBeLessThan(60_000)
    console.info('SIGTERM under load:', tally(attempts), `ended after ${Math.round(endedMs)} ms`)
    for (const { status, code, sentAt } of attempts) {
      if (status === 503) expect(code).toBe('DRAINING')
      else if (status !== 201) expect({ status, sentAt }).toMatchObject({ status: null })
      // What was sent before something that was under way at the signal was under way as well, and is answered.
      if (status !== 201) expect(sentAt).toBeGreaterThan(longSentAt)
    }
    expect(await postmasterOf(dataDir)).toBeNull()

    server = await startServer({ RUNWAY_DATA_DIR: dataDir })
    const here = { ...account, url: server.url }
    const { lost, twice } = await findLoss(here, attempts)
    expect(lost).toEqual([])
    expect(twice).toEqual([])
  })
})

async function connectAdmin(): Promise<pg.Client> {
  const { port, adminPassword } = await readAddress(path.join(dataDir, 'postgres/cluster'))
  const client = new pg.Client({
    host: '127.0.0.1',
    port,
    user: 'postgres',
    password: adminPassword,
    database: 'runway',
  })
  await client.connect()
  return client
}

async function asAdmin<R extends object>(sql: string): Promise<R[]> {
  const client = await connectAdmin()
  try {
    return (await client.query<R>(sql)).rows
  } finally {
    await client.end()
  }
}
