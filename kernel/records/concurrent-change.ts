import { StateConflictError } from '@runwaycrm/sdk'
import { DatabaseError } from '../database/database-errors.ts'

/** Two writers wanted each other's records and PostgreSQL chose one of them; trying again helps. */
export class ConcurrentChangeError extends StateConflictError {}

/** Serialization failure and deadlock. */
const codes = new Set(['40001', '40P01'])
const maxAttempts = 4

/** @throws ConcurrentChangeError for what another attempt may settle, every other error as it is. */
export function asConcurrentChange(error: unknown): never {
  if (error instanceof DatabaseError && codes.has(error.code ?? ''))
    throw new ConcurrentChangeError('Others are changing the same records. Try again.', {
      cause: error,
    })
  throw error
}

/** Tries again after a concurrent change. Only for work that has no effect but in the database. */
export async function withRetry<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof ConcurrentChangeError) || attempt >= maxAttempts) throw error
    }
  }
}
