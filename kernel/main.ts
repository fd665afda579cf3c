import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { setFlagsFromString } from 'node:v8'
import { DatabaseUnavailableError } from '@runwaycrm/sdk'
import { boot, type House } from './boot.ts'
import { type Config, loadConfig, publicUrlOf } from './config.ts'
import { DatabaseError } from './database/database-errors.ts'
import { type Embedded, openEmbedded } from './database/embedded.ts'
import { createLogger, type Logger } from './logging.ts'
import { noteServer, runningServer } from './server-address.ts'

const root = path.resolve(import.meta.dirname, '..')
export const pluginRoots = [path.join(root, 'plugins')]
const sameSignalMs = 500
/**
 * How much the heap may grow until it is collected, in percent of what is alive. V8 waits for up to four
 * times as much, which a long import fills with garbage; see .github/decisions/2026-11-26-memory.md.
 */
const heapGrowingPercent = 50

/** What the server and every command need: where the database is, and the house on it. */
export interface Opened {
  readonly config: Config
  readonly log: Logger
  readonly house: House
  /** Of links: the configured one, or where a server runs on the same data folder; null when nothing says so. */
  readonly address: string | null
  close(): Promise<void>
}

/**
 * Finds or starts the database and boots the house on it.
 *
 * @param overrides `roles` for commands that serve nothing.
 */
export async function openHouse(
  environment: NodeJS.ProcessEnv,
  options: {
    readonly say?: (line: string) => void
    readonly roles?: Config['roles']
    readonly studioDir?: string | null
  } = {},
): Promise<Opened> {
  const say = options.say ?? (() => {})
  const loaded = await loadConfig(environment)
  // A command beside a server makes links to that server, whatever its own variables say.
  const beside = options.roles ? await runningServer(loaded.dataDir) : null
  const address = loaded.publicUrl ?? beside
  const config: Config = options.roles
    ? Object.freeze({ ...loaded, roles: options.roles, publicUrl: address })
    : loaded
  const log = createLogger(config.logLevel)
  const embedded: Embedded | null = config.databaseUrl
    ? null
    : await openEmbedded({ dataDir: config.dataDir, log: say })
  try {
    const house = await boot({
      config,
      log,
      database: {
        serverUrl: config.databaseUrl ?? embedded!.serverUrl,
        adminUrl: embedded ? embedded.adminUrl : config.databaseAdminUrl,
      },
      pluginRoots,
      studioDir: options.studioDir ?? null,
      databaseLog: say,
    })
    return {
      config,
      log,
      house,
      address,
      async close() {
        await house.stop()
        await embedded?.stop()
      },
    }
  } catch (error) {
    await embedded?.stop()
    throw error
  }
}

/** Starts the product: database, plugins, studio, demo organisation, server. Returns when it listens. */
export async function start(
  environment: NodeJS.ProcessEnv,
  say: (line: string) => void,
): Promise<Opened> {
  // What is wrong with the environment is said before anything is built.
  await loadConfig(environment)
  const studioDir = await buildStudio(say)
  const opened = await openHouse(environment, { say, studioDir })
  try {
    const forget = await serveHouse(opened, say)
    const close = () => forget().then(opened.close)
    return { ...opened, close }
  } catch (error) {
    // PostgreSQL would run on with nobody to stop it.
    await opened.close().catch(() => {})
    throw error
  }
}

/** @returns what is to be done before it is closed. */
async function serveHouse(
  opened: Opened,
  say: (line: string) => void,
): Promise<() => Promise<void>> {
  const { config, house } = opened
  const demo = config.demo ? await provisionDemo(opened) : null
  house.start()
  if (house.app) {
    const { app } = house
    const { port: wanted, host, metricsPort } = config
    await listen('PORT', () => app.listen({ port: wanted, host }))
    if (metricsPort !== null) {
      await listen('METRICS_PORT', async () => app.metrics?.listen(metricsPort, host))
    }
    const address = app.server.address()
    const port = typeof address === 'object' && address ? address.port : config.port
    const url = publicUrlOf({ ...config, port })
    if (demo)
      say(
        `Sign in to the organisation "demo" with admin@demo.test and the password ${demo.password}`,
      )
    const forget = await noteServer(config.dataDir, url)
    say(`RunwayCRM is ready at ${url}`)
    return forget
  }
  say('RunwayCRM works in the background.')
  return async () => {}
}

/** @throws Error that names the setting to change when the address cannot be had. */
async function listen(variable: string, begin: () => Promise<unknown>): Promise<void> {
  try {
    await begin()
  } catch (cause) {
    const { code = '' } = cause as NodeJS.ErrnoException
    const sentence = {
      EADDRINUSE: `The port is in use already. Set ${variable} to another one, e.g. ${variable}=${variable === 'PORT' ? 3001 : 9091} npm start.`,
      EACCES: `This user may not listen on that port. Set ${variable} to one above 1023.`,
      EADDRNOTAVAIL: `This machine has no such address. Set HOST to one it has, or to 0.0.0.0 for all.`,
      ENOTFOUND: `No address has this name. Set HOST to an address of this machine, or to 0.0.0.0 for all.`,
    }[code]
    throw sentence === undefined ? cause : new Error(sentence, { cause })
  }
}

/**
 * The demo organisation is made at the first start. Its password is the configured one, or a new random
 * one at each start, so that none is written down anywhere.
 */
async function provisionDemo({ config, house }: Opened): Promise<{ password: string }> {
  const password = config.demoPassword ?? randomBytes(12).toString('base64url')
  const orgId = await house.accounts.findOrgBySlug('demo')
  if (orgId) await house.accounts.setPassword('admin@demo.test', password)
  else {
    await house.accounts.provision({
      orgName: 'Demo',
      slug: 'demo',
      email: 'admin@demo.test',
      plan: 'enterprise',
      password,
      sampleData: true,
    })
  }
  return { password }
}

interface StudioBuild {
  ensureBuilt(options: { readonly log: (line: string) => void }): Promise<void>
}

/** Builds the studio when its sources changed; the server serves the API alone when there is none. */
async function buildStudio(say: (line: string) => void): Promise<string | null> {
  const build = path.join(root, 'studio/build.ts')
  if (!existsSync(build)) return null
  const { ensureBuilt } = (await import(pathToFileURL(build).href)) as StudioBuild
  await ensureBuilt({ log: say })
  return path.join(root, 'studio/dist')
}

if (import.meta.main) {
  try {
    await serve()
  } catch (error) {
    explain(error)
    process.exit(1)
  }
}

/** Runs until somebody stops it. */
export async function serve(): Promise<void> {
  setFlagsFromString(`--heap-growing-percent=${heapGrowingPercent}`)
  const say = (line: string) => process.stdout.write(`${line}\n`)
  stopOnSignal(await start(process.env, say), say)
}

function stopOnSignal(opened: Opened, say: (line: string) => void): void {
  let stoppingSince: number | null = null
  const stop = () => {
    if (stoppingSince !== null) {
      // The second one means it: whoever presses Ctrl-C twice does not want to wait. But npm hands on the
      // signal that the terminal has sent to all of us already.
      if (performance.now() - stoppingSince > sameSignalMs) process.exit(130)
      return
    }
    stoppingSince = performance.now()
    say('Stopping: what is under way is finished first.')
    opened.close().then(
      () => process.exit(0),
      (error: unknown) => {
        explain(error)
        process.exit(1)
      },
    )
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, stop)
  if (process.env['npm_lifecycle_event'] === undefined) return
  // npm hands signals to its shell, which dies of them and tells nobody: we would run on unseen.
  const parent = process.ppid
  const watching = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(watching)
    stop()
  }, 500)
  watching.unref()
}

/** One line for people; the stack only where somebody asked for it. */
export function explain(error: unknown): void {
  process.stderr.write(`${sentenceOf(error)}\n`)
  if (process.env['LOG_LEVEL'] === 'debug' || process.env['LOG_LEVEL'] === 'trace')
    console.error(error)
}

function sentenceOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { code } = error as { code?: string }
  if (
    error instanceof DatabaseUnavailableError ||
    ['ECONNREFUSED', 'ENOTFOUND'].includes(code ?? '')
  ) {
    const cause = error.cause instanceof Error ? error.cause : error
    return `PostgreSQL cannot be reached: ${cause.message}. Does it run, and is DATABASE_URL right?`
  }
  // 28xxx: wrong role or password; 3D000: no such database; 42501: it may not connect.
  if (error instanceof DatabaseError && /^(28...|3D000|42501)$/.test(code ?? '')) {
    return `PostgreSQL refuses us: ${error.message}. Are DATABASE_URL and DATABASE_ADMIN_URL right?`
  }
  return error.message
}
