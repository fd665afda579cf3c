import { randomBytes } from 'node:crypto'
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import type { TestProject } from 'vitest/node'
import { type Embedded, openEmbedded } from '../../kernel/database/embedded.ts'
import { stopPostgres } from '../../kernel/database/embedded-cluster.ts'
import { migrate } from '../../kernel/database/migrate.ts'
import type { Model } from '../../kernel/model/model.ts'

/** What a test file needs to clone a database. */
export interface ProvidedPg {
  readonly adminUrl: string
  readonly serverUrl: string
  readonly template: string
  readonly secretKey: string
}

declare module 'vitest' {
  export interface ProvidedContext {
    pg: ProvidedPg
  }
}

interface Shared {
  users: number
  readonly started: Promise<{ provided: ProvidedPg; stop(): Promise<void> }>
}

const sharedKey = Symbol.for('runway.test.postgres')
const shared = globalThis as unknown as { [sharedKey]?: Shared }

/**
 * One PostgreSQL for the whole run, whatever number of vitest projects ask for it, in a temporary
 * folder and without fsync, with one migrated template that every test clones.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  shared[sharedKey] ??= { users: 0, started: start() }
  const mine = shared[sharedKey]
  mine.users++
  const { provided, stop } = await mine.started
  project.provide('pg', provided)
  return async () => {
    if (--mine.users > 0) return
    delete shared[sharedKey]
    await stop()
  }
}

async function start() {
  await removeAbandoned()
  const dataDir = await mkdtemp(path.join(tmpdir(), `runway-test-${process.pid}-`))
  // PostgreSQL runs as another user when the tests run as root, and must get in.
  await chmod(dataDir, 0o755)
  const embedded = await openEmbedded({ dataDir, settings: fastAndLoose })
  const secretKey = randomBytes(32).toString('base64url')
  const template = 'template_runway'
  const provided: ProvidedPg = {
    adminUrl: embedded.adminUrl,
    serverUrl: embedded.serverUrl,
    template,
    secretKey,
  }
  try {
    await makeTemplate(provided)
  } catch (error) {
    await remove(embedded, dataDir)
    throw error
  }
  return { provided, stop: () => remove(embedded, dataDir) }
}

/** Nothing here outlives the run. */
const fastAndLoose = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  wal_level: 'minimal',
  max_wal_senders: '0',
  autovacuum: 'off',
  max_connections: '200',
  shared_buffers: '64MB',
}

async function makeTemplate({ adminUrl, serverUrl, template, secretKey }: ProvidedPg) {
  const admin = new pg.Client({ connectionString: adminUrl })
  await admin.connect()
  try {
    await admin.query(`create database ${template}`)
    const url = new URL(adminUrl)
    url.pathname = `/${template}`
    const model = await deploymentModel()
    await migrate({ adminUrl: url.href, serverUrl, secretKey, ...(model ? { model } : {}) })
    await admin.query(`alter database ${template} is_template true`)
  } finally {
    await admin.end()
  }
}

/** Tables of all plugins, so that an app on a clone finds nothing to migrate. Tests of parts do without. */
async function deploymentModel(): Promise<Model | null> {
  try {
    const { loadPlugins } = await import('../../kernel/plugins/load-plugins.ts')
    const roots = [fileURLToPath(new URL('../../plugins/', import.meta.url))]
    return (await loadPlugins(roots)).model
  } catch (error) {
    console.warn('The template has no tables of plugins, they could not be loaded:', error)
    return null
  }
}

/** What runs left behind that were killed: the number in the folder's name is their process. */
async function removeAbandoned(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const [, pid] = /^runway-test-(\d+)-\w+$/.exec(name) ?? []
    if (pid === undefined || isAlive(Number(pid))) continue
    const folder = path.join(tmpdir(), name)
    await stopPostgres(path.join(folder, 'postgres', 'cluster')).catch(() => {})
    await rm(folder, { recursive: true, force: true }).catch(() => {})
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

async function remove(embedded: Embedded, dataDir: string): Promise<void> {
  await embedded.stop()
  await rm(dataDir, { recursive: true, force: true })
}
