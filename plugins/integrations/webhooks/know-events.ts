import { type AfterChange, type HandlerContext, InvalidError, type Issue } from '@runwaycrm/sdk'
import { endpointEntity, toEndpoint } from './endpoints.ts'
import { nearest } from './nearest.ts'

const ofRecords = ['record.created', 'record.updated', 'record.deleted', 'record.restored']

/**
 * What an endpoint is to hear of is there. What it heard of before may stay: whoever takes a plugin out does not
 * change every endpoint first.
 */
export async function knowEvents(
  { door, records }: AfterChange,
  ctx: HandlerContext,
): Promise<void> {
  if (door === 'revert') return
  for (const { id, before } of records) {
    const { events } = toEndpoint(await ctx.records.get(endpointEntity, id, { fields: ['events'] }))
    assertEvents(ctx, events, before ? toEndpoint(before).events : [])
  }
}

/** @param ctx of the plugin itself, which sees all entities. @throws InvalidError with what is nearest. */
export function assertEvents(
  ctx: HandlerContext,
  events: readonly string[],
  former: readonly string[] = [],
): void {
  const errors = events.flatMap((name, at): Issue[] => {
    if (former.includes(name) || isKnown(ctx, name)) return []
    const near = nearest(name, namesOf(ctx)).map((one) => `“${one}”`)
    const instead = near.length > 0 ? ` The nearest are ${near.join(', ')}.` : ''
    const message = `There is no such event.${instead}`
    return [{ path: `events[${at}]`, code: 'UNKNOWN_OPTION', message }]
  })
  if (errors.length > 0) throw new InvalidError(undefined, { errors })
}

function isKnown({ model }: HandlerContext, name: string): boolean {
  if (name === '*' || ofRecords.includes(name)) return true
  const [event, entity, ...more] = name.split(' ')
  if (entity === undefined) return model.events().includes(name)
  return more.length === 0 && ofRecords.includes(event!) && model.entity(entity)?.ref === entity
}

function namesOf({ model }: HandlerContext): readonly string[] {
  const ofEntities = model.entities().flatMap(({ ref }) => ofRecords.map((one) => `${one} ${ref}`))
  return ['*', ...ofRecords, ...model.events(), ...ofEntities]
}
