import type { FastifyInstance } from 'fastify'
import { startApp, type TestApp } from '../../../tests/setup/test-app.ts'
import type { House } from '../../boot.ts'
import type { Database } from '../../database/postgres.ts'

export interface TestServer extends TestApp {
  readonly app: FastifyInstance
  readonly db: Database
  readonly adminUrl: string
  readonly accounts: House['accounts']
}

/** The real product, with the parts at hand that tests of the doors look at. */
export async function startServer(environment: Record<string, string> = {}): Promise<TestServer> {
  const started = await startApp(environment)
  const { house, database } = started
  return {
    ...started,
    app: house.app!,
    db: house.db,
    adminUrl: database.adminUrl,
    accounts: house.accounts,
  }
}
