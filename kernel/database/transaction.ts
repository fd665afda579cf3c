import type { ClientBase } from 'pg'
import { translateError } from './database-errors.ts'
import { sendBatch } from './one-sync-batch.ts'
import type { Result, Statement, TransactionOptions, Tx } from './postgres.ts'

const begin: Statement = { name: 'begin', text: 'begin', values: [] }
const snapshot: Statement = { text: 'begin isolation level repeatable read', values: [] }
const commit: Statement = { name: 'commit', text: 'commit', values: [] }
const rollback: Statement = { name: 'rollback', text: 'rollback', values: [] }

/**
 * Runs `work` in a transaction on the client. BEGIN and the context travel with the first statement, so a
 * transaction costs one round trip more than its statements, and one without statements costs none.
 *
 * @param enter The statement that opens the organisation; null for none.
 * @throws whatever `work` throws; an Error when `work` went on after a failed statement, because
 *   PostgreSQL then undoes everything.
 */
export async function openTransaction<T>(
  client: ClientBase,
  orgId: string | null,
  enter: Statement | null,
  work: (tx: Tx) => Promise<T>,
  { statementTimeoutMs, isolation }: TransactionOptions = {},
): Promise<T> {
  let pending: Statement[] = [isolation ? snapshot : begin]
  if (statementTimeoutMs !== undefined) pending.push(statementTimeout(statementTimeoutMs))
  if (enter) pending.push(enter)
  let begun = false
  let open = true
  let depth = 0
  let last: Promise<unknown> = Promise.resolve()

  /** One at a time: a connection answers in order, and a failed call must not be overtaken. */
  function send(statements: readonly Statement[]): Promise<{ results: Result[]; tag: string }> {
    if (!open) return Promise.reject(new Error('The transaction has ended.'))
    const answer = last.then(() => {
      const before = pending
      pending = []
      begun = true
      return sendBatch(client, before, statements)
    })
    last = answer.catch(() => {})
    return answer
  }

  const tx: Tx = {
    orgId,
    async run(statements) {
      try {
        return (await send(statements)).results
      } catch (error) {
        throw translateError(error)
      }
    },
    async one<R>(statement: Statement) {
      return (await tx.run([statement]))[0] as unknown as Result<R>
    },
    later(statement) {
      pending.push(statement)
    },
    async savepoint(work) {
      const name = `s${++depth}`
      const opened = { text: `savepoint ${name}`, values: [] }
      pending.push(opened)
      try {
        const answer = await work()
        // Nothing ran since: there is nothing to release.
        if (pending.at(-1) === opened) pending.pop()
        else pending.push({ text: `release savepoint ${name}`, values: [] })
        return answer
      } catch (error) {
        if (pending.includes(opened)) pending = pending.slice(0, pending.indexOf(opened))
        else {
          pending = []
          await send([{ text: `rollback to savepoint ${name}`, values: [] }])
        }
        throw error
      } finally {
        depth--
      }
    },
  }

  try {
    const answer = await work(tx)
    await last
    if (begun) {
      const { tag } = await send([commit])
      open = false
      if (tag !== 'COMMIT') {
        throw new Error('Nothing was saved: a statement of the transaction had failed before.')
      }
    }
    return answer
  } catch (error) {
    if (open && begun) {
      pending = []
      // When this fails too, the connection is gone and with it the transaction.
      await send([rollback]).catch(() => {})
    }
    throw error
  } finally {
    open = false
  }
}

/** A limit of milliseconds for what follows in the transaction; 0 is none. */
const limit =
  (setting: 'statement_timeout' | 'transaction_timeout') =>
  (ms: number): Statement => ({
    name: setting,
    text: `select 1 where pg_catalog.set_config('${setting}', $1, true) is null`,
    values: [String(Math.round(ms))],
  })

/** Another limit than the connection's. */
export const statementTimeout = limit('statement_timeout')

/** Ends the connection when the transaction is still open then, and so undoes it. */
export const transactionTimeout = limit('transaction_timeout')
