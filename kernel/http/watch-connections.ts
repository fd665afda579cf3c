import type { Server } from 'node:http'
import type { Socket } from 'node:net'

const everyMs = 50
const silentMs = 1_000
const longestMs = 25_000

/** What Node notes on a connection of HTTP, and has no types for. Without a parser it was upgraded. */
interface HttpSocket extends Socket {
  readonly parser?: object | null
  readonly _httpMessage?: object | null
}

/**
 * Knows the connections of a server, so that closing it does not wait for those that ask nothing.
 */
export function watchConnections(server: Server): { letGo(): void } {
  const sockets = new Set<HttpSocket>()
  server.on('connection', (socket: HttpSocket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })

  /** Browsers open connections before they need them, and some never send what they began. */
  function closeSilent(): void {
    for (const socket of sockets) if (socket.parser && !socket._httpMessage) socket.destroy()
  }

  return {
    /**
     * To be called when the server begins to close, which waits for all connections: whoever had an
     * answer keeps the connection open for the next request, so those are closed as they become idle,
     * silent ones after a second, and whatever is left after 25.
     */
    letGo() {
      if (!server.listening) return
      const from = performance.now()
      const closing = setInterval(() => {
        server.closeIdleConnections()
        const passedMs = performance.now() - from
        if (passedMs > silentMs) closeSilent()
        if (passedMs > longestMs) server.closeAllConnections()
      }, everyMs)
      server.once('close', () => clearInterval(closing))
    },
  }
}
