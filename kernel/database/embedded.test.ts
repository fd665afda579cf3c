import { type ChildProcess, spawn } from 'node:child_process'
import { chmod, chown, mkdir, mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openEmbedded } from './embedded.ts'
import { migrate } from './migrate.ts'
import { createDatabase } from './postgres.ts'

const settings = { fsync: 'off', max_connections: '20', shared_buffers: '16MB' }
const isRoot = process.getuid?.() === 0
let dataDir: string

beforeEach(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), 'runway-embedded-'))
  await chmod(dataDir, 0o755)
})
afterEach(() => rm(dataDir, { recursive: true, force: true }))

async function ask(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}

async function postmasterPid(home: string): Promise<number | null> {
  const text = await readFile(path.join(home, 'data/postmaster.pid'), 'utf8').catch(() => null)
  return text === null ? null : Number(text.split('\n')[0])
}

describe('the embedded PostgreSQL', () => {
  it('is shared by whoever opens the folder, and stops when the last one leaves', async () => {
    const first = await openEmbedded({ dataDir, settings })
    const second = await openEmbedded({ dataDir, settings })
    expect([first.adopted, second.adopted]).toEqual([false, true])
    expect(second.adminUrl).toBe(first.adminUrl)
    await first.stop()
    expect(await ask(second.adminUrl, 'select 1 as one')).toEqual([{ one: 1 }])
    await second.stop()
    await expect(ask(second.adminUrl, 'select 1')).rejects.toThrow()
    expect(await postmasterPid(first.home)).toBeNull()
  })

  it('keeps what was saved, its passwords and its port from one start to the next', async () => {
    const first = await openEmbedded({ dataDir, settings })
    await ask(first.adminUrl, 'create table kept as select 7 as n')
    await first.stop()
    const second = await openEmbedded({ dataDir, settings })
    expect(second.adminUrl).toBe(first.adminUrl)
    expect(await ask(second.adminUrl, 'select n from kept')).toEqual([{ n: 7 }])
    expect((await stat(path.join(second.home, 'address.json'))).mode & 0o777).toBe(0o600)
    await second.stop()
  })

  it('is opened once by two commands that start in the same instant', async () => {
    const [a, b] = await Promise.all([
      openEmbedded({ dataDir, settings }),
      openEmbedded({ dataDir, settings }),
    ])
    expect(a.adminUrl).toBe(b.adminUrl)
    await Promise.all([a.stop(), b.stop()])
    expect(await postmasterPid(a.home)).toBeNull()
  })

  it('is adopted when the server that started it was killed', async () => {
    const { child, home } = await openInOtherProcess(dataDir)
    const pid = await postmasterPid(home)
    child.kill('SIGKILL')
    await new Promise((resolve) => child.once('exit', resolve))
    const adopted = await openEmbedded({ dataDir, settings })
    expect(adopted.adopted).toBe(true)
    expect(await postmasterPid(home)).toBe(pid)
    await adopted.stop()
    expect(await postmasterPid(home)).toBeNull()
  })

  it('has a session of its own, so that Ctrl-C reaches the server alone', async () => {
    const { child, home } = await openInOtherProcess(dataDir)
    const pid = await postmasterPid(home)
    // What a terminal does: the signal goes to the whole group of the server.
    process.kill(-(child.pid as number), 'SIGINT')
    await new Promise((resolve) => child.once('exit', resolve))
    await sleep(100)
    expect(() => process.kill(pid as number, 0)).not.toThrow()
    await (await openEmbedded({ dataDir, settings })).stop()
  })

  it('comes back on the same address when it is killed, and the connections with it', async () => {
    const said: string[] = []
    const embedded = await openEmbedded({ dataDir, settings, log: (line) => said.push(line) })
    const secretKey = 'a secret key for this test, long enough'
    await migrate({ ...embedded, secretKey, setPassword: true })
    const db = createDatabase({ url: embedded.serverUrl, secretKey })
    const one = { text: 'select 1 as one', values: [] }
    expect((await db.query(null, one)).rows).toEqual([{ one: 1 }])
    process.kill((await postmasterPid(embedded.home)) as number, 'SIGKILL')
    await expect
      .poll(() =>
        db.query(null, one).then(
          (r) => r.rows,
          (e) => e.code,
        ),
      )
      .toEqual([{ one: 1 }])
    await expect.poll(() => said).toContain('PostgreSQL was gone and runs again')
    await db.close()
    await embedded.stop()
  })

  it('says what PostgreSQL said when it cannot start', async () => {
    const broken = openEmbedded({ dataDir, settings: { ...settings, shared_buffers: 'lots' } })
    await expect(broken).rejects.toThrow(/does not start.*shared_buffers/)
  })

  it.runIf(isRoot)('moves out of a folder that its user cannot enter, and says where', async () => {
    const closed = path.join(dataDir, 'closed')
    await mkdir(closed, { mode: 0o700 })
    const said: string[] = []
    const options = { dataDir: path.join(closed, '.runway'), settings }
    const embedded = await openEmbedded({ ...options, log: (line) => said.push(line) })
    expect(embedded.home).toMatch(/^\/var\/lib\/runwaycrm\/[0-9a-f]{16}\/cluster$/)
    expect(said.join()).toContain(embedded.home)
    expect(await ask(embedded.adminUrl, 'select 1 as one')).toEqual([{ one: 1 }])
    await embedded.stop()
    // Opening the folder later must not lose the data.
    await chmod(closed, 0o755)
    const again = await openEmbedded(options)
    expect(again.home).toBe(embedded.home)
    await again.stop()
    await rm(path.dirname(embedded.home), { recursive: true, force: true })
  })

  it.runIf(isRoot)('runs for another user than root', async () => {
    const folder = path.join(dataDir, 'own')
    await mkdir(folder)
    await chown(folder, 65_534, 65_534)
    const { child, home } = await openInOtherProcess(folder, { uid: 65_534, gid: 65_534 })
    expect((await stat(path.join(home, 'data'))).uid).toBe(65_534)
    child.kill('SIGKILL')
    await new Promise((resolve) => child.once('exit', resolve))
    process.kill((await postmasterPid(home)) as number, 'SIGINT')
    await expect.poll(() => postmasterPid(home)).toBeNull()
  })
})

/** A server that opens the folder and then only waits, in a process group of its own. */
async function openInOtherProcess(
  folder: string,
  user: { uid?: number; gid?: number } = {},
): Promise<{ child: ChildProcess; home: string }> {
  const embedded = fileURLToPath(new URL('./embedded.ts', import.meta.url))
  const script = `
    import { openEmbedded } from ${JSON.stringify(embedded)}
    const { home } = await openEmbedded({ dataDir: ${JSON.stringify(folder)}, settings: ${JSON.stringify(settings)} })
    process.stdout.write(home)
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
    ...user,
  })
  const home = await new Promise<string>((resolve, reject) => {
    child.stdout?.once('data', (chunk) => resolve(String(chunk)))
    child.once('exit', (code) => reject(new Error(`The other process ended with ${code}.`)))
  })
  return { child, home }
}
