import { randomUUID } from 'node:crypto'
import {
  type EventNews,
  ForbiddenError,
  type HandlerContext,
  type ListQuery,
  NotFoundError,
} from '@runwaycrm/sdk'
import { actingFor, type Endpoint, hears, listeningEndpoints } from './endpoints.ts'
import { type NewMessage, putMessages } from './messages.ts'
import { readableNames } from './payload.ts'

/** What endpoints listen to; nobody is woken for the rest. */
export async function wanted(_: null, ctx: HandlerContext): Promise<readonly string[]> {
  const endpoints = await listeningEndpoints(ctx)
  return [...new Set(endpoints.flatMap(({ events }) => events))]
}

const atOnce = 200

/** Notes for each endpoint what it is to be told; jobs deliver it. */
export async function hear(
  { events }: { readonly events: readonly EventNews[] },
  ctx: HandlerContext,
): Promise<void> {
  const seen = new Map<string, Promise<ReadonlySet<string>>>()
  for (const endpoint of await listeningEndpoints(ctx)) {
    const heard = events.filter((event) => hears(endpoint, event))
    const told = await untold(ctx, endpoint, await visible(ctx, endpoint, heard, seen))
    for (let at = 0; at < told.length; at += atOnce) {
      ctx.signal.throwIfAborted()
      await putMessages(ctx, endpoint, told.slice(at, at + atOnce).map(toMessage))
    }
  }
}

const toMessage = (event: EventNews): NewMessage => ({
  webhookId: `msg_${randomUUID().replaceAll('-', '')}`,
  seq: event.seq,
  event: event.event,
  entity: event.entity,
  record: event.id,
  version: event.version,
  at: new Date(event.at),
  fields: event.fields,
  payload: event.event.startsWith('record.') ? null : event.payload,
})

/** What comes a second time was noted the first time. */
async function untold(
  ctx: HandlerContext,
  { id }: Endpoint,
  events: readonly EventNews[],
): Promise<readonly EventNews[]> {
  const known = new Set<number>()
  for (let at = 0; at < events.length; at += 500) {
    const seq = events.slice(at, at + 500).map((event) => event.seq)
    const rows = await ctx.tables.select('message', { where: { endpoint: id, seq } })
    for (const row of rows) known.add(Number(row['seq']))
  }
  return events.filter(({ seq }) => !known.has(seq))
}

/** Those about records that the endpoint's roles may read, and of updates those of fields that they may read. */
async function visible(
  ctx: HandlerContext,
  endpoint: Endpoint,
  events: readonly EventNews[],
  seen: Map<string, Promise<ReadonlySet<string>>>,
): Promise<readonly EventNews[]> {
  const acting = actingFor(ctx, endpoint)
  const found: EventNews[] = []
  const byEntity = Map.groupBy(events, ({ entity }) => entity)
  for (const [entity, some] of byEntity) {
    if (entity === null) {
      found.push(...some)
      continue
    }
    const ids = [...new Set(some.flatMap(({ id }) => id ?? []))]
    const key = JSON.stringify([endpoint.roles.toSorted(), entity, ids])
    const reading = seen.get(key) ?? readableIds(acting, entity, ids)
    seen.set(key, reading)
    const readable = await reading
    const names = readableNames(acting, entity)
    found.push(
      ...some.filter(
        ({ event, id, fields }) =>
          id !== null &&
          readable.has(id) &&
          (event !== 'record.updated' || fields.some((name) => names.has(name))),
      ),
    )
  }
  return found.sort((a, b) => a.seq - b.seq)
}

/** Deleted ones are among them: that they are gone is news too. */
async function readableIds(
  acting: HandlerContext,
  entity: string,
  ids: readonly string[],
): Promise<ReadonlySet<string>> {
  const found = new Set<string>()
  try {
    const read = async (some: readonly string[], more: Pick<ListQuery, 'deleted'> = {}) => {
      const query = { filter: { id: { $in: some } }, fields: ['id'], limit: 200, ...more }
      for (const { id } of (await acting.records.list(entity, query)).data) found.add(id)
    }
    for (let at = 0; at < ids.length; at += 200) {
      const some = ids.slice(at, at + 200)
      await read(some)
      const missing = some.filter((id) => !found.has(id))
      if (missing.length > 0) await read(missing, { deleted: 'only' })
    }
  } catch (error) {
    // Roles that may read none of them, or an entity that is gone meanwhile.
    if (!(error instanceof ForbiddenError || error instanceof NotFoundError)) throw error
  }
  return found
}
