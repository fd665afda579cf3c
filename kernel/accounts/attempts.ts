import { RateLimitedError } from '@runwaycrm/sdk'
import type { Directory } from './directory.ts'
import { tokenHash } from './tokens.ts'

/** Ten failures in a quarter of an hour per account and address; then that address waits. */
const limit = { failures: 10, spanSeconds: 900 } as const

/**
 * Counts attempts to guess a password. Counted per account **and** address: guessing from one place
 * does not lock the owner out of another.
 */
export function createAttempts(directory: Directory) {
  return {
    /** @throws RateLimitedError with the seconds to wait. */
    async begin(email: string, address: string): Promise<void> {
      const { failures, spanSeconds } = limit
      const wait = await directory.beginAttempt(tokenHash(email), address, failures, spanSeconds)
      if (wait > 0) {
        throw new RateLimitedError('Too many failed attempts. Wait, or reset the password.', {
          retryAfter: wait,
          extra: { limit: failures, spanSeconds },
        })
      }
    },
    /** The password was right: what failed before is forgotten. */
    async succeed(email: string, address: string): Promise<void> {
      await directory.forgetAttempts(tokenHash(email), address)
    },
  }
}

export type Attempts = ReturnType<typeof createAttempts>
