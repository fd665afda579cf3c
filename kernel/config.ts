import { randomBytes } from 'node:crypto'
import { access, constants, mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { type Variable, variables } from './config-variables.ts'

/** What the operator decides, read once at the start and frozen. */
export interface Config {
  /** 0 means any free port. */
  readonly port: number
  readonly host: string
  /** Null: the embedded PostgreSQL. */
  readonly databaseUrl: string | null
  readonly databaseAdminUrl: string | null
  /** Absolute. */
  readonly dataDir: string
  readonly secretKey: string
  /** The wrapping key before the present one, while secrets are wrapped anew. */
  readonly formerSecretKey: string | null
  readonly demo: boolean
  readonly demoPassword: string | null
  readonly operatorKey: string | null
  readonly roles: { readonly web: boolean; readonly worker: boolean }
  /** Without a slash at the end; null means the address that `host` and `port` give. */
  readonly publicUrl: string | null
  /** How many proxies in front are believed. */
  readonly trustProxy: number
  readonly region: string
  /** Requests per second and organisation; 0 turns the limit off. */
  readonly rateLimit: number
  readonly uploadLimitBytes: number
  /** Null is the folder `files` in the data folder. */
  readonly filesUrl: string | null
  /** Address of map tiles with `{z}`, `{x}` and `{y}`; null draws land only. */
  readonly mapTiles: string | null
  /** Whom to name for them. */
  readonly mapCredit: string | null
  readonly signup: boolean
  readonly metricsPort: number | null
  readonly smtpUrl: string | null
  readonly logLevel: LogLevel
  readonly production: boolean
  readonly baseUrls: Readonly<Record<OutsideService, string | null>>
}

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent'
export type OutsideService = 'gemini' | 'anthropic' | 'stripe' | 'sendgrid' | 'slack' | 'twilio'

/** One or more variables have a value that cannot be used; the message names all of them. */
class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

export type Environment = Readonly<Record<string, string | undefined>>

type Values = { [K in keyof typeof variables]: ReturnType<(typeof variables)[K]['read']> }

/**
 * Reads the environment. Outside production a missing secret key is made once and kept in the data
 * folder, mode 600.
 *
 * @throws ConfigError naming every bad variable with its meaning and an example.
 */
export async function loadConfig(env: Environment): Promise<Config> {
  const { secretKey, nodeEnv, gemini, anthropic, stripe, sendgrid, slack, twilio, ...rest } =
    readValues(env)
  return Object.freeze({
    ...rest,
    secretKey: await inDataDir(rest.dataDir, secretKey),
    production: nodeEnv === 'production',
    roles: Object.freeze(rest.roles),
    baseUrls: Object.freeze({ gemini, anthropic, stripe, sendgrid, slack, twilio }),
  })
}

/** The variables for `--help`, one per paragraph. */
export function configHelp(): string {
  return Object.values(variables)
    .map(
      (v) => `  ${v.name}\n      ${v.meaning}.\n      Default: ${v.default}. Example: ${v.example}`,
    )
    .join('\n')
}

/** The variables as the table of the README. */
export function configTable(): string {
  const rows = Object.values(variables).map(
    (v) => `| \`${v.name}\` | ${v.meaning} | ${v.default} | \`${v.example.replaceAll('`', '')}\` |`,
  )
  return ['| variable | meaning | default | example |', '|---|---|---|---|', ...rows].join('\n')
}

function readValues(env: Environment): Values {
  const production = env['NODE_ENV'] === 'production'
  const problems: string[] = []
  const values: Record<string, unknown> = {}
  for (const [key, v] of Object.entries(variables)) {
    const text = env[v.name]?.trim() || null
    try {
      values[key] = v.read(text, production)
    } catch (error) {
      problems.push(problemOf(v, (error as Error).message))
    }
  }
  // Migrations alone have nothing to serve; with the embedded PostgreSQL they would go elsewhere, unseen.
  const isLone = values['databaseAdminUrl'] && values['databaseUrl'] === null
  if (isLone) problems.push(problemOf(variables.databaseUrl, 'set where DATABASE_ADMIN_URL is'))
  if (problems.length > 0) throw unusable(problems)
  return values as Values
}

function problemOf({ name, meaning, default: otherwise, example }: Described, expected: string) {
  return (
    `${name} must be ${expected}.\n` +
    `    ${meaning}. Default: ${otherwise}. Example: ${name}=${example}`
  )
}

type Described = Pick<Variable<unknown>, 'name' | 'meaning' | 'default' | 'example'>

function unusable(problems: readonly string[]) {
  return new ConfigError(`The environment cannot be used:\n  ${problems.join('\n  ')}`)
}

/** Makes the folder. @returns the secret key: the given one, or the one that is kept there. */
async function inDataDir(dataDir: string, secretKey: string | null): Promise<string> {
  try {
    await makeFolder(dataDir)
    await access(dataDir, constants.W_OK)
    return secretKey ?? (await keptSecretKey(dataDir))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw unusable([problemOf(variables.dataDir, `a folder that can be written (${code})`)])
  }
}

/**
 * One level at a time: where a level cannot be made although the one above is there, as in /proc,
 * `mkdir` with `recursive` never returns.
 */
async function makeFolder(folder: string): Promise<void> {
  const isThere = async () => (await stat(folder).catch(() => null))?.isDirectory() ?? false
  if (await isThere()) return
  const parent = path.dirname(folder)
  if (parent !== folder) await makeFolder(parent)
  await mkdir(folder).catch(async (error: unknown) => {
    // Another process that starts beside this one made it.
    if (!(await isThere())) throw error
  })
}

async function keptSecretKey(dataDir: string): Promise<string> {
  const file = path.join(dataDir, 'secret-key')
  try {
    await writeFile(file, randomBytes(32).toString('base64url'), { mode: 0o600, flag: 'wx' })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  return (await readFile(file, 'utf8')).trim()
}

/** Where people reach the server: as it was set, else where it listens. */
export function publicUrlOf(config: Pick<Config, 'publicUrl' | 'host' | 'port'>): string {
  const host = config.host.includes(':') ? `[${config.host}]` : config.host
  return config.publicUrl ?? `http://${host}:${config.port}`
}
