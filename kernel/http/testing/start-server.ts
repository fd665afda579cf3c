import { fileURLToPath } from 'node:url'
import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify'
import { createTestDatabase } from '../../../tests/setup/test-database.ts'
import { type AccountsDeps, createAccounts } from '../../accounts/accounts.ts'
import { createContexts } from '../../accounts/contexts.ts'
import { migrate } from '../../database/migrate.ts'
import { createDatabase, type Database } from '../../database/postgres.ts'
import { createOrgStates } from '../../model/model-cache.ts'
import { createOrgModels } from '../../model/org-models.ts'
import { type Deployment, loadPlugins } from '../../plugins/load-plugins.ts'
import { createWriter } from '../../records/change-set.ts'
import { createCodecs } from '../../records/fields.ts'
import { createReader } from '../../records/read.ts'
import { simpleRecordSql } from '../../records/testing/simple-record-sql.ts'
import type { RouteDeclaration } from '../route.ts'
import { createServer } from '../server.ts'

export interface TestServer {
  readonly app: FastifyInstance
  readonly db: Database
  readonly adminUrl: string
  readonly accounts: ReturnType<typeof createAccounts>
  readonly deployment: Deployment
  /** What was mailed, the newest last. */
  readonly mails: { readonly to: string; readonly subject: string; readonly text: string }[]
  readonly log: { readonly level: string; readonly details: object; readonly message: string }[]
  inject(options: InjectOptions): Promise<LightMyRequestResponse>
  stop(): Promise<void>
}

export interface TestServerOptions {
  readonly rateLimit?: number
  readonly publicUrl?: string
  readonly signUp?: boolean
  readonly routes?: readonly RouteDeclaration[]
}

export const operatorKey = 'operator-key-of-at-least-32-characters'

/** The doors on the real database, accounts, reader and writer, before boot puts the whole house together. */
export async function startServer(options: TestServerOptions = {}): Promise<TestServer> {
  const deployment = await loadPlugins([
    fileURLToPath(new URL('../../../plugins/', import.meta.url)),
  ])
  const test = await createTestDatabase()
  await migrate({ ...test, model: deployment.model })
  const db = createDatabase({ url: test.serverUrl, secretKey: test.secretKey, poolSize: 8 })
  const codecs = createCodecs(deployment.fieldTypeHandler)
  const sql = simpleRecordSql(codecs)
  const reader = createReader({ db, codecs })
  const writer = createWriter({ db, codecs, sql, reader })
  const orgStates = createOrgStates({
    db,
    deployment: deployment.model,
    models: createOrgModels(deployment.model),
  })
  const stopping = new AbortController()
  const contexts = createContexts({ orgStates, signal: stopping.signal })
  const mails: TestServer['mails'] = []
  const log: TestServer['log'] = []
  const note = (level: string) => (details: object, message: string) => {
    log.push({ level, details, message })
  }
  const logger = {
    error: note('error'),
    warn: note('warn'),
    info: note('info'),
    debug: note('debug'),
  }
  const publicUrl = options.publicUrl ?? 'http://127.0.0.1:3000'
  const accountsDeps: AccountsDeps = {
    db,
    reader,
    writer,
    config: { region: 'local', publicUrl, signUp: options.signUp ?? true, operatorKey },
    systemContext: (orgId) => contexts.system(orgId),
    runSeeds: async () => {},
    sendMail: async (_orgId, mail) => {
      mails.push(mail)
    },
    log: logger,
  }
  const accounts = createAccounts(accountsDeps)
  const notYet = async () => ({ data: [], page: { nextCursor: null } })
  const app = await createServer({
    config: { region: 'local', publicUrl, rateLimit: options.rateLimit ?? 0, trustProxy: 0 },
    log: logger,
    db,
    accounts,
    contexts,
    writer,
    records: { reader, writer, history: notYet, timeline: notYet, bulkByFilter: notYet },
    routes: options.routes ?? [],
  })
  return {
    app,
    db,
    adminUrl: test.adminUrl,
    accounts,
    deployment,
    mails,
    log,
    inject: (request) => app.inject(request),
    async stop() {
      stopping.abort()
      await app.close()
      await accounts.settled()
      await db.close()
      await test.drop()
    },
  }
}
