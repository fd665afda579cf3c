import { once } from 'node:events'
import { WebSocket } from 'ws'

export interface LiveMessage {
  readonly type: string
  readonly [member: string]: unknown
}

export interface LiveSocket {
  /** Everything the server said so far. */
  readonly messages: LiveMessage[]
  say(message: object): void
  /** @throws when no such message comes. */
  until(found: (message: LiveMessage) => boolean): Promise<LiveMessage>
  /** The code with which it was closed; null while it stands. */
  closeCode(): number | null
  close(): void
}

const patienceMs = 60_000

/** @param address of a server that listens, `http://127.0.0.1:3000`. */
export async function openLive(
  address: string,
  headers: Readonly<Record<string, string>>,
): Promise<LiveSocket> {
  const socket = new WebSocket(`${address.replace('http', 'ws')}/api/v1/live`, { headers })
  const messages: LiveMessage[] = []
  let code: number | null = null
  socket.on('message', (data) => messages.push(JSON.parse(String(data)) as LiveMessage))
  socket.on('close', (closed) => {
    code = closed
  })
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve)
    socket.once('unexpected-response', (_, response) =>
      reject(new Error(`The upgrade was answered ${response.statusCode}.`)),
    )
    socket.once('error', reject)
  })
  return {
    messages,
    say: (message) => socket.send(JSON.stringify(message)),
    async until(found) {
      const signal = AbortSignal.timeout(patienceMs)
      for (;;) {
        const message = messages.find(found)
        if (message) return message
        await once(socket, 'message', { signal }).catch((cause: unknown) => {
          const heard = JSON.stringify(messages).slice(0, 2_000)
          throw new Error(`It did not come; instead ${heard}`, { cause })
        })
      }
    },
    closeCode: () => code,
    close: () => socket.terminate(),
  }
}
