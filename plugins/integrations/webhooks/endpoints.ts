import { type EventNews, type HandlerContext, NotFoundError, type RecordData } from '@runwaycrm/sdk'

export const endpointEntity = 'integrations.webhooks:endpoint'
export const deliveryEntity = 'integrations.webhooks:delivery'

export interface Endpoint {
  readonly id: string
  readonly name: string
  readonly url: string | null
  /** What it wants to hear of: `*`, `record.created`, `record.created crm.leads:lead`, a plugin's event. */
  readonly events: readonly string[]
  /** With whose rights what it hears is read. */
  readonly roles: readonly string[]
  readonly active: boolean
  readonly ordered: boolean
  readonly secretSince: string | null
  readonly failingSince: string | null
}

export const toEndpoint = (record: RecordData) =>
  ({
    ...record,
    events: record['events'] ?? [],
    roles: record['roles'] ?? [],
  }) as unknown as Endpoint

/** Null when it is gone. @param ctx of the plugin itself. */
export async function findEndpoint(ctx: HandlerContext, id: string): Promise<Endpoint | null> {
  try {
    return toEndpoint(await ctx.records.get(endpointEntity, id))
  } catch (error) {
    if (error instanceof NotFoundError) return null
    throw error
  }
}

/** Those that something can be delivered to now. */
export async function listeningEndpoints(ctx: HandlerContext): Promise<readonly Endpoint[]> {
  const found: Endpoint[] = []
  let cursor: string | null = null
  do {
    const { data, page } = await ctx.records.list(endpointEntity, {
      filter: { active: true, url: { $exists: true }, secretSince: { $exists: true } },
      limit: 200,
      ...(cursor ? { cursor } : {}),
    })
    found.push(...data.map(toEndpoint))
    cursor = page.nextCursor
  } while (cursor)
  return found.filter(({ events, roles }) => events.length > 0 && roles.length > 0)
}

/** What came in here goes out to whoever asks for it by name: two that tell each other everything never end. */
export function hears({ events }: Endpoint, { event, entity }: EventNews): boolean {
  const isAnybodys = event !== 'integrations.webhooks:received'
  return events.some(
    (one) => (one === '*' && isAnybodys) || one === event || one === `${event} ${entity}`,
  )
}

/** The context that has the rights of the endpoint's roles, and no member's. */
export function actingFor(ctx: HandlerContext, { id, name, roles }: Endpoint): HandlerContext {
  return ctx.as({ type: 'workflow', id, name, roles })
}
