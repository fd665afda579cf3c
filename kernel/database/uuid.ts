import { randomFillSync } from 'node:crypto'

const hex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))
const random = Buffer.alloc(4096)
let randomAt = random.length
let lastMs = 0
let counter = 0

/** Before every id: where going through all of them begins. */
export const nilUuid = '00000000-0000-0000-0000-000000000000'

/**
 * A uuid of version 7: 48 bits of milliseconds, a 12 bit counter that makes ids of one process and one
 * millisecond ascend (so that rows written together stand together in the index), 62 random bits.
 *
 * @param nowMs passed in only by tests.
 * @see RFC 9562, section 5.7 and 6.2 method 1.
 */
export function uuidv7(nowMs: number = Date.now()): string {
  if (randomAt + 10 > random.length) {
    randomFillSync(random)
    randomAt = 0
  }
  const r = random
  const at = randomAt
  randomAt += 10
  if (nowMs > lastMs) {
    lastMs = nowMs
    // The upper half stays free for the ids of the same millisecond.
    counter = ((r[at + 8] as number) << 3) | ((r[at + 9] as number) & 7)
  } else if (++counter > 0xfff) {
    lastMs++
    counter = 0
  }
  const high = Math.floor(lastMs / 0x1_0000_0000)
  const low = lastMs >>> 0
  const h = hex as string[]
  const b = (i: number) => h[r[at + i] as number]
  return (
    `${h[high >>> 8]}${h[high & 255]}${h[low >>> 24]}${h[(low >>> 16) & 255]}-` +
    `${h[(low >>> 8) & 255]}${h[low & 255]}-${h[0x70 | (counter >>> 8)]}${h[counter & 255]}-` +
    `${h[0x80 | ((r[at] as number) & 0x3f)]}${b(1)}-${b(2)}${b(3)}${b(4)}${b(5)}${b(6)}${b(7)}`
  )
}

const pattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

export function isUuid(value: unknown): value is string {
  return typeof value === 'string' && pattern.test(value)
}

/** The lowest uuidv7 of a moment. */
export function lowestUuidAt(ms: number): string {
  const time = ms.toString(16).padStart(12, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-000000000000`
}
