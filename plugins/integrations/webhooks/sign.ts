import { createHmac, randomBytes } from 'node:crypto'

const prefix = 'whsec_'

/** A new secret as receivers enter it: `whsec_` and 32 random bytes in base64. */
export function newSecret(): string {
  return `${prefix}${randomBytes(32).toString('base64')}`
}

/** The same where a secret is a text whose letters are the key. */
export function newPlainSecret(): string {
  return randomBytes(32).toString('base64url')
}

/**
 * The headers by which a receiver tells that a message is ours, whole and fresh.
 *
 * @param secrets each signs; more than one while a former secret still counts.
 * @param at seconds since 1970.
 * @see https://www.standardwebhooks.com, "Signature scheme".
 */
export function signedHeaders(
  secrets: readonly string[],
  message: { readonly id: string; readonly at: number; readonly body: string },
): Record<string, string> {
  const { id, at, body } = message
  const signatures = secrets.map((secret) => {
    const key = Buffer.from(secret.slice(prefix.length), 'base64')
    return `v1,${createHmac('sha256', key).update(`${id}.${at}.${body}`).digest('base64')}`
  })
  return {
    'webhook-id': id,
    'webhook-timestamp': String(at),
    'webhook-signature': signatures.join(' '),
  }
}
