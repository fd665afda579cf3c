import { type ChildProcess, spawn } from 'node:child_process'
import { readFile, rm } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { stopPostgres } from '../../kernel/database/embedded-cluster.ts'
import type { TestApp } from '../setup/test-app.ts'

export const checkout = path.resolve(import.meta.dirname, '../..')

/** A program as an operator runs it: its own process, nothing of the tests' environment but the paths. */
export interface Program {
  readonly pid: number
  /** Both streams, as they came. */
  output(): string
  signal(name: NodeJS.Signals): void
  /** Its exit code, or the name of the signal that ended it. */
  readonly ended: Promise<number | string>
}

export interface Server extends Program {
  /** Where it listens, e.g. `http://127.0.0.1:40123`. */
  readonly url: string
  /** How long it took from the start of the process to the sentence that it is ready. */
  readonly readyMs: number
}

export interface Finished {
  readonly code: number | string
  readonly out: string
  readonly err: string
}

const running = new Set<ChildProcess>()

/** Runs a command of the command line to its end. */
export function runway(args: readonly string[], environment: Record<string, string>) {
  return finish(process.execPath, [path.join(checkout, 'kernel/cli.ts'), ...args], environment)
}

/** Runs the server that is expected to refuse. */
export function startAndFail(environment: Record<string, string>) {
  return finish(process.execPath, [path.join(checkout, 'kernel/main.ts')], environment)
}

/**
 * Starts the server and waits until it says that it is ready.
 * @throws Error with everything it said when it ends before.
 */
export async function startServer(
  environment: Record<string, string>,
  program: { readonly command?: readonly [string, ...string[]]; readonly cwd?: string } = {},
): Promise<Server> {
  const startedAt = performance.now()
  const [command, ...args] = program.command ?? [
    process.execPath,
    path.join(checkout, 'kernel/main.ts'),
  ]
  const server = launch(command, args, environment, program.cwd)
  const ended = server.ended.then((code) => {
    throw new Error(`The server ended with ${code}:\n${server.output()}`)
  })
  // Once it is ready, its end is its own matter.
  ended.catch(() => {})
  const deadline = sleep(90_000, undefined, { ref: false }).then(() => {
    throw new Error(`The server did not get ready:\n${server.output()}`)
  })
  deadline.catch(() => {})
  const url = await Promise.race([ended, deadline, readyUrl(server)])
  return { ...server, url, readyMs: performance.now() - startedAt }
}

/** Another node of an app: on its database, with its data folder and its keys. */
export const startBeside = (
  { config, database }: Pick<TestApp, 'config' | 'database'>,
  environment: Record<string, string> = {},
): Promise<Server> =>
  startServer({
    DATABASE_URL: database.serverUrl,
    DATABASE_ADMIN_URL: database.adminUrl,
    RUNWAY_DATA_DIR: config.dataDir,
    RUNWAY_SECRET_KEY: database.secretKey,
    ...environment,
  })

/** Ends whatever of these programs still runs. */
export async function endAll(): Promise<void> {
  for (const child of running) signalGroup(child, 'SIGKILL')
  while (running.size > 0) await sleep(10)
}

/** Process of the PostgreSQL on a data folder; null when none runs. */
export async function postmasterOf(dataDir: string): Promise<number | null> {
  const file = path.join(dataDir, 'postgres/cluster/data/postmaster.pid')
  const text = await readFile(file, 'utf8').catch(() => null)
  return text === null ? null : Number(text.split('\n')[0])
}

/** Stops the PostgreSQL that a killed server left on a data folder, and removes the folder. */
export async function removeDataFolder(dataDir: string): Promise<void> {
  await stopPostgres(path.join(dataDir, 'postgres/cluster')).catch(() => {})
  await rm(dataDir, { recursive: true, force: true })
}

async function readyUrl(server: Program): Promise<string> {
  for (;;) {
    const [, url] = /RunwayCRM is ready at (\S+)/.exec(server.output()) ?? []
    if (url !== undefined) return url
    await sleep(20)
  }
}

async function finish(
  command: string,
  args: readonly string[],
  environment: Record<string, string>,
): Promise<Finished> {
  const program = launch(command, args, environment)
  const code = await program.ended
  return { code, out: program.out(), err: program.err() }
}

function signalGroup(child: ChildProcess, name: NodeJS.Signals): void {
  try {
    process.kill(-child.pid!, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

function launch(
  command: string,
  args: readonly string[],
  environment: Record<string, string>,
  cwd = checkout,
): Program & { out(): string; err(): string } {
  const child = spawn(command, args, {
    cwd,
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      TMPDIR: process.env['TMPDIR'],
      NO_COLOR: '1',
      // Each start reads the same source; only the first has to prepare it.
      NODE_COMPILE_CACHE: path.join(checkout, 'node_modules/.cache/compiled'),
      PORT: '0',
      RUNWAY_DEMO: 'false',
      RUNWAY_RATE_LIMIT: '0',
      LOG_LEVEL: 'error',
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own, because npm runs a shell that runs the server, as a terminal's Ctrl-C finds them.
    detached: true,
  })
  running.add(child)
  const said = { all: '', out: '', err: '' }
  const note = (stream: 'out' | 'err') => (chunk: Buffer) => {
    said[stream] += chunk
    said.all += chunk
  }
  child.stdout.on('data', note('out'))
  child.stderr.on('data', note('err'))
  const ended = new Promise<number | string>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => {
      running.delete(child)
      resolve(code ?? signal ?? 'nothing')
    })
  })
  return {
    pid: child.pid ?? 0,
    output: () => said.all,
    out: () => said.out,
    err: () => said.err,
    signal: (name) => signalGroup(child, name),
    ended,
  }
}
