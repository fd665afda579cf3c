import { DatabaseUnavailableError, QueryTooCostlyError, StateConflictError } from '@runwaycrm/sdk'
import { DatabaseError } from '../database/database-errors.ts'

/** Two writers wanted each other's records and one of them had to give way; trying again helps. */
export class ConcurrentChangeError extends StateConflictError {
  /** False when it has waited long enough already. */
  readonly mayBeginAgain: boolean
  constructor(cause: unknown, mayBeginAgain: boolean) {
    super('Others are changing the same records. Try again.', { cause })
    this.mayBeginAgain = mayBeginAgain
  }
}

/** Serialization failure and deadlock. */
const codes = new Set(['40001', '40P01'])
/** Somebody held a record for longer than a statement waits. */
const lockTimeout = '55P03'
/** A field became unique that the writer's model does not know of; nothing was written. */
const staleModel = 'RW001'
const maxAttempts = 4

/** @throws ConcurrentChangeError for what another attempt may settle, every other error as it is. */
export function asConcurrentChange(error: unknown): never {
  if (error instanceof DatabaseError && codes.has(error.code ?? ''))
    throw new ConcurrentChangeError(error, true)
  if (error instanceof DatabaseUnavailableError && codeOf(error.cause) === lockTimeout)
    throw new ConcurrentChangeError(error, false)
  if (codeOf(error) === staleModel)
    throw new StateConflictError('The fields of the object have just changed. Send it again.', {
      cause: error,
    })
  throw error
}

/** The same for a statement that locks or writes known records: it is late because it waited for others. */
export function asConcurrentWrite(error: unknown): never {
  if (error instanceof QueryTooCostlyError) throw new ConcurrentChangeError(error, false)
  return asConcurrentChange(error)
}

/** Tries again after a concurrent change. Only for work that has no effect but in the database. */
export async function withRetry<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof ConcurrentChangeError)) throw error
      if (!error.mayBeginAgain || attempt >= maxAttempts) throw error
    }
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof DatabaseError ? error.code : undefined
}
