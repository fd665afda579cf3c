import {
  type Actor,
  type Door,
  type EventNews,
  type Log,
  NotFoundError,
  type SubscriberDefinition,
} from '@runwaycrm/sdk'
import type { CallHandler } from '../actions/call-handler.ts'
import type { RequestContext } from '../context/request-context.ts'
import type { Database } from '../database/postgres.ts'
import { eventsAfter, type OutboxEvent } from '../events/outbox.ts'
import type { EventSubscriber } from '../events/relay.ts'
import { asPlugin, type JobRequest, type Queue } from '../jobs/queue.ts'
import type { Contribution, Model } from '../model/model.ts'
import { changedFields } from '../records/changed-since.ts'
import type { Codecs } from '../records/fields.ts'
import { type LedgerFields, showChanges } from '../records/ledger-values.ts'
import { keyOf, subscriberJob, type Told, takeTurn } from './subscriber-turns.ts'

export interface SubscribersDeps {
  readonly db: Pick<Database, 'query' | 'batch'>
  readonly queue: Pick<Queue, 'enqueue'>
  readonly stateOf: (orgId: string) => Promise<{ readonly model: Model }>
  /** The context of a plugin itself. */
  readonly contextOf: (orgId: string, plugin: string) => Promise<RequestContext | null>
  readonly callHandler: CallHandler
  readonly codecs: Codecs
  readonly log: Log
}

type News = Omit<EventNews, 'actor' | 'door'>

/**
 * Code of plugins that hears of events. Each bunch becomes a job per subscriber that it concerns, before the
 * bunch counts as handed on: nobody who waits for events waits for a plugin, and none is lost with one.
 */
export function createSubscribers(deps: SubscribersDeps) {
  const { db, queue, stateOf, contextOf, callHandler, codecs, log } = deps

  const enqueue: EventSubscriber = async (orgId, events) => {
    const { model } = await stateOf(orgId)
    const requests: JobRequest[] = []
    for (const subscriber of subscribersOf(model)) {
      const wanted = await wantedBy(orgId, subscriber, model, events)
      const request = jobFor(subscriber, model, wanted)
      if (request) requests.push(request)
    }
    await queue.enqueue(orgId, requests)
  }

  /** Who cannot say what matters is told of everything. */
  async function wantedBy(
    orgId: string,
    { ref, plugin, definition }: Contribution<SubscriberDefinition>,
    model: Model,
    events: readonly OutboxEvent[],
  ): Promise<readonly OutboxEvent[]> {
    if (!definition.wanted) return events
    if (!events.some((event) => newsFor(definition, plugin, model, event))) return []
    try {
      const ctx = await contextOf(orgId, plugin)
      if (!ctx) return events
      const names = await callHandler(ctx, plugin, definition.wanted, null, { mostMs: 5_000 })
      const wanted = new Set(names as readonly string[])
      if (wanted.has('*')) return events
      return events.filter(
        ({ event, entity }) => wanted.has(event) || wanted.has(`${event} ${entity}`),
      )
    } catch (error) {
      log.error('a subscriber did not say what it wants to hear of', { orgId, ref, error })
      return events
    }
  }

  /** @param ctx of the plugin itself. */
  async function run(ctx: RequestContext, input: unknown): Promise<void> {
    const { subscriber, from, to } = input as Told
    const found = [...subscribersOf(ctx.model)].find(({ ref }) => ref === subscriber)
    if (!found) throw new NotFoundError(`No enabled plugin has the subscriber ${subscriber}.`)
    const orgId = ctx.org.id
    if (found.definition.ordered && !(await takeTurn(db, orgId, input as Told))) return
    const { rows } = await db.query<OutboxEvent>(orgId, eventsAfter(orgId, from - 1, to - from + 1))
    const told = newsOf(
      found,
      ctx.model,
      rows.filter(({ seq }) => seq <= to),
    )
    if (told.length === 0) return
    const makers = await makersOf(orgId, told)
    const changes = found.definition.changes ? await changesOf(ctx, told) : null
    const events = told.map((event): EventNews => {
      const maker = makers.get(event.changeSetId ?? '')
      const changed = changes?.get(`${event.id} ${event.version}`)
      return {
        ...event,
        actor: maker?.actor ?? null,
        door: maker?.door ?? null,
        ...(changed ? { changes: changed } : {}),
      }
    })
    await callHandler(ctx, found.plugin, found.definition.handler, { events })
  }

  async function makersOf(orgId: string, events: readonly News[]) {
    const ids = [...new Set(events.flatMap(({ changeSetId }) => changeSetId ?? []))]
    const { rows } = await db.query<{ id: string; actor: Actor; door: Door }>(orgId, {
      name: 'subscriber_makers',
      text: 'select id, actor, door from tenant.change_set where org_id = $1 and id = any($2::uuid[])',
      values: [orgId, ids],
    })
    return new Map(rows.map((row) => [row.id, row]))
  }

  /** Values before and after, by record and version. */
  async function changesOf(ctx: RequestContext, events: readonly News[]) {
    const updates = events.filter(({ event, id }) => event === 'record.updated' && id !== null)
    if (updates.length === 0) return new Map<string, never>()
    const { rows } = await db.query<LedgerRow>(ctx.org.id, {
      name: 'subscriber_changes',
      text: `select l.entity, l.record_id, l.version, l.fields
        from unnest($2::uuid[], $3::bigint[]) r (id, version)
        join tenant.ledger l on l.org_id = $1 and l.record_id = r.id and l.version = r.version`,
      values: [ctx.org.id, updates.map(({ id }) => id), updates.map(({ version }) => version)],
    })
    return new Map(
      rows.map(({ entity: ref, record_id: id, version, fields }) => {
        const entity = ctx.model.entities.get(ref)
        const visible = new Set(entity?.byApiName.keys() ?? [])
        const shown = entity && fields ? showChanges(entity, fields, visible, codecs) : {}
        return [`${id} ${version}`, shown]
      }),
    )
  }

  return { enqueue, run }
}

interface LedgerRow {
  readonly entity: string
  readonly record_id: string
  readonly version: number
  readonly fields: LedgerFields | null
}

function subscribersOf(model: Model): Iterable<Contribution<SubscriberDefinition>> {
  return (model.contributions.get('subscribers')?.values() ?? []) as Iterable<
    Contribution<SubscriberDefinition>
  >
}

/** Null when the subscriber is concerned by none of the events. */
function jobFor(
  subscriber: Contribution<SubscriberDefinition>,
  model: Model,
  events: readonly OutboxEvent[],
): JobRequest | null {
  const told = newsOf(subscriber, model, events)
  const [first, last] = [told[0], told.at(-1)]
  if (!first || !last) return null
  const { ref, plugin } = subscriber
  const payload: Told = { subscriber: ref, from: first.seq, to: last.seq }
  const runAs = asPlugin(plugin)
  return { plugin: 'kernel', job: subscriberJob, payload, runAs, dedupeKey: keyOf(payload) }
}

function newsOf(
  { plugin, definition }: Contribution<SubscriberDefinition>,
  model: Model,
  events: readonly OutboxEvent[],
): readonly News[] {
  return events.flatMap((event) => newsFor(definition, plugin, model, event) ?? [])
}

function newsFor(
  { events, fields: wanted }: SubscriberDefinition,
  plugin: string,
  model: Model,
  event: OutboxEvent,
): News | null {
  if (event.workflows === 'skip') return null
  if (!events.includes(event.event) && !events.includes('*')) return null
  const isRecord = event.event.startsWith('record.')
  const entity = event.entity === null ? undefined : model.entities.get(event.entity)
  if (isRecord && (!entity || entity.plugin === plugin)) return null
  const keys = event.payload['fields']
  const changed = isRecord && entity && Array.isArray(keys) ? changedFields(entity, keys) : []
  if (wanted && event.event === 'record.updated') {
    const isWanted = changed.some(({ typeDefinition: { kind, editor } }) =>
      wanted.some((one) => one === kind || one === editor),
    )
    if (!isWanted) return null
  }
  return {
    seq: event.seq,
    event: event.event,
    entity: event.entity,
    id: event.recordId,
    version: event.version,
    at: event.createdAt,
    changeSetId: event.changeSetId,
    fields: changed.map(({ apiName }) => apiName),
    payload: isRecord ? {} : event.payload,
  }
}
