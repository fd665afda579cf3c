import { describe, expect, it } from 'vitest'
import { newKey, newToken, readKey, tokenHash } from './tokens.ts'

describe('tokens and keys', () => {
  it('makes tokens of 256 bits that never repeat', () => {
    const tokens = new Set(Array.from({ length: 500 }, newToken))
    expect(tokens.size).toBe(500)
    for (const token of tokens) expect(Buffer.from(token, 'base64url')).toHaveLength(32)
  })

  it('stores a hash that does not contain the token', () => {
    const token = newToken()
    expect(tokenHash(token)).toHaveLength(32)
    expect(tokenHash(token)).toEqual(tokenHash(token))
  })

  it('reads the keys it makes', () => {
    const key = newKey('eu')
    expect(key.text).toMatch(/^rk_eu_[A-Za-z0-9]{12}_[A-Za-z0-9]{43}$/)
    expect(readKey(key.text)).toEqual({ region: 'eu', id: key.id, secret: key.secret })
  })

  it.each(['', 'rk_', 'rk_eu_short_short', `rk_eu_${'a'.repeat(12)}_${'b'.repeat(42)}`, 'Bearer'])(
    'takes %j for no key',
    (text) => expect(readKey(text)).toBeNull(),
  )
})
