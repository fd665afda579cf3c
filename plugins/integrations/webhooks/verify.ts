import { createHash, createHmac, timingSafeEqual } from 'node:crypto'

/** How the other side shows that a message is its own. */
export interface Scheme {
  readonly scheme: 'standard-webhooks' | 'hmac-sha256'
  /** Of `hmac-sha256`: the header that holds the signature, in lower case. */
  readonly signatureHeader: string | null
  readonly encoding: 'hex' | 'base64' | null
  /** What stands before the signature, e.g. `sha256=`. */
  readonly prefix: string | null
  /** The header that names the delivery; without one, equal bodies are one delivery. */
  readonly idHeader: string | null
}

export interface Message {
  readonly body: Uint8Array
  /** By name in lower case. */
  readonly headers: Readonly<Record<string, string>>
}

/** A message that is genuine. */
export interface Genuine {
  /** What the other side calls it, for people. */
  readonly id: string
  /** The same for the same delivery. */
  readonly key: string
  /** It says when it was signed, and is refused later: its key need not be kept for ever. */
  readonly isTimed: boolean
}

const toleranceSeconds = 300
const mostSignatures = 20
const longestId = 256

/**
 * Whether one of the secrets signed the message. All are tried, and compared in constant time.
 *
 * @param secrets none means that nobody can have signed it.
 * @returns null for what is not genuine; why is nobody's business.
 */
export function verify(
  scheme: Scheme,
  secrets: readonly string[],
  message: Message,
  now: Date,
): Genuine | null {
  if (scheme.scheme === 'standard-webhooks') return ofStandard(secrets, message, now)
  if (scheme.scheme === 'hmac-sha256') return ofHmac(scheme, secrets, message)
  return null
}

/** @see https://www.standardwebhooks.com, "Verifying webhook authenticity". */
function ofStandard(
  secrets: readonly string[],
  { body, headers }: Message,
  now: Date,
): Genuine | null {
  const id = headers['webhook-id'] ?? ''
  const at = headers['webhook-timestamp'] ?? ''
  // A dot in the id would let parts of what is signed change places.
  if (!isId(id) || id.includes('.') || !/^[1-9]\d{0,10}$/.test(at)) return null
  if (Math.abs(now.getTime() / 1_000 - Number(at)) > toleranceSeconds) return null
  const given = (headers['webhook-signature'] ?? '').split(' ').slice(0, mostSignatures)
  const signatures = given.flatMap((one) => {
    const text = one.startsWith('v1,') ? bytesOf(one.slice(3), 'base64') : null
    return text ? [text] : []
  })
  const keys = secrets.map((secret) => Buffer.from(secret.slice('whsec_'.length), 'base64'))
  if (!isSigned(keys, signatures, [`${id}.${at}.`, body])) return null
  return { id, key: hashOf(['id ', id]), isTimed: true }
}

function ofHmac(
  { signatureHeader, encoding, prefix, idHeader }: Scheme,
  secrets: readonly string[],
  { body, headers }: Message,
): Genuine | null {
  const text = headers[signatureHeader ?? ''] ?? ''
  const before = prefix ?? ''
  if (!text.startsWith(before)) return null
  const signature = bytesOf(text.slice(before.length), encoding ?? 'hex')
  const keys = secrets.map((secret) => Buffer.from(secret, 'utf8'))
  if (!signature || !isSigned(keys, [signature], [body])) return null
  if (!idHeader) {
    const key = hashOf(['body ', body])
    return { id: key.slice(0, 32), key, isTimed: false }
  }
  const id = headers[idHeader] ?? ''
  return isId(id) ? { id, key: hashOf(['id ', id]), isTimed: false } : null
}

/** Every key is tried on every signature, so that time tells nothing of which was right. */
function isSigned(
  keys: readonly Buffer[],
  signatures: readonly Buffer[],
  parts: readonly (string | Uint8Array)[],
): boolean {
  let isRight = false
  for (const key of keys) {
    if (key.length === 0) continue
    const hmac = createHmac('sha256', key)
    for (const part of parts) hmac.update(part)
    const wanted = hmac.digest()
    for (const signature of signatures) {
      if (timingSafeEqual(signature, wanted)) isRight = true
    }
  }
  return isRight
}

/** Null for what is no signature of 32 bytes, in the one way in which it is written. */
function bytesOf(text: string, encoding: 'hex' | 'base64'): Buffer | null {
  const form = encoding === 'hex' ? /^[0-9a-f]{64}$/i : /^[A-Za-z0-9+/]{43}=$/
  return form.test(text) ? Buffer.from(text, encoding) : null
}

const isId = (text: string) => text.length <= longestId && /^[\x21-\x7e]+$/.test(text)

function hashOf(parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest('hex')
}
