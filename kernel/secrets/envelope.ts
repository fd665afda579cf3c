import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto'

/** Where a sealed value stands. It opens nowhere else: a copy to another row, column or org is refused. */
export interface SealPlace {
  readonly orgId: string
  readonly table: string
  readonly column: string
  readonly row: string
}

/** A sealed value was changed, moved, or sealed with another key. */
export class SealBrokenError extends Error {
  override readonly name = 'SealBrokenError'
}

/** A key that wraps data keys; `id` says which secret key it comes from and nothing about it. */
export interface WrappingKey {
  readonly id: string
  readonly key: KeyObject
}

const format = 1
const nonceBytes = 12
const tagBytes = 16

/**
 * Seals with AES-256-GCM: format byte, 96 bit random nonce, 128 bit tag, ciphertext. The place is
 * authenticated with it.
 *
 * @see NIST SP 800-38D, section 8.2.2: with random nonces at most 2^32 values per key.
 */
export function seal(key: KeyObject, place: SealPlace, value: Uint8Array): Buffer {
  const nonce = randomBytes(nonceBytes)
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes })
  cipher.setAAD(placeBytes(place))
  const body = Buffer.concat([cipher.update(value), cipher.final()])
  return Buffer.concat([Buffer.from([format]), nonce, cipher.getAuthTag(), body])
}

/** @throws SealBrokenError unless it was sealed with this key for this place and not changed since. */
export function unseal(key: KeyObject, place: SealPlace, sealed: Uint8Array): Buffer {
  const head = 1 + nonceBytes + tagBytes
  if (sealed.length < head || sealed[0] !== format) {
    throw new SealBrokenError(`What is kept in ${place.table} is not a sealed value.`)
  }
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(1, 1 + nonceBytes), {
    authTagLength: tagBytes,
  })
  decipher.setAAD(placeBytes(place))
  decipher.setAuthTag(sealed.subarray(1 + nonceBytes, head))
  try {
    return Buffer.concat([decipher.update(sealed.subarray(head)), decipher.final()])
  } catch (cause) {
    throw new SealBrokenError(
      `A sealed value in ${place.table} was changed, moved or sealed with another key.`,
      { cause },
    )
  }
}

/** The wrapping key that belongs to a secret key. */
export function wrappingKey(secretKey: string): WrappingKey {
  const bytes = Buffer.from(hkdfSync('sha256', secretKey, '', 'runway vault wrapping key', 32))
  const id = createHash('sha256').update('id of ').update(bytes).digest('hex').slice(0, 16)
  return { id, key: createSecretKey(bytes) }
}

export function newDataKey(): Buffer {
  return randomBytes(32)
}

/** `org|table|column|row`. */
function placeBytes({ orgId, table, column, row }: SealPlace): Buffer {
  const parts = [orgId, table, column, row]
  if (parts.some((part) => part === '' || part.includes('|'))) {
    throw new TypeError('A place to seal for has four parts without "|" in them.')
  }
  return Buffer.from(parts.join('|'), 'utf8')
}
