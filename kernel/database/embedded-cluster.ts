import { spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { closeSync, existsSync, openSync } from 'node:fs'
import { chmod, chown, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import net from 'node:net'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Place } from './embedded-place.ts'

/** What is kept in `cluster/address.json`, mode 600: how to reach it and the passwords of both roles. */
export interface Address {
  readonly port: number
  readonly adminPassword: string
  readonly serverPassword: string
}

const startTimeoutMs = 60_000

/** initdb into a folder beside, then one rename: a start that is killed half-way leaves nothing behind. */
export async function createCluster(place: Place, cluster: string): Promise<void> {
  const staging = await mkdtemp(`${cluster}.`)
  await chmod(staging, 0o755)
  const address: Address = {
    port: await freePort(),
    adminPassword: randomBytes(24).toString('base64url'),
    serverPassword: randomBytes(24).toString('base64url'),
  }
  await writeFile(path.join(staging, 'address.json'), JSON.stringify(address), { mode: 0o600 })
  const data = path.join(staging, 'data')
  const passwordFile = path.join(staging, 'password')
  await mkdir(data, { mode: 0o700 })
  await writeFile(passwordFile, address.adminPassword, { mode: 0o600 })
  if (place.runAs) {
    for (const at of [data, passwordFile]) await chown(at, place.runAs.uid, place.runAs.gid)
  }
  const made = spawnSync(
    path.join(place.programs, 'bin', 'initdb'),
    [
      `--pgdata=${data}`,
      '--username=postgres',
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale=C',
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
      '--no-instructions',
      '--no-sync',
    ],
    { ...processOptions(place, staging), encoding: 'utf8' },
  )
  await rm(passwordFile, { force: true })
  if (made.status !== 0) {
    await rm(staging, { recursive: true, force: true })
    const reason = made.error?.message ?? `${made.stderr}${made.stdout}`.trim()
    throw new Error(`PostgreSQL could not be set up in ${cluster}: ${reason}`)
  }
  try {
    await rename(staging, cluster)
  } catch (error) {
    await rm(staging, { recursive: true, force: true })
    // Another command was quicker.
    if (!existsSync(cluster)) throw error
  }
}

/** Nothing of the server's environment reaches PostgreSQL: secrets live there. */
function processOptions(place: Place, cwd: string) {
  const env: Record<string, string> = { LC_ALL: 'C', TZ: 'UTC' }
  for (const name of ['PATH', 'SystemRoot', 'TMPDIR', 'TEMP']) {
    const value = process.env[name]
    if (value !== undefined) env[name] = value
  }
  return { cwd, env, ...(place.runAs ? { uid: place.runAs.uid, gid: place.runAs.gid } : {}) }
}

/**
 * Starts PostgreSQL on the cluster unless it runs.
 *
 * @returns `joined` when somebody else had started it.
 * @throws Error with the end of its log when it does not get ready.
 */
export async function ensureRunning(
  place: Place,
  cluster: string,
  address: Address,
  settings: Readonly<Record<string, string>>,
): Promise<{ joined: boolean; port: number }> {
  const deadline = Date.now() + startTimeoutMs
  let started: { failed: boolean } | null = null
  while (Date.now() < deadline) {
    const running = await readPostmaster(cluster)
    if (running?.ready && (await answers(running.port))) {
      if (running.port !== address.port) {
        const text = JSON.stringify({ ...address, port: running.port })
        await writeFile(path.join(cluster, 'address.json'), text, { mode: 0o600 })
      }
      return { joined: started?.failed !== false, port: running.port }
    }
    // Unless another command was quicker by a moment.
    if (started?.failed && !running) throw new Error(await lastWords(cluster))
    if (!started && !running) started = await spawnPostgres(place, cluster, address, settings)
    await sleep(15)
  }
  throw new Error(
    `PostgreSQL did not get ready in ${startTimeoutMs / 1000} s. ${await lastWords(cluster)}`,
  )
}

async function spawnPostgres(
  place: Place,
  cluster: string,
  address: Address,
  settings: Readonly<Record<string, string>>,
): Promise<{ failed: boolean }> {
  const port = (await answers(address.port)) ? await freePort() : address.port
  const all: Record<string, string> = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: socketIn(cluster) ?? '',
    max_connections: '100',
    // Compiling costs more than the short statements of a CRM take.
    jit: 'off',
    random_page_cost: '1.1',
    // The planner knows of an import some seconds after it, not a minute.
    autovacuum_naptime: '15s',
    log_timezone: 'UTC',
    timezone: 'UTC',
    ...settings,
  }
  const args = ['-D', path.join(cluster, 'data')]
  for (const [name, value] of Object.entries(all)) args.push('-c', `${name}=${value}`)
  const log = openSync(path.join(cluster, 'postgres.log'), 'a', 0o600)
  const child = spawn(path.join(place.programs, 'bin', 'postgres'), args, {
    ...processOptions(place, cluster),
    detached: true,
    stdio: ['ignore', log, log],
    windowsHide: true,
  })
  closeSync(log)
  const state = { failed: false }
  child.once('error', () => {
    state.failed = true
  })
  child.once('exit', () => {
    state.failed = true
  })
  child.unref()
  return state
}

/** What `postmaster.pid` says; null when no PostgreSQL holds the data folder. */
async function readPostmaster(
  cluster: string,
): Promise<{ pid: number; port: number; ready: boolean } | null> {
  const file = path.join(cluster, 'data', 'postmaster.pid')
  const text = await readFile(file, 'utf8').catch(() => null)
  if (text === null) return null
  const lines = text.split('\n')
  const pid = Number(lines[0])
  // Still being written.
  if (!Number.isInteger(pid) || pid <= 0) return { pid: 0, port: 0, ready: false }
  if (!(await isPostgres(pid))) {
    // Left by a crash. PostgreSQL would refuse when another process has its number by now.
    await rm(file, { force: true })
    return null
  }
  return { pid, port: Number(lines[3]), ready: lines[7]?.trim() === 'ready' }
}

async function isPostgres(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
  }
  const command = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => null)
  if (command === null) return true
  // A zombie keeps its name and its number until somebody reaps it.
  const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  return command.trim() === 'postgres' && !/\) Z /.test(status)
}

/** The fast shutdown, until its process is gone. */
export async function stopPostgres(cluster: string): Promise<void> {
  const running = await readPostmaster(cluster)
  if (!running?.pid) return
  // SIGINT is the "fast" shutdown: sessions end, everything is flushed.
  try {
    process.kill(running.pid, 'SIGINT')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
  for (let i = 0; i < 2_000; i++) {
    if (!(await readPostmaster(cluster))) return
    await sleep(15)
  }
  throw new Error(`PostgreSQL (process ${running.pid}) does not stop.`)
}

/**
 * The folder of the local socket, which answers a sixth quicker than TCP; null where there are none, and
 * where the path is longer than a socket's may be.
 */
function socketIn(cluster: string): string | null {
  const folder = path.join(cluster, 'data')
  const fits = Buffer.byteLength(`${folder}/.s.PGSQL.65535.lock`) < 104 && !/[",]/.test(folder)
  return process.platform !== 'win32' && fits ? folder : null
}

/** The folder of the socket when PostgreSQL has it open; one of an earlier release has not. */
export function openSocket(cluster: string, { port }: Address): string | null {
  const folder = socketIn(cluster)
  return folder && existsSync(path.join(folder, `.s.PGSQL.${port}`)) ? folder : null
}

export async function readAddress(cluster: string): Promise<Address> {
  return JSON.parse(await readFile(path.join(cluster, 'address.json'), 'utf8'))
}

async function lastWords(cluster: string): Promise<string> {
  const text = await readFile(path.join(cluster, 'postgres.log'), 'utf8').catch(() => '')
  const last = text.trim().split('\n').slice(-5).join(' | ')
  return `PostgreSQL does not start. The end of ${path.join(cluster, 'postgres.log')}: ${last}`
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect({ port, host: '127.0.0.1' })
    socket.setTimeout(1_000, () => socket.destroy())
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
    socket.once('close', () => resolve(false))
  })
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = net.createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as net.AddressInfo
      server.close(() => resolve(port))
    })
  })
}
