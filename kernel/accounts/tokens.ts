import { hash, randomBytes, randomInt } from 'node:crypto'

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

/** An opaque token of 256 bits, base64url, 43 characters. Only its hash is ever stored. */
export function newToken(): string {
  return randomBytes(32).toString('base64url')
}

/** What is stored of a token or of the secret of a key. Both are random, so one round is enough. */
export function tokenHash(token: string): Buffer {
  return hash('sha256', token, 'buffer')
}

export interface KeyParts {
  readonly region: string
  readonly id: string
  readonly secret: string
}

/** `rk_<region>_<id>_<secret>`: the region says which deployment knows it, the id which row. */
export function newKey(region: string): KeyParts & { readonly text: string } {
  const id = randomLetters(12)
  const secret = randomLetters(43)
  return { region, id, secret, text: `rk_${region}_${id}_${secret}` }
}

/** @returns null for whatever does not have the form of a key. */
export function readKey(text: string): KeyParts | null {
  const match = /^rk_([a-z0-9-]{1,20})_([A-Za-z0-9]{12})_([A-Za-z0-9]{43})$/.exec(text)
  return match ? { region: match[1]!, id: match[2]!, secret: match[3]! } : null
}

function randomLetters(length: number): string {
  let text = ''
  for (let i = 0; i < length; i++) text += letters[randomInt(letters.length)]
  return text
}
