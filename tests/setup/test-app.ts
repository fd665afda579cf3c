import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { InjectOptions, Response } from 'light-my-request'
import { boot, type House } from '../../kernel/boot.ts'
import { type Config, loadConfig } from '../../kernel/config.ts'
import { createLogger } from '../../kernel/logging.ts'
import { holdSchedules } from './hold-schedules.ts'
import { createTestDatabase, type TestDatabase } from './test-database.ts'

export const pluginRoots = [path.resolve(import.meta.dirname, '../../plugins')]

/** Somebody who can call the API. */
export interface Caller {
  readonly orgId: string
  readonly slug: string
  readonly headers: Readonly<Record<string, string>>
  /** @returns the answer with `json()`. */
  call(
    method: string,
    url: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Response>
}

export interface TestApp {
  readonly house: House
  readonly config: Config
  readonly database: TestDatabase
  /** What the log says, one JSON line each. */
  readonly logLines: string[]
  inject(options: InjectOptions): Promise<Response>
  /** An organisation with its admin; calls go with an admin's key. */
  createOrg(options?: {
    name?: string
    slug?: string
    sampleData?: boolean
    role?: string
    scopes?: readonly string[] | null
  }): Promise<Caller>
  /** Another key in the same organisation. */
  createKey(
    orgId: string,
    options?: { role?: string; scopes?: readonly string[] | null },
  ): Promise<Caller>
  /** Signs up through HTTP; calls go with the session cookie. */
  signUp(options?: { email?: string; password?: string; orgName?: string }): Promise<
    Caller & {
      readonly email: string
      readonly password: string
      readonly userId: string
      readonly cookie: string
    }
  >
  /** Listens on a free port, for WebSockets and browsers. */
  listen(): Promise<string>
  stop(): Promise<void>
}

/** The real product on a database of its own, on which the schedules that ship wait to be made due. */
export async function startApp(
  environment: Record<string, string> = {},
  /** Folders with plugins besides the product's own. */
  moreRoots: readonly string[] = [],
): Promise<TestApp> {
  const database = await createTestDatabase()
  await holdSchedules(database.adminUrl)
  const dataDir = await mkdtemp(path.join(tmpdir(), 'runway-app-'))
  const config = await loadConfig({
    PORT: '0',
    DATABASE_URL: database.serverUrl,
    DATABASE_ADMIN_URL: database.adminUrl,
    RUNWAY_DATA_DIR: dataDir,
    RUNWAY_SECRET_KEY: database.secretKey,
    RUNWAY_DEMO: 'false',
    RUNWAY_RATE_LIMIT: '0',
    RUNWAY_OPERATOR_KEY: 'operator-key-of-the-tests-0123456789',
    LOG_LEVEL: 'warn',
    ...environment,
  })
  const logLines: string[] = []
  const log = createLogger(config.logLevel, { write: (line: string) => void logLines.push(line) })
  const house = await boot({
    config,
    log,
    database: { serverUrl: database.serverUrl, adminUrl: database.adminUrl },
    pluginRoots: [...pluginRoots, ...moreRoots],
    studioDir: environment['STUDIO_DIR'] ?? null,
  })
  house.start()
  const app = house.app!
  let count = 0

  const inject = (options: InjectOptions) => app.inject(options) as Promise<Response>
  const caller = (orgId: string, slug: string, headers: Record<string, string>): Caller => ({
    orgId,
    slug,
    headers,
    call: (method, url, body, more = {}) =>
      inject({
        method: method as 'GET',
        url: url.startsWith('/api/') || !url.startsWith('/') ? url : `/api/v1${url}`,
        headers: { ...headers, ...more },
        ...(body === undefined ? {} : { payload: body as object }),
      }),
  })
  const keyCaller = async (
    orgId: string,
    slug: string,
    options: { role?: string | undefined; scopes?: readonly string[] | null | undefined } = {},
  ) => {
    const key = await house.accounts.createKey(orgId, {
      name: 'Test',
      role: options.role,
      scopes: options.scopes,
    })
    return caller(orgId, slug, { authorization: `Bearer ${key.key}` })
  }

  return {
    house,
    config,
    database,
    logLines,
    inject,
    async createOrg(options = {}) {
      const slug = options.slug ?? `org-${randomBytes(6).toString('hex')}`
      const made = await house.accounts.provision({
        orgName: options.name ?? 'Test org',
        slug,
        email: `admin-${++count}-${slug}@example.test`,
        password: 'correct-horse-battery',
        sampleData: options.sampleData,
      })
      return keyCaller(made.orgId, slug, options)
    },
    createKey: (orgId, options) => keyCaller(orgId, '', options),
    async signUp(options = {}) {
      const email =
        options.email ?? `person-${++count}-${randomBytes(4).toString('hex')}@example.test`
      const password = options.password ?? 'correct-horse-battery'
      const answer = await inject({
        method: 'POST',
        url: '/api/v1/auth/signup',
        payload: { email, password, orgName: options.orgName ?? `Org of ${email}` },
      })
      if (answer.statusCode !== 201)
        throw new Error(`Sign-up answered ${answer.statusCode}: ${answer.body}`)
      const { orgId, userId } = answer.json<{ orgId: string; userId: string }>()
      const cookie = String(answer.headers['set-cookie']).split(';')[0]!
      return { ...caller(orgId, '', { cookie }), email, password, userId, cookie }
    },
    async listen() {
      await app.listen({ port: 0, host: '127.0.0.1' })
      return `http://127.0.0.1:${(app.server.address() as { port: number }).port}`
    },
    async stop() {
      await house.stop()
      await database.drop()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}
