import { type Actor, BadFilterError, BadJsonError, type Filter, InvalidError } from '@runwaycrm/sdk'

/** What a page may say. */
export type ClientMessage =
  | {
      readonly type: 'subscribe'
      readonly id: string
      readonly topics: readonly WantedTopic[]
      readonly cursor: number | null
    }
  | { readonly type: 'unsubscribe'; readonly id: string }
  | { readonly type: 'ping' }

export type WantedTopic =
  | { readonly entity: string; readonly filter: Filter }
  | { readonly topic: string }

/** What the server says. */
export type ServerMessage =
  | { readonly type: 'subscribed'; readonly id: string; readonly cursor: string }
  | LiveEvent
  | { readonly type: 'model'; readonly revision: number }
  | { readonly type: 'resync'; readonly id: string }
  | {
      readonly type: 'error'
      readonly id?: string
      readonly code: string
      readonly message: string
    }
  | { readonly type: 'pong' }

export interface LiveEvent {
  readonly type: 'event'
  /** The `id` of the subscription. */
  readonly subscription: string
  readonly seq: number
  /** As the subscription named it. */
  readonly topic: string
  readonly event: string
  readonly entity?: string
  readonly id?: string
  readonly version?: number
  readonly fields?: readonly string[]
  /** Who changed the draft; missing when it happened on another node. */
  readonly by?: Actor
  /** Of progress, missing when it happened on another node, then the page asks; and of who looks at a record. */
  readonly data?: unknown
}

const mostTopics = 20

/** @throws BadJsonError, InvalidError, BadFilterError */
export function readClientMessage(text: string): ClientMessage {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch (cause) {
    throw new BadJsonError('The message is not JSON.', { cause })
  }
  if (!isObject(parsed)) throw new InvalidError('A message is an object.')
  switch (parsed['type']) {
    case 'ping':
      return { type: 'ping' }
    case 'unsubscribe':
      return { type: 'unsubscribe', id: readId(parsed['id']) }
    case 'subscribe':
      return {
        type: 'subscribe',
        id: readId(parsed['id']),
        topics: readTopics(parsed['topics']),
        cursor: readCursor(parsed['cursor']),
      }
    default:
      throw new InvalidError('The type is subscribe, unsubscribe or ping.')
  }
}

function readId(id: unknown): string {
  if (typeof id === 'string' && id.length > 0 && id.length <= 100) return id
  throw new InvalidError('"id" is a text of 1 to 100 characters.')
}

function readTopics(topics: unknown): WantedTopic[] {
  if (!Array.isArray(topics) || topics.length === 0 || topics.length > mostTopics) {
    throw new InvalidError(`"topics" is a list of 1 to ${mostTopics}.`)
  }
  return topics.map((wanted: unknown) => {
    if (!isObject(wanted)) throw new InvalidError('A topic is an object.')
    const { entity, filter = {}, topic } = wanted
    if (typeof topic === 'string' && entity === undefined && topic.length <= 200) return { topic }
    if (typeof entity !== 'string' || topic !== undefined) {
      throw new InvalidError('A topic has either "entity" or "topic".')
    }
    if (!isObject(filter)) throw new BadFilterError('A filter is an object.')
    return { entity, filter: filter as Filter }
  })
}

function readCursor(cursor: unknown): number | null {
  if (cursor === undefined || cursor === null) return null
  if (typeof cursor === 'string' && /^\d{1,15}$/.test(cursor)) return Number(cursor)
  throw new InvalidError('"cursor" is what a "subscribed" or an event gave, as text.')
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
