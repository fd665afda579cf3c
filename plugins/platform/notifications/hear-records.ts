import type { EntityInfo, EventNews, Filter, HandlerContext, RecordData } from '@runwaycrm/sdk'
import { findMentions, type Member, plainText } from './find-mentions.ts'
import { type Draft, putNotifications } from './put-notifications.ts'
import { readAs } from './read-as.ts'

/** What may concern somebody in the events of one entity and one actor. */
interface Bunch {
  readonly entity: EntityInfo
  readonly isNew: boolean
  readonly events: readonly EventNews[]
  /** The member who did it; null for a key, a workflow, a plugin. */
  readonly actorId: string | null
  /** API names that hold a member, and those that hold words. */
  readonly people: readonly string[]
  readonly texts: readonly string[]
}

const atOnce = 200
const mostMembers = 5_000

/** Tells people that records were given to them, and that they are mentioned; never of their own deeds. */
export async function hearRecords(
  { events }: { readonly events: readonly EventNews[] },
  ctx: HandlerContext,
): Promise<void> {
  const told = events.filter(({ door }) => door !== 'seed' && door !== 'revert')
  const groups = Map.groupBy(
    told,
    ({ event, entity, actor }) => `${event} ${entity} ${actor?.type} ${actor?.id}`,
  )
  let members: Promise<readonly Member[]> | null = null
  const membersOnce = () => (members ??= allMembers(ctx))
  const drafts = new Map<string, Draft>()
  for (const group of groups.values()) {
    for (const draft of await draftsOf(group, ctx, membersOnce)) {
      const twin = drafts.get(draft.key)
      drafts.set(draft.key, twin ? { ...twin, ids: [...twin.ids!, ...draft.ids!] } : draft)
    }
  }
  const seen = await Promise.all([...drafts.values()].map((draft) => seenBy(ctx, draft)))
  const left = seen.flatMap((draft) => draft ?? [])
  if (left.length > 0) await putNotifications(ctx, left)
}

async function draftsOf(
  events: readonly EventNews[],
  ctx: HandlerContext,
  members: () => Promise<readonly Member[]>,
): Promise<Draft[]> {
  const bunch = bunchOf(events, ctx)
  if (!bunch || bunch.people.length + bunch.texts.length === 0) return []
  const drafts: Draft[] = []
  const records = await concerned(bunch, ctx)
  const last = await lastTold(bunch, records, ctx)
  for (const record of records) {
    /** The one from which the record has what it says; null when that came later, with news of its own. */
    const originOf = (field: string) => last(record.id, field)
    const common = { entity: bunch.entity.ref, ids: [record.id] }
    for (const field of bunch.people) {
      const event = originOf(field)
      const userId = record[field]
      if (!event || typeof userId !== 'string' || userId === bunch.actorId) continue
      const key = `assigned ${event.changeSetId} ${bunch.entity.ref} ${field} ${userId}`
      drafts.push({ ...common, key, userId, kind: 'assigned', field, by: byOf(event) })
    }
    for (const field of bunch.texts) {
      const event = originOf(field)
      const text = record[field]
      if (!event || typeof text !== 'string' || !text.includes('@')) continue
      for (const userId of findMentions(wordsOf(bunch.entity, field, text), await members())) {
        if (userId === bunch.actorId) continue
        const key = `mentioned ${bunch.entity.ref} ${record.id} ${field} ${userId}`
        drafts.push({ ...common, key, userId, kind: 'mentioned', field, by: byOf(event) })
      }
    }
  }
  return drafts
}

interface Records {
  changedSince(input: {
    readonly entity: string
    readonly records: readonly { readonly id: string; readonly version: number }[]
  }): Promise<readonly (readonly string[])[]>
}

/**
 * Finds the last event that changed a field of a record, unless the field was changed again since. Asked
 * after the records were read: what is not said to have changed is what they said at that event.
 */
async function lastTold(
  { entity, isNew, events }: Bunch,
  records: readonly RecordData[],
  ctx: HandlerContext,
): Promise<(id: string, field: string) => EventNews | null> {
  const ids = new Set(records.map(({ id }) => id))
  const told = events.filter(({ id }) => id !== null && ids.has(id))
  const later = await ctx.services.get<Records>('kernel.records', 1).changedSince({
    entity: entity.ref,
    records: told.map(({ id, version }) => ({ id: id!, version: version! })),
  })
  const byId = Map.groupBy(
    told.map((event, at) => ({ event, later: later[at]! })),
    ({ event }) => event.id!,
  )
  return (id, field) =>
    byId
      .get(id)
      ?.findLast((one) => (isNew || one.event.fields.includes(field)) && !one.later.includes(field))
      ?.event ?? null
}

function bunchOf(events: readonly EventNews[], ctx: HandlerContext): Bunch | null {
  const [first] = events
  const entity = first?.entity ? ctx.model.entity(first.entity) : null
  // What people do not see among their records is nothing to give to somebody.
  if (!first || !entity || entity.hidden) return null
  const isNew = first.event === 'record.created'
  const changed = new Set(events.flatMap(({ fields }) => fields))
  const among = (name: string) => isNew || changed.has(name)
  const named = (editors: readonly string[]) =>
    entity.fields.filter(({ editor }) => editors.includes(editor)).map(({ apiName }) => apiName)
  return {
    entity,
    isNew,
    events,
    actorId: first.actor?.type === 'user' ? first.actor.id : null,
    people: [...new Set(['ownerId', ...named(['user'])])].filter(among),
    texts: named(['longText', 'richText']).filter(among),
  }
}

/** The records that may concern somebody, as they are now. */
async function concerned(bunch: Bunch, ctx: HandlerContext): Promise<readonly RecordData[]> {
  const { entity, people, texts, actorId, events } = bunch
  const ids = [...new Set(events.flatMap(({ id }) => id ?? []))]
  const others = (name: string): Filter => ({
    [name]: actorId === null ? { $exists: true } : { $ne: actorId, $exists: true },
  })
  const any: Filter = {
    $or: [...people.map(others), ...texts.map((name) => ({ [name]: { $contains: '@' } }))],
  }
  const found: RecordData[] = []
  for (let at = 0; at < ids.length; at += atOnce) {
    const { data } = await ctx.records.list(entity.ref, {
      filter: { $and: [{ id: { $in: ids.slice(at, at + atOnce) } }, any] },
      fields: ['id', ...people, ...texts],
      limit: atOnce,
    })
    found.push(...data)
  }
  return found
}

function wordsOf(entity: EntityInfo, field: string, text: string): string {
  const isRich = entity.fields.some((one) => one.apiName === field && one.editor === 'richText')
  return isRich ? plainText(text) : text
}

function byOf({ actor }: EventNews): Draft['by'] {
  if (!actor) return null
  return actor.type === 'user' && actor.id ? { userId: actor.id } : { name: actor.name }
}

/** Without records, or words of them, that the person may not read; null when nothing is left. */
async function seenBy(ctx: HandlerContext, draft: Draft): Promise<Draft | null> {
  const { userId, entity, ids, field } = draft
  const seen = await readAs(ctx, userId, entity!, ids!, [field!])
  const left = ids!.filter((id) => {
    const record = seen.get(id)
    return record && (draft.kind !== 'mentioned' || typeof record[field!] === 'string')
  })
  return left.length > 0 ? { ...draft, ids: left } : null
}

async function allMembers(ctx: HandlerContext): Promise<readonly Member[]> {
  const members: Member[] = []
  let cursor: string | undefined
  do {
    const { data, page } = await ctx.records.list('kernel:user', {
      filter: { active: { $ne: false } },
      fields: ['id', 'name', 'email'],
      limit: atOnce,
      ...(cursor === undefined ? {} : { cursor }),
    })
    for (const { id, name, email } of data)
      members.push({
        id,
        name: String(name ?? ''),
        email: typeof email === 'string' ? email : null,
      })
    cursor = page.nextCursor ?? undefined
  } while (cursor !== undefined && members.length < mostMembers)
  return members
}
