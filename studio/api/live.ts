import type { Filter } from '@runwaycrm/sdk'
import { apiBase } from './http.ts'

/** A record moved; the values are fetched by whoever shows it. */
export interface LiveEvent {
  readonly seq: string | number
  readonly topic?: unknown
  readonly event:
    | 'record.created'
    | 'record.updated'
    | 'record.deleted'
    | 'record.removed'
    | 'removed'
  readonly entity: string
  readonly id: string
  readonly version: number
  readonly fields?: readonly string[]
}

export type LiveTopic =
  | { readonly entity: string; readonly filter?: Filter }
  /**
   * Progress of long work (`exports`, `bulk_by_filter`), or who else looks at a record (`presence:leads/<id>`):
   * whoever asks is seen by the others.
   */
  | { readonly topic: string }

export interface PresentPerson {
  readonly id: string
  readonly name: string
}

export interface LiveHandlers {
  onEvent(event: LiveEvent): void
  /** The server cannot tell what was missed: load again. */
  onResync(): void
  /** Somebody changed, discarded or published the draft of the model, told on the topic `studio`. */
  onDraft?(): void
  /** Who else looks at the record of a `presence` topic. */
  onPresence?(others: readonly PresentPerson[]): void
}

export interface Live {
  /** @returns stops listening. */
  subscribe(topics: readonly LiveTopic[], handlers: LiveHandlers): () => void
  /** @param handler is told the revision; null when one may have been missed. */
  onModel(handler: (revision: number | null) => void): () => void
  /**
   * What is loaded from now on shows every event up to here; whoever subscribes is told of those behind it.
   *
   * @param cursor as the server gave it.
   */
  startFrom(cursor: string): void
  /** Connects again for a session that is back. */
  resume(): void
  close(): void
}

interface Subscription {
  readonly topics: readonly LiveTopic[]
  readonly handlers: LiveHandlers
  cursor: string | undefined
}

const retryMs = { first: 1_000, most: 30_000 }
const pingEveryMs = 25_000

/**
 * One socket for the whole tab. It opens with the first subscription, comes back by itself and
 * resumes each subscription from the last sequence it saw.
 */
export function createLive(deps: {
  readonly open: (url: string) => WebSocket
  readonly origin: string
  readonly random: () => number
  /** How long something that was loaded is shown without being asked for again. */
  readonly keptMs: number
}): Live {
  const subscriptions = new Map<string, Subscription>()
  const modelHandlers = new Set<(revision: number | null) => void>()
  let socket: WebSocket | null = null
  let nextId = 1
  let attempt = 0
  let timer: ReturnType<typeof setTimeout> | undefined
  let pings: ReturnType<typeof setInterval> | undefined
  let isClosed = false
  let wasOpen = false
  /** The last events that this tab knew of, by when it did, oldest first: one for the time before `keptMs`. */
  let positions: { readonly at: number; readonly seq: string }[] = []

  /** Numbers of events rise; one told late is older than what is known. */
  function reach(seq: string): void {
    if (Number(seq) > Number(positions.at(-1)?.seq ?? -1)) {
      positions.push({ at: performance.now(), seq })
      dropOld()
    }
  }
  function dropOld(): void {
    const since = performance.now() - deps.keptMs
    while (positions[1] && positions[1].at <= since) positions.shift()
  }
  /** Where whoever subscribes now goes on from: what they show may have been loaded before they did. */
  function startOfNew(): string | undefined {
    dropOld()
    return positions[0]?.seq
  }
  function moveOn(subscription: Subscription, seq: unknown): void {
    if (seq === null || seq === undefined) return
    subscription.cursor = String(seq)
    reach(subscription.cursor)
  }

  const send = (message: unknown): void => {
    if (socket?.readyState === 1) socket.send(JSON.stringify(message))
  }
  const announce = (id: string, subscription: Subscription): void =>
    send({
      type: 'subscribe',
      id,
      topics: subscription.topics,
      ...(subscription.cursor === undefined ? {} : { cursor: subscription.cursor }),
    })

  function connect(): void {
    if (socket || isClosed) return
    socket = deps.open(`${deps.origin.replace(/^http/, 'ws')}${apiBase}/live`)
    socket.onopen = () => {
      attempt = 0
      // What was published meanwhile was told to nobody.
      if (wasOpen) for (const handler of modelHandlers) handler(null)
      wasOpen = true
      for (const [id, subscription] of subscriptions) announce(id, subscription)
      pings = setInterval(() => send({ type: 'ping' }), pingEveryMs)
    }
    socket.onmessage = (message) => receive(String(message.data))
    socket.onclose = (closing) => {
      clearInterval(pings)
      socket = null
      // 4401: the session has ended; the next request says so and shows the sign-in.
      if (isClosed || closing.code === 4401) return
      const wait = Math.min(retryMs.most, retryMs.first * 2 ** attempt++)
      timer = setTimeout(connect, wait * (0.5 + deps.random() / 2))
    }
  }

  function receive(text: string): void {
    const message = JSON.parse(text) as Record<string, unknown> & { type: string; id?: string }
    if (message.type === 'model') {
      for (const handler of modelHandlers) handler(Number(message['revision']))
    } else if (message.type === 'subscribed') {
      const subscription = subscriptions.get(String(message.id))
      if (!subscription) return
      moveOn(subscription, message['cursor'])
      // Of the draft there is no log to go on from: what changed until now may have been missed.
      subscription.handlers.onDraft?.()
    } else if (message.type === 'resync') startAgain(message.id)
    else if (message.type === 'error' && message['code'] === 'BAD_CURSOR') {
      // The server was restored and counts anew.
      positions = []
      startAgain(message.id)
    } else if (message.type === 'event') {
      const subscription = subscriptions.get(String(message['subscription']))
      if (subscription) tell(subscription, message)
    }
  }

  function startAgain(id: string | undefined): void {
    const subscription = subscriptions.get(String(id))
    if (!subscription) return
    subscription.cursor = undefined
    subscription.handlers.onResync()
    announce(String(id), subscription)
  }

  function tell(subscription: Subscription, message: Record<string, unknown>): void {
    const { handlers } = subscription
    const { event } = message
    // Nothing happened to a record: it moves no cursor.
    if (event === 'draft.changed') handlers.onDraft?.()
    else if (event === 'presence') {
      const { others = [] } = (message['data'] ?? {}) as { others?: readonly PresentPerson[] }
      handlers.onPresence?.(others)
    } else {
      if (event !== 'progress') moveOn(subscription, message['seq'])
      handlers.onEvent(message as unknown as LiveEvent)
    }
  }

  return {
    subscribe(topics, handlers) {
      const id = String(nextId++)
      const subscription: Subscription = { topics, handlers, cursor: startOfNew() }
      subscriptions.set(id, subscription)
      connect()
      announce(id, subscription)
      return () => {
        subscriptions.delete(id)
        send({ type: 'unsubscribe', id })
      }
    },
    onModel(handler) {
      modelHandlers.add(handler)
      connect()
      return () => modelHandlers.delete(handler)
    },
    startFrom: reach,
    resume() {
      attempt = 0
      clearTimeout(timer)
      if (subscriptions.size > 0 || modelHandlers.size > 0) connect()
    },
    close() {
      isClosed = true
      clearTimeout(timer)
      clearInterval(pings)
      socket?.close()
      socket = null
    },
  }
}
