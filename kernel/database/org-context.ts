import { createHmac, hkdfSync } from 'node:crypto'
import type { Statement } from './postgres.ts'
import { isUuid } from './uuid.ts'

/** How long a context is good for; a transaction that lasts longer loses its rows, not its safety. */
const validSeconds = 900
/** How long one is used again before the next is signed. */
const reusedMs = 5_000
const cachedOrgs = 10_000

export interface OrgContexts {
  /** The statement that opens the organisation for the rest of the transaction. */
  enter(orgId: string): Statement
}

/**
 * The key that signs contexts, 32 bytes, derived from RUNWAY_SECRET_KEY. `migrate` writes it into
 * `kernel.context_key`, where only `kernel.org()` reads it.
 */
export function contextKey(secretKey: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secretKey, '', 'runway org context', 32))
}

/**
 * The key that signs proofs of authority over accounts, 32 bytes. `migrate` writes it into
 * `kernel.accounts_key`; else only kernel/accounts asks for it.
 */
export function accountsKey(secretKey: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secretKey, '', 'runway accounts proof', 32))
}

/** `<org>.<expiry, epoch seconds>.<HMAC-SHA256 of the two, hex>`, what `kernel.org()` takes. */
export function signContext(key: Buffer, orgId: string, expiresAt: number): string {
  const text = `${orgId}.${expiresAt}`
  return `${text}.${createHmac('sha256', key).update(text).digest('hex')}`
}

/** Signs and caches contexts. It returns no row, so nothing but an error comes back for it. */
export function createOrgContexts(secretKey: string, now: () => number = Date.now): OrgContexts {
  const key = contextKey(secretKey)
  const cache = new Map<string, { readonly statement: Statement; readonly until: number }>()
  return {
    enter(orgId) {
      const at = now()
      const cached = cache.get(orgId)
      if (cached && cached.until > at) return cached.statement
      if (!isUuid(orgId)) throw new TypeError(`"${orgId}" is not the id of an organisation.`)
      const signed = signContext(key, orgId, Math.floor(at / 1000) + validSeconds)
      const statement: Statement = {
        name: 'enter org',
        text: `select 1 where pg_catalog.set_config('runway.context', $1, true) is null`,
        values: [signed],
      }
      if (cache.size >= cachedOrgs) cache.clear()
      cache.set(orgId, { statement, until: at + reusedMs })
      return statement
    },
  }
}
