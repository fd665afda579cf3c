import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { translateError } from './database-errors.ts'

export interface Listener {
  listen(channel: string, onMessage: (payload: string) => void): Promise<() => Promise<void>>
  close(): Promise<void>
}

type Callbacks = Map<string, Set<(payload: string) => void>>

/**
 * One connection for all LISTENs of the process, opened with the first. When it is lost it is opened
 * again and listens to the same channels; what was sent meanwhile is missed, which callers must stand.
 */
export function createListener(
  settings: pg.ClientConfig,
  log: (message: string, error?: Error) => void,
): Listener {
  const callbacks: Callbacks = new Map()
  let connection: Promise<pg.Client> | null = null
  let closed = false

  async function open(): Promise<pg.Client> {
    const client = new pg.Client({ ...settings, statement_timeout: 0 })
    client.on('error', (error) => log('the listening connection is lost', error))
    client.on('notification', ({ channel, payload }) => {
      for (const callback of callbacks.get(channel) ?? []) callback(payload ?? '')
    })
    await client.connect()
    client.once('end', () => {
      connection = null
      if (!closed && callbacks.size > 0) void comeBack()
    })
    for (const channel of callbacks.keys()) {
      await client.query(`listen ${pg.escapeIdentifier(channel)}`)
    }
    return client
  }

  function connect(): Promise<pg.Client> {
    connection ??= open().catch((error) => {
      connection = null
      throw translateError(error)
    })
    return connection
  }

  async function comeBack(): Promise<void> {
    for (let waitMs = 100; !closed && callbacks.size > 0; waitMs = Math.min(waitMs * 2, 5_000)) {
      await sleep(waitMs, undefined, { ref: false })
      if (closed) return
      try {
        await connect()
        return
      } catch (error) {
        log('the listening connection does not come back', error as Error)
      }
    }
  }

  return {
    async listen(channel, onMessage) {
      const client = await connect()
      let channelCallbacks = callbacks.get(channel)
      if (!channelCallbacks) {
        channelCallbacks = new Set()
        callbacks.set(channel, channelCallbacks)
        await client.query(`listen ${pg.escapeIdentifier(channel)}`)
      }
      channelCallbacks.add(onMessage)
      return async () => {
        channelCallbacks.delete(onMessage)
        if (channelCallbacks.size > 0 || callbacks.get(channel) !== channelCallbacks) return
        callbacks.delete(channel)
        const open = await connection
        await open?.query(`unlisten ${pg.escapeIdentifier(channel)}`).catch(() => {})
      }
    },
    async close() {
      closed = true
      callbacks.clear()
      await (await connection?.catch(() => null))?.end()
    },
  }
}
