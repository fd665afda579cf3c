import { argon2, randomBytes, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { createGate } from '@runwaycrm/sdk'

const derive = promisify(argon2)

/** OWASP's smallest recommended setting: 19 MiB, two passes, one lane. */
const cost = { memory: 19_456, passes: 2, parallelism: 1 } as const
const tagLength = 32

export const passwordLimits = { minLength: 10, maxLength: 200 } as const

export interface Passwords {
  /** @returns a PHC string, `$argon2id$v=19$m=19456,t=2,p=1$<salt>$<tag>`. */
  hash(password: string): Promise<string>
  /**
   * Costs the same whether there is a hash or not, so that the time of an answer does not tell which
   * emails have an account.
   *
   * @param stored called when it is this check's turn; null when nobody has that email, or no password
   *   yet: always false. What it throws is thrown.
   */
  verify(password: string, stored: () => Promise<string | null>): Promise<boolean>
}

/**
 * @param atOnce hashes that may run together; each takes 19 MiB, so this bounds what a flood of
 *   sign-ins can take.
 * @param waiting how many may queue before the next one is sent away with 429.
 */
export function createPasswords(options: { atOnce?: number; waiting?: number } = {}): Passwords {
  const gate = createGate(options.atOnce ?? 3, options.waiting ?? 200)
  const nobody = encode(randomBytes(16), randomBytes(tagLength))

  return {
    hash: (password) =>
      gate(async () => {
        const salt = randomBytes(16)
        return encode(salt, await tagOf(password, salt, cost))
      }),
    verify: (password, stored) =>
      gate(async () => {
        const phc = await stored()
        const known = decode(phc ?? nobody)
        const tag = await tagOf(password, known.salt, known)
        return timingSafeEqual(tag, known.tag) && phc !== null
      }),
  }
}

type Cost = { readonly memory: number; readonly passes: number; readonly parallelism: number }

function tagOf(password: string, nonce: Buffer, parameters: Cost): Promise<Buffer> {
  // NFKC: the same password typed on two keyboards may come as different code points.
  const message = password.normalize('NFKC')
  return derive('argon2id', { message, nonce, tagLength, ...pick(parameters) })
}

function pick({ memory, passes, parallelism }: Cost): Cost {
  return { memory, passes, parallelism }
}

function encode(salt: Buffer, tag: Buffer): string {
  const { memory, passes, parallelism } = cost
  return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${bare(salt)}$${bare(tag)}`
}

function decode(phc: string): Cost & { readonly salt: Buffer; readonly tag: Buffer } {
  const match = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([^$]+)\$([^$]+)$/.exec(phc)
  if (!match) throw new Error('A stored password hash is not an argon2id PHC string.')
  return {
    memory: Number(match[1]),
    passes: Number(match[2]),
    parallelism: Number(match[3]),
    salt: Buffer.from(match[4]!, 'base64'),
    tag: Buffer.from(match[5]!, 'base64'),
  }
}

function bare(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '')
}
