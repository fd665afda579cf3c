import { ForbiddenError, type HandlerContext, NotFoundError, type RecordData } from '@runwaycrm/sdk'
import { actingFor, type Endpoint } from './endpoints.ts'
import type { Message } from './messages.ts'

/** What a receiver gets. */
export interface Payload {
  readonly type: string
  readonly timestamp: string
  readonly data: {
    readonly entity?: string
    readonly id?: string
    readonly version?: number
    /** Of an update: names of what changed. */
    readonly fields?: readonly string[]
    /** As it is when this is sent; null once it is deleted. */
    readonly record?: RecordData | null
    readonly [name: string]: unknown
  }
}

/** The fields that whoever acts may read, as the API names them. */
export function readableNames(acting: HandlerContext, entity: string): ReadonlySet<string> {
  const fields = acting.model.entity(entity)?.fields ?? []
  return new Set(fields.filter(({ can }) => can.read).map(({ apiName }) => apiName))
}

/**
 * Made anew for each attempt, with the rights that the endpoint's roles have at that moment: nothing of a
 * record is kept in the log, and what was hidden or erased meanwhile is not told.
 *
 * @returns null when the record may not be read any more.
 */
export async function payloadOf(
  ctx: HandlerContext,
  endpoint: Endpoint,
  message: Message,
): Promise<Payload | null> {
  const { event, entity, record: id, version, fields } = message
  const acting = actingFor(ctx, endpoint)
  const about = { type: event, timestamp: message.at.toISOString() }
  const named = {
    ...(entity === null ? {} : { entity }),
    ...(id === null ? {} : { id }),
    ...(version === null ? {} : { version }),
  }
  const found = entity === null || id === null ? null : await readRecord(acting, entity, id)
  if (entity !== null && id !== null && !found) return null
  if (!event.startsWith('record.')) {
    // What a plugin says besides is not bound to fields, so it is for those who may read all of them.
    const said = acting.isAdmin ? message.payload : null
    return { ...about, data: { ...said, ...named } }
  }
  const names = readableNames(acting, entity as string)
  return {
    ...about,
    data: {
      ...named,
      ...(event === 'record.updated' ? { fields: fields.filter((name) => names.has(name)) } : {}),
      ...(event === 'record.deleted' ? {} : { record: found?.record ?? null }),
    },
  }
}

/** Null for one that may not be read; its `record` is null once it is deleted. */
async function readRecord(
  acting: HandlerContext,
  entity: string,
  id: string,
): Promise<{ readonly record: RecordData | null } | null> {
  try {
    const query = { filter: { id }, limit: 1 }
    const { data: living } = await acting.records.list(entity, query)
    if (living[0]) return { record: living[0] }
    const { data: deleted } = await acting.records.list(entity, { ...query, deleted: 'only' })
    return deleted[0] ? { record: null } : null
  } catch (error) {
    if (error instanceof ForbiddenError || error instanceof NotFoundError) return null
    throw error
  }
}
