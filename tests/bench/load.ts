import net from 'node:net'
import { performance } from 'node:perf_hooks'

/** One request, written out once and sent again and again. `next` makes a fresh one where each must differ. */
export interface LoadRequest {
  readonly port: number
  readonly next: (index: number) => Buffer
  readonly connections: number
  readonly seconds: number
}

export interface LoadResult {
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** Answers other than 2xx, by status. */
  readonly failures: Readonly<Record<string, number>>
  readonly bytes: number
}

/**
 * A closed loop over plain sockets: each connection sends, waits for the whole answer, sends again.
 * As little work per answer as possible, so that the client's share of the processor stays small.
 */
export async function load(request: LoadRequest): Promise<LoadResult> {
  const times: number[] = []
  const failures: Record<string, number> = {}
  let bytes = 0
  let index = 0
  const began = performance.now()
  const end = began + request.seconds * 1000
  await Promise.all(Array.from({ length: request.connections }, () => runConnection()))
  const seconds = (performance.now() - began) / 1000
  times.sort((a, b) => a - b)
  const at = (share: number) =>
    times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0
  return {
    perSecond: times.length / seconds,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    failures,
    bytes: bytes / Math.max(1, times.length),
  }

  function runConnection(): Promise<void> {
    return new Promise((resolve, reject) => {
      const socket = net.connect({ port: request.port, host: '127.0.0.1', noDelay: true })
      let sent = 0
      let received = Buffer.alloc(0)
      const send = () => {
        sent = performance.now()
        if (sent >= end) {
          socket.end()
          resolve()
          return
        }
        socket.write(request.next(index++))
      }
      socket.on('connect', send)
      socket.on('error', reject)
      socket.on('data', (chunk) => {
        received = received.length === 0 ? chunk : Buffer.concat([received, chunk])
        const length = answerLength(received)
        if (length === null || received.length < length) return
        times.push(performance.now() - sent)
        bytes += received.length
        const status = received.toString('latin1', 9, 12)
        if (status[0] !== '2') failures[status] = (failures[status] ?? 0) + 1
        received = Buffer.alloc(0)
        send()
      })
    })
  }
}

/** Bytes of head and body together, or null while the head is not complete. */
function answerLength(data: Buffer): number | null {
  const head = data.indexOf('\r\n\r\n')
  if (head === -1) return null
  const match = /content-length: (\d+)/i.exec(data.toString('latin1', 0, head))
  return head + 4 + Number(match?.[1] ?? 0)
}

/** The bytes of an HTTP/1.1 request. */
export function rawRequest(
  method: string,
  path: string,
  headers: Record<string, string>,
  body?: unknown,
): Buffer {
  const text = body === undefined ? '' : JSON.stringify(body)
  const lines = [
    `${method} ${path} HTTP/1.1`,
    'host: 127.0.0.1',
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ]
  if (body !== undefined)
    lines.push('content-type: application/json', `content-length: ${Buffer.byteLength(text)}`)
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${text}`)
}
