import pg from 'pg'
import { isConnectionLoss, translateError } from './database-errors.ts'
import { createListener } from './listener.ts'
import { type BatchAnswer, sendBatch } from './one-sync-batch.ts'
import { createOrgContexts } from './org-context.ts'
import { openTransaction } from './transaction.ts'

/** One statement. With a name it is prepared once per connection under that name. */
export interface Statement {
  readonly text: string
  readonly values: readonly unknown[]
  readonly name?: string
  /** Rows come as arrays of values, in the order of the columns. Less work when there are many. */
  readonly rowMode?: 'array'
}

export interface Result<R = Record<string, unknown>> {
  readonly rows: R[]
  readonly rowCount: number
}

/** Inside an explicit transaction of one organisation. */
export interface Tx {
  readonly orgId: string | null
  /** Several statements, one round trip, in order; the first that fails stops the rest and throws. */
  run(statements: readonly Statement[]): Promise<Result[]>
  one<R>(statement: Statement): Promise<Result<R>>
  /**
   * Goes along with whatever is sent next, at the latest with the commit, and costs no round trip. It must return
   * no rows; that it fails is told there.
   */
  later(statement: Statement): void
  /** Runs `work` under a savepoint; when it throws, only its own writes are undone. */
  savepoint<T>(work: () => Promise<T>): Promise<T>
}

export interface TransactionOptions {
  /** Another limit than the connection's; 0 is none. */
  readonly statementTimeoutMs?: number
  /** All statements see the same snapshot. */
  readonly isolation?: 'repeatable read'
}

export interface Database {
  /**
   * Signed context of the organisation and the statements, ended by one Sync: one implicit transaction,
   * one round trip. `null` is for calls of `kernel.*` functions only: no context is set and every tenant
   * table shows 0 rows.
   *
   * @throws DatabaseError for a broken constraint and the like; DatabaseUnavailableError, StorageFullError
   *   and QueryTooCostlyError as `database-errors.ts` maps them.
   */
  batch(orgId: string | null, statements: readonly Statement[]): Promise<Result[]>
  query<R>(orgId: string | null, statement: Statement): Promise<Result<R>>
  /** BEGIN, signed context, work, COMMIT; rolls back when work throws. */
  transaction<T>(
    orgId: string | null,
    work: (tx: Tx) => Promise<T>,
    options?: TransactionOptions,
  ): Promise<T>
  /** Calls back for every notification, also after a lost connection came back; returns the way to stop. */
  listen(channel: string, onMessage: (payload: string) => void): Promise<() => Promise<void>>
  close(): Promise<void>
}

export interface DatabaseOptions {
  readonly url: string
  readonly secretKey: string
  /** Connections at most, default 10. */
  readonly poolSize?: number
  /** Default 5,000: a question of a request that takes longer is refused as too costly. */
  readonly statementTimeoutMs?: number
  /** Shown in `pg_stat_activity`. */
  readonly applicationName?: string
  readonly log?: (message: string, error?: Error) => void
}

const none: readonly Statement[] = []

/** A ROLLBACK that did not get through: the connection must go, so that nobody works on inside of it. */
function isInTransaction(client: pg.PoolClient): boolean {
  const { getTransactionStatus } = client as unknown as { getTransactionStatus(): string | null }
  return getTransactionStatus.call(client) !== 'I'
}

/** Connections to PostgreSQL as the server's role, and the one way in which statements enter an org. */
export function createDatabase(options: DatabaseOptions): Database {
  const log = options.log ?? (() => {})
  const contexts = createOrgContexts(options.secretKey)
  const settings: pg.PoolConfig = {
    connectionString: options.url,
    max: options.poolSize ?? 10,
    idleTimeoutMillis: 0,
    connectionTimeoutMillis: 0,
    keepAlive: true,
    application_name: options.applicationName ?? 'runway',
    statement_timeout: options.statementTimeoutMs ?? 5_000,
    lock_timeout: 2_000,
    idle_in_transaction_session_timeout: 15_000,
    // What our parsers of times and numbers rely on, whatever the server's defaults are.
    options: '-c TimeZone=UTC -c DateStyle=ISO,MDY -c search_path=pg_catalog',
  }
  const pool = new pg.Pool(settings)
  // A client that is in use reports a lost connection to whoever uses it and here.
  pool.on('connect', (client) => client.on('error', (error) => log('connection lost', error)))
  pool.on('error', () => {})
  const listener = createListener(settings, log)

  async function onConnection<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    let client: pg.PoolClient
    try {
      client = await pool.connect()
    } catch (error) {
      throw translateError(error)
    }
    try {
      const answer = await work(client)
      client.release()
      return answer
    } catch (error) {
      client.release(isConnectionLoss(error) || isInTransaction(client))
      throw translateError(error)
    }
  }

  async function batch(orgId: string | null, statements: readonly Statement[]) {
    const before = orgId === null ? none : [contexts.enter(orgId)]
    const once = () => onConnection((client) => sendBatch(client, before, statements))
    let answer: BatchAnswer
    try {
      answer = await once()
    } catch (error) {
      // A prepared statement outlived the shape of its table; all of the batch was undone.
      const code = (error as { code?: string }).code
      if (code !== '0A000' && code !== '26000') throw error
      answer = await once()
    }
    return answer.results
  }

  return {
    batch,
    async query<R>(orgId: string | null, statement: Statement) {
      const [result] = await batch(orgId, [statement])
      return result as unknown as Result<R>
    },
    transaction(orgId, work, transactionOptions) {
      const enter = orgId === null ? null : contexts.enter(orgId)
      return onConnection((client) =>
        openTransaction(client, orgId, enter, work, transactionOptions),
      )
    },
    listen: listener.listen,
    async close() {
      await listener.close()
      await pool.end()
    },
  }
}
