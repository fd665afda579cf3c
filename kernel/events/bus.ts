import { randomUUID } from 'node:crypto'
import type { Actor, FieldValues, Log } from '@runwaycrm/sdk'
import type { Database } from '../database/postgres.ts'

/**
 * What parts of the product and nodes tell each other. Every hint may be lost: whoever relies on one
 * also looks by itself from time to time.
 */
export type Hint =
  /** Events up to `seq` can be read from the outbox. */
  | { readonly kind: 'events'; readonly orgId: string; readonly seq: number }
  /** Jobs wait. */
  | { readonly kind: 'jobs' }
  /** A revision was published. */
  | { readonly kind: 'model'; readonly orgId: string; readonly revision: number }
  /** Somebody changed the draft of the own layer, or what it is compared with. Who: only inside the process. */
  | { readonly kind: 'draft'; readonly orgId: string; readonly by?: Actor }
  /** Somebody's roles, sessions or keys changed: what was valid a moment ago is asked for again. */
  | { readonly kind: 'access' }
  /**
   * How far something is. `audience` is the principal it is for. The values stay inside the process:
   * on other nodes the topic alone arrives, and the page asks again.
   */
  | {
      readonly kind: 'progress'
      readonly orgId: string
      readonly topic: string
      readonly audience: string
      readonly payload?: FieldValues
    }

export interface Bus {
  publish(hint: Hint): void
  /** Returns the way to stop. */
  subscribe(listener: (hint: Hint) => void): () => void
  close(): Promise<void>
}

/** Hints inside one process. */
export function createMemoryBus(log: Log): Bus {
  const listeners = new Set<(hint: Hint) => void>()
  return {
    publish(hint) {
      for (const listener of listeners) {
        try {
          listener(hint)
        } catch (error) {
          log.error('a listener of the bus failed', { kind: hint.kind, error })
        }
      }
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    async close() {
      listeners.clear()
    },
  }
}

export interface DatabaseBusOptions {
  readonly db: Pick<Database, 'query' | 'listen'>
  readonly log: Log
  /** Hints of this long go to the other nodes as one message. Default 100 ms. */
  readonly gatherMs?: number
}

const channel = 'runway_bus'
/** PostgreSQL takes 7,999 bytes. */
const messageBytes = 7_500

/**
 * Hints inside the process at once, and to the other nodes through NOTIFY. A commit with NOTIFY takes a
 * lock of the whole server, so nothing but this sends one, in a statement of its own and at most ten
 * times a second. Anybody with a login can LISTEN: messages carry ids only.
 */
export async function createDatabaseBus({
  db,
  log,
  gatherMs = 100,
}: DatabaseBusOptions): Promise<Bus> {
  const local = createMemoryBus(log)
  const node = randomUUID()
  let waiting: Hint[] = []
  let timer: NodeJS.Timeout | null = null

  const stopListening = await db.listen(channel, (message) => {
    const hints = read(message, node)
    if (!hints) return
    for (const hint of hints) local.publish(hint)
  })

  async function send(): Promise<void> {
    timer = null
    const hints = waiting
    waiting = []
    for (const message of pack(merge(hints), node)) {
      try {
        await db.query(null, {
          name: 'bus_notify',
          text: 'select pg_catalog.pg_notify($1, $2)',
          values: [channel, message],
        })
      } catch (error) {
        log.warn('a hint to the other nodes was lost', { error })
      }
    }
  }

  return {
    publish(hint) {
      local.publish(hint)
      waiting.push(hint)
      timer ??= setTimeout(() => void send(), gatherMs).unref()
    },
    subscribe: local.subscribe,
    async close() {
      if (timer) clearTimeout(timer)
      await stopListening()
      await send()
      await local.close()
    },
  }
}

/** The newest hint of each subject, without values. */
function merge(hints: readonly Hint[]): Hint[] {
  const newest = new Map<string, Hint>()
  for (const hint of hints) {
    const org = 'orgId' in hint ? hint.orgId : ''
    const subject = hint.kind === 'progress' ? `${hint.topic} ${hint.audience}` : ''
    newest.set(`${hint.kind} ${org} ${subject}`, hint)
  }
  return [...newest.values()].map((hint) => {
    if (hint.kind === 'progress') {
      const { payload: _, ...ids } = hint
      return ids
    }
    return hint.kind === 'draft' ? { kind: hint.kind, orgId: hint.orgId } : hint
  })
}

function pack(hints: readonly Hint[], node: string): string[] {
  const messages: string[] = []
  let held: string[] = []
  let size = 0
  const close = () => messages.push(`{"node":"${node}","hints":[${held.join(',')}]}`)
  for (const text of hints.map((hint) => JSON.stringify(hint))) {
    const bytes = Buffer.byteLength(text) + 1
    if (size + bytes > messageBytes && held.length > 0) {
      close()
      held = []
      size = 0
    }
    held.push(text)
    size += bytes
  }
  if (held.length > 0) close()
  return messages
}

/** @returns null for messages of this node and for what nobody of ours wrote. */
function read(message: string, node: string): readonly Hint[] | null {
  try {
    const parsed = JSON.parse(message) as { node?: unknown; hints?: unknown }
    if (parsed.node === node || !Array.isArray(parsed.hints)) return null
    return parsed.hints as Hint[]
  } catch {
    return null
  }
}
