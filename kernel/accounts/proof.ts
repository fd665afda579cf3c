import { createHmac } from 'node:crypto'
import { accountsKey } from '../database/org-context.ts'
import type { Statement } from '../database/postgres.ts'

/** Long enough for clocks that differ; a proof is used once, in the batch that carries it. */
const validSeconds = 300

export interface Proofs {
  /**
   * The statement that lets the rest of the transaction call one function about one subject.
   *
   * @param deed name of the `kernel` function.
   * @param subject what it takes for one: an organisation's or login's id, an email, the digest of a token in hex.
   */
  of(deed: string, subject: string): Statement
}

/** `<expiry, epoch seconds>.<HMAC-SHA256 of deed, subject and expiry, hex>`, what `kernel.check_proof` takes. */
export function signProof(key: Buffer, deed: string, subject: string, expiresAt: number): string {
  const mac = createHmac('sha256', key).update(`${deed}.${subject}.${expiresAt}`).digest('hex')
  return `${expiresAt}.${mac}`
}

/**
 * Makes the proofs that functions of the directory ask for. To be had by kernel/accounts alone: whoever
 * holds it may act for every organisation.
 */
export function createProofs(secretKey: string, now: () => number = Date.now): Proofs {
  const key = accountsKey(secretKey)
  return {
    of: (deed, subject) => ({
      name: 'prove',
      text: `select 1 where pg_catalog.set_config('runway.proof', $1, true) is null`,
      values: [signProof(key, deed, subject, Math.floor(now() / 1000) + validSeconds)],
    }),
  }
}
