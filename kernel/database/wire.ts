import { encodeValue } from './values.ts'

/**
 * Writes messages of PostgreSQL's extended protocol into one buffer that is reused, so that a whole batch
 * leaves in one packet with one allocation. Used by one batch at a time: everything between `begin` and
 * `take` is synchronous.
 *
 * @see https://www.postgresql.org/docs/18/protocol-message-formats.html
 */
export interface Wire {
  /** Drops what a failed encoding left behind. */
  begin(): void
  parse(name: string, text: string): void
  bind(name: string, values: readonly unknown[]): void
  describe(): void
  execute(): void
  close(name: string): void
  sync(): void
  take(): Buffer
}

const parseCode = 0x50
const bindCode = 0x42
const closeCode = 0x43
const describePortal = Buffer.from([0x44, 0, 0, 0, 6, 0x50, 0])
const executePortal = Buffer.from([0x45, 0, 0, 0, 9, 0, 0, 0, 0, 0])
const syncMessage = Buffer.from([0x53, 0, 0, 0, 4])
const largestKept = 1 << 20

export function createWire(): Wire {
  let buffer = Buffer.allocUnsafeSlow(16_384)
  let at = 0

  function reserve(bytes: number): void {
    if (at + bytes <= buffer.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(buffer.length * 2, at + bytes))
    buffer.copy(larger, 0, 0, at)
    buffer = larger
  }
  /** Opens a message; its length is filled in by `finish`. */
  function start(code: number): number {
    reserve(5)
    buffer[at] = code
    at += 5
    return at - 4
  }
  function finish(lengthAt: number): void {
    buffer.writeInt32BE(at - lengthAt, lengthAt)
  }
  function cString(text: string): void {
    reserve(text.length * 3 + 1)
    at += buffer.write(text, at)
    buffer[at++] = 0
  }
  function int16(value: number): void {
    reserve(2)
    buffer[at++] = value >>> 8
    buffer[at++] = value & 255
  }
  function fixed(message: Buffer): void {
    reserve(message.length)
    at += message.copy(buffer, at)
  }
  function parameter(value: string | Uint8Array | null): void {
    if (value === null) {
      reserve(4)
      at = buffer.writeInt32BE(-1, at)
    } else if (typeof value === 'string') {
      reserve(value.length * 3 + 4)
      const length = buffer.write(value, at + 4)
      buffer.writeInt32BE(length, at)
      at += length + 4
    } else {
      reserve(value.length + 4)
      buffer.writeInt32BE(value.length, at)
      buffer.set(value, at + 4)
      at += value.length + 4
    }
  }

  return {
    begin() {
      at = 0
    },
    parse(name, text) {
      const lengthAt = start(parseCode)
      cString(name)
      cString(text)
      int16(0)
      finish(lengthAt)
    },
    bind(name, values) {
      const lengthAt = start(bindCode)
      reserve(1)
      buffer[at++] = 0
      cString(name)
      const count = values.length
      let bytes = false
      for (let i = 0; i < count && !bytes; i++) bytes = values[i] instanceof Uint8Array
      // No format codes at all means that everything is text.
      int16(bytes ? count : 0)
      if (bytes) for (const value of values) int16(value instanceof Uint8Array ? 1 : 0)
      int16(count)
      for (let i = 0; i < count; i++) parameter(encodeValue(values[i]))
      int16(0)
      finish(lengthAt)
    },
    describe() {
      fixed(describePortal)
    },
    execute() {
      fixed(executePortal)
    },
    close(name) {
      const lengthAt = start(closeCode)
      reserve(1)
      buffer[at++] = 0x53
      cString(name)
      finish(lengthAt)
    },
    sync() {
      fixed(syncMessage)
    },
    take() {
      const message = Buffer.allocUnsafe(at)
      buffer.copy(message, 0, 0, at)
      // One import must not hold megabytes for ever.
      if (buffer.length > largestKept) buffer = Buffer.allocUnsafeSlow(16_384)
      at = 0
      return message
    },
  }
}
