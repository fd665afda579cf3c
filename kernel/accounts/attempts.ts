import { RateLimitedError } from '@runwaycrm/sdk'
import ipaddr from 'ipaddr.js'
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
      const wait = await directory.beginAttempt(
        tokenHash(email),
        networkOf(address),
        failures,
        spanSeconds,
      )
      if (wait > 0) {
        throw new RateLimitedError('Too many failed attempts. Wait, or reset the password.', {
          retryAfter: wait,
          extra: { limit: failures, spanSeconds },
        })
      }
    },
    /** The password was right: what failed before is forgotten. */
    async succeed(email: string, address: string): Promise<void> {
      await directory.forgetAttempts(tokenHash(email), networkOf(address))
    },
  }
}

/**
 * Whom an address counts for: with IPv6 everybody has a network of 2^64 addresses of their own, `/64`,
 * and could come from another one each time.
 */
export function networkOf(address: string): string {
  const parsed = ipaddr.isValid(address) ? ipaddr.process(address) : null
  if (!parsed) return address
  if (parsed.kind() === 'ipv4') return parsed.toString()
  return `${(parsed as ipaddr.IPv6).parts
    .slice(0, 4)
    .map((part) => part.toString(16))
    .join(':')}::/64`
}

export type Attempts = ReturnType<typeof createAttempts>
