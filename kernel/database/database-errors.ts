import { DatabaseUnavailableError, QueryTooCostlyError, StorageFullError } from '@runwaycrm/sdk'
import { DatabaseError } from 'pg'

export { DatabaseError }

/**
 * The one place where what PostgreSQL and the network say becomes our errors. Broken constraints (23xxx)
 * and everything else that PostgreSQL names stay `DatabaseError`: who wrote the statement knows what the
 * constraint means.
 */
export function translateError(error: unknown): Error {
  if (error instanceof DatabaseError) {
    const code = error.code ?? ''
    if (isConnectionLoss(error)) return new DatabaseUnavailableError(undefined, { cause: error })
    if (code === '53100') return new StorageFullError(undefined, { cause: error })
    // 58 is what the system under PostgreSQL refused: a file that cannot be written now.
    if (code.startsWith('58')) return new DatabaseUnavailableError(undefined, { cause: error })
    if (code === '53200' || code === '53300' || code === '55P03') {
      return new DatabaseUnavailableError(undefined, { cause: error, retryAfter: 1 })
    }
    if (code === '57014') return new QueryTooCostlyError(undefined, { cause: error })
    return error
  }
  if (isConnectionLoss(error)) return new DatabaseUnavailableError(undefined, { cause: error })
  return error instanceof Error ? error : new Error(String(error))
}

const lostMessages =
  /connection terminated|not queryable|timeout exceeded when trying to connect|timeout expired|client was closed/i

/** True when the connection is of no use any more and must not go back to the pool. */
export function isConnectionLoss(error: unknown): boolean {
  if (error instanceof DatabaseError) {
    const code = error.code ?? ''
    // 57014 is a cancelled statement, 57P01 to 57P05 end the session; 25P03 and 25P04 are timeouts that do.
    return code.startsWith('57P') || code.startsWith('08') || code === '25P03' || code === '25P04'
  }
  if (!(error instanceof Error)) return false
  if (error instanceof DatabaseUnavailableError) return isConnectionLoss(error.cause)
  // ECONNREFUSED, ECONNRESET, EPIPE and the like come with a code and a system call.
  if ('syscall' in error) return true
  if (error instanceof AggregateError) return error.errors.some(isConnectionLoss)
  return lostMessages.test(error.message)
}
