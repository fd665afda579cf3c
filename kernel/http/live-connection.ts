import {
  BadCursorError,
  ForbiddenError,
  InvalidError,
  type Log,
  NotFoundError,
  RateLimitedError,
  RunwayError,
} from '@runwaycrm/sdk'
import type { RequestContext } from '../context/request-context.ts'
import type { Database } from '../database/postgres.ts'
import { isUuid } from '../database/uuid.ts'
import type { Hint } from '../events/bus.ts'
import { eventsAfter, type OutboxEvent, streamState } from '../events/outbox.ts'
import type { Entity } from '../model/model.ts'
import { audienceOf } from '../plugins/broker.ts'
import type { Reader } from '../records/read.ts'
import type { LiveFeed } from './live-feed.ts'
import type { LiveIdentity } from './live-identity.ts'
import { type createLiveMatcher, type RecordInterest, withIds } from './live-match.ts'
import {
  type ClientMessage,
  type LiveEvent,
  readClientMessage,
  type ServerMessage,
  type WantedTopic,
} from './live-messages.ts'
import type { Presence } from './live-presence.ts'

export type Matcher = ReturnType<typeof createLiveMatcher>

export interface ConnectionDeps {
  readonly db: Pick<Database, 'query'>
  readonly reader: Pick<Reader, 'get' | 'list'>
  readonly feed: LiveFeed
  readonly presence: Presence
  readonly matcherOf: (events: readonly OutboxEvent[]) => Matcher
  readonly send: (message: ServerMessage) => void
  /** @throws RateLimitedError when the organisation asks too often. */
  readonly take: (topics: number) => void
  /** Topics of the same principal on other connections. */
  readonly elsewhere: () => number
  readonly log: Log
}

interface Subscription {
  readonly id: string
  readonly topics: readonly Topic[]
  /** Called when the page no longer looks. */
  readonly leave: () => void
}
type Topic =
  | ({ readonly kind: 'records'; readonly name: string } & RecordInterest)
  | { readonly kind: 'progress'; readonly name: string }
  /** The draft of the own layer, and who looks at it. */
  | { readonly kind: 'studio'; readonly name: typeof studio }
  | {
      readonly kind: 'presence'
      readonly name: string
      readonly entity: Entity
      readonly id: string
    }

/** Each is matched with every event of the organisation, so they count together, not by subscription. */
const mostTopics = 100
/** On all connections of one principal to this node: far more than anybody has pages open. */
const mostOfPrincipal = 500
/** A page that was away for more than this loads its lists again, which is cheaper for everybody. */
const mostReplayed = 2_000
const lookingAt = 'presence:'
const studio = 'studio'
const nobody = '00000000-0000-7000-8000-000000000000'

/** One open page: what it subscribed to, and what it is told. */
export function createConnection(deps: ConnectionDeps, begun: LiveIdentity) {
  const { db, reader, feed, presence, matcherOf, send, take, elsewhere, log } = deps
  const subscriptions = new Map<string, Subscription>()
  let identity = begun
  /** Of a subscription that is being made: counted, so that several at once do not slip past. */
  let wanted = 0
  let isClosed = false

  async function subscribe(message: Extract<ClientMessage, { type: 'subscribe' }>): Promise<void> {
    const count = topicsBeside(message.id) + message.topics.length
    if (count > mostTopics) {
      throw new InvalidError(
        `A connection has at most ${mostTopics} topics, this would make ${count}. Unsubscribe from some first.`,
      )
    }
    const all = elsewhere() + count
    if (all > mostOfPrincipal) {
      throw new RateLimitedError(
        `All your connections together have at most ${mostOfPrincipal} topics, this would make ${all}. Close some pages first.`,
      )
    }
    take(message.topics.length)
    wanted = message.topics.length
    await begin(message).finally(() => {
      wanted = 0
    })
  }

  function topicsBeside(id: string | null): number {
    let count = 0
    for (const other of subscriptions.values()) if (other.id !== id) count += other.topics.length
    return count
  }

  async function begin(message: Extract<ClientMessage, { type: 'subscribe' }>): Promise<void> {
    const { id, cursor } = message
    const topics = await Promise.all(message.topics.map(readTopic))
    await feed.exclusive(async (position) => {
      const missed = cursor === null ? [] : await missedSince(cursor, position)
      end(id)
      const subscription = { id, topics, leave: look(id, topics) }
      subscriptions.set(id, subscription)
      // The page may have gone while its topics were read; it must not stay among those who look.
      if (isClosed) end(id)
      send({ type: 'subscribed', id, cursor: String(missed ? (cursor ?? position) : position) })
      if (!missed) send({ type: 'resync', id })
      else if (missed.length > 0) await tell(subscription, matcherOf(missed))
    })
  }

  function end(id: string): void {
    subscriptions.get(id)?.leave()
    subscriptions.delete(id)
  }

  /** Joins those who look at the records and the draft that the topics name, and tells the page of them. */
  function look(subscription: string, topics: readonly Topic[]): () => void {
    const { type, userId, name: called } = identity.ctx.principal
    const person = type === 'user' && userId !== null ? { id: userId, name: called } : null
    const leaves = topics.flatMap((topic) => {
      if (topic.kind !== 'presence' && topic.kind !== 'studio') return []
      const tell = async (others: readonly object[]): Promise<void> => {
        // Rights change while a page is open, and who looks is told to those alone who may look.
        const { ctx } = identity
        const { name } = topic
        const at = { type: 'event', subscription, seq: feed.position(), topic: name } as const
        if (topic.kind === 'studio') {
          if (seesStudio(ctx)) send({ ...at, event: 'presence', data: { others } })
          return
        }
        if (!ctx.ability.can('read', topic.entity.ref)) return
        await reader.get(ctx, topic.entity, topic.id, { fields: ['id'] })
        const entity = topic.entity.plural
        send({ ...at, event: 'presence', entity, id: topic.id, data: { others } })
      }
      const ignore = (error: unknown) => {
        if (!(error instanceof RunwayError)) log.warn('who looks could not be told', { error })
      }
      const key = topic.kind === 'studio' ? studio : `${topic.entity.ref} ${topic.id}`
      return presence.join(key, {
        person,
        tell: (others) => void tell(others).catch(ignore),
      })
    })
    return () => {
      for (const leave of leaves) leave()
    }
  }

  /**
   * @throws NotFoundError for an entity or a record that is not there or not to be read; errors of the filter.
   */
  async function readTopic(wanted: WantedTopic): Promise<Topic> {
    const { ctx } = identity
    if ('topic' in wanted && wanted.topic.startsWith(lookingAt)) return presenceTopic(wanted.topic)
    if ('topic' in wanted && wanted.topic === studio) {
      if (!seesStudio(ctx))
        throw new ForbiddenError('Only those who may see the studio hear of it.')
      return { kind: 'studio', name: studio }
    }
    const name = 'entity' in wanted ? wanted.entity : wanted.topic
    const entity = ctx.model.entityByPlural.get(name) ?? ctx.model.entities.get(name)
    if (!entity && 'topic' in wanted) return { kind: 'progress', name }
    if (!entity || !ctx.ability.can('read', entity.ref)) {
      throw new NotFoundError(`There is nothing called "${name}".`)
    }
    const filter = 'entity' in wanted ? wanted.filter : {}
    await reader.list(ctx, entity, { filter: withIds(filter, [nobody]), fields: ['id'], limit: 1 })
    return { kind: 'records', name, entity: entity.ref, filter }
  }

  /** `presence:leads/<id>`. */
  async function presenceTopic(name: string): Promise<Topic> {
    const { ctx } = identity
    const [plural = '', id = ''] = name.slice(lookingAt.length).split('/')
    const entity = ctx.model.entityByPlural.get(plural) ?? ctx.model.entities.get(plural)
    if (!entity || !isUuid(id) || !ctx.ability.can('read', entity.ref))
      throw new NotFoundError(`There is nothing called "${name}".`)
    await reader.get(ctx, entity, id, { fields: ['id'] })
    return { kind: 'presence', name, entity, id }
  }

  /**
   * A cursor may be ahead of this node: another one told of an event that has not come here yet.
   *
   * @returns null when some of them are gone already.
   * @throws BadCursorError for a number that was never given.
   */
  async function missedSince(
    cursor: number,
    position: number,
  ): Promise<readonly OutboxEvent[] | null> {
    if (cursor === position) return []
    const orgId = identity.ctx.org.id
    const state = await db.query<{ last: number; oldest: number | null }>(orgId, streamState(orgId))
    const { last = 0, oldest = null } = state.rows[0] ?? {}
    if (cursor > last) throw new BadCursorError('The cursor is ahead of all events.')
    if (cursor > position) return []
    if (oldest === null || cursor < oldest - 1) return null
    const { rows } = await db.query<OutboxEvent>(
      orgId,
      eventsAfter(orgId, cursor, mostReplayed + 1),
    )
    return rows.length > mostReplayed ? null : rows.filter((event) => event.seq <= position)
  }

  async function tell(subscription: Subscription, matcher: Matcher): Promise<void> {
    const told: LiveEvent[] = []
    for (const topic of subscription.topics) {
      if (topic.kind !== 'records') continue
      const plural = identity.ctx.model.entities.get(topic.entity)?.plural ?? topic.entity
      for (const notice of await matcher.noticesFor(identity.ctx, topic)) {
        told.push({
          type: 'event',
          subscription: subscription.id,
          topic: topic.name,
          entity: plural,
          ...notice,
        })
      }
    }
    for (const event of told.sort((a, b) => a.seq - b.seq)) send(event)
  }

  function refuse(error: unknown, id: string | undefined): void {
    const isKnown = error instanceof RunwayError && error.status < 500
    if (!isKnown) log.error('a message of a live connection failed', { error })
    const { code, message } = isKnown
      ? error
      : { code: 'INTERNAL', message: 'Something went wrong on our side' }
    send({ type: 'error', ...(id === undefined ? {} : { id }), code, message })
  }

  return {
    get context(): RequestContext {
      return identity.ctx
    },

    get topics(): number {
      return topicsBeside(null) + wanted
    },

    async receive(text: string): Promise<void> {
      let message: ClientMessage | null = null
      try {
        message = readClientMessage(text)
        if (message.type === 'ping') send({ type: 'pong' })
        else if (message.type === 'unsubscribe') end(message.id)
        else await subscribe(message)
      } catch (error) {
        refuse(error, message?.type === 'subscribe' ? message.id : undefined)
      }
    },

    async tellAll(matcher: Matcher): Promise<void> {
      for (const subscription of [...subscriptions.values()]) {
        try {
          await tell(subscription, matcher)
        } catch (error) {
          // A field of its filter is gone, or hidden now.
          end(subscription.id)
          refuse(error, subscription.id)
        }
      }
    },

    tellProgress(hint: Extract<Hint, { kind: 'progress' }>, seq: number): void {
      if (hint.audience !== audienceOf(identity.ctx.principal)) return
      for (const { id, topics } of subscriptions.values()) {
        if (!topics.some((topic) => topic.kind === 'progress' && topic.name === hint.topic))
          continue
        const data = hint.payload === undefined ? {} : { data: hint.payload }
        send({
          type: 'event',
          subscription: id,
          seq,
          topic: hint.topic,
          event: 'progress',
          ...data,
        })
      }
    },

    tellDraft({ by }: Extract<Hint, { kind: 'draft' }>, seq: number): void {
      if (!seesStudio(identity.ctx)) return
      for (const { id, topics } of subscriptions.values()) {
        if (!topics.some(({ kind }) => kind === 'studio')) continue
        const event = { type: 'event', subscription: id, seq, topic: studio } as const
        send({ ...event, event: 'draft.changed', ...(by && { by }) })
      }
    },

    /** The page is gone. */
    close(): void {
      isClosed = true
      for (const id of [...subscriptions.keys()]) end(id)
    },

    /** Other rights see other records: the page loads its lists again. */
    renew(next: LiveIdentity): void {
      const { ctx, revision } = identity
      identity = next
      if (next.revision !== revision) send({ type: 'model', revision: next.revision })
      if (next.ctx.ability.key !== ctx.ability.key) {
        for (const id of subscriptions.keys()) send({ type: 'resync', id })
      }
    },
  }
}

function seesStudio({ ability }: RequestContext): boolean {
  return ability.allows('studio:read')
}

export type Connection = ReturnType<typeof createConnection>
