import {
  type FieldValues,
  type HandlerContext,
  type RecordData,
  StateConflictError,
} from '@runwaycrm/sdk'
import { type Kind, notificationEntity, topicOf } from './kinds.ts'
import { type Preferences, preferencesOf } from './preferences.ts'

/** Something to tell one person. */
export interface Draft {
  /** Equal keys, one notification: events come at least once. */
  readonly key: string
  readonly userId: string
  readonly kind: Kind
  readonly entity?: string
  /** Of the records that it is about; told under one key in several goes, they add up. */
  readonly ids?: readonly string[]
  readonly field?: string
  /** The member who did it, or what did. */
  readonly by?: { readonly userId: string } | { readonly name: string } | null
  readonly data?: FieldValues
}

/** More than these are "1,000 or more". */
const mostIds = 1_000
const atOnce = 200
const rounds = 6

/**
 * Keeps what there is to tell, as each person wants to be told. Doing it again changes nothing; two at the same
 * moment come to the same.
 */
export async function putNotifications(
  ctx: HandlerContext,
  drafts: readonly Draft[],
): Promise<void> {
  const preferences = await preferencesOf(ctx, [...new Set(drafts.map(({ userId }) => userId))])
  const wanted = drafts.flatMap((draft) => fitting(draft, preferences.get(draft.userId)!) ?? [])
  for (let at = 0; at < wanted.length; at += atOnce) {
    let left: readonly Draft[] = wanted.slice(at, at + atOnce)
    for (let round = 0; left.length > 0; round++) {
      if (round === rounds) throw new StateConflictError('Others tell the same people of the same.')
      left = await putSome(ctx, left, preferences)
    }
  }
  await askForMails(ctx, wanted, preferences)
}

/** Without what the person muted; null for what they do not want to hear of at all. */
function fitting(draft: Draft, { inApp, mail, muted }: Preferences): Draft | null {
  const topic = topicOf[draft.kind]
  if (!inApp[topic] && mail[topic] === 'off') return null
  if (!draft.ids) return draft
  const ids = draft.ids.filter((id) => !muted.has(`${draft.entity}/${id}`))
  return ids.length > 0 ? { ...draft, ids } : null
}

/** @returns those at which somebody else was faster. */
async function putSome(
  ctx: HandlerContext,
  drafts: readonly Draft[],
  preferences: ReadonlyMap<string, Preferences>,
): Promise<readonly Draft[]> {
  const { data } = await ctx.records.list(notificationEntity, {
    filter: { key: { $in: drafts.map(({ key }) => key) } },
    limit: atOnce,
  })
  const known = new Map(data.map((record) => [record['key'], record]))
  const fresh = drafts.filter(({ key }) => !known.has(key))
  const more = drafts.flatMap((draft) => {
    const before = known.get(draft.key)
    const values = before && withMore(before, draft)
    return before && values
      ? [{ draft, item: { id: before.id, version: before.version, ...values } }]
      : []
  })
  if (fresh.length + more.length === 0) return []
  const { results } = await ctx.records.bulk(notificationEntity, {
    create: fresh.map((draft) => valuesOf(draft, preferences.get(draft.userId)!)),
    update: more.map(({ item }) => item),
    atomic: false,
  })
  return results.flatMap(({ op, index, problem }) => {
    if (!problem) return []
    if (![404, 409, 412].includes(problem.status)) throw new Error(problem.detail)
    return op === 'create' ? fresh[index]! : more[index]!.draft
  })
}

function valuesOf(draft: Draft, { inApp }: Preferences): FieldValues {
  const { key, userId, kind, entity, ids = [], field, by, data } = draft
  return {
    key,
    kind,
    ownerId: userId,
    shown: inApp[topicOf[kind]],
    entityRef: entity ?? null,
    field: field ?? null,
    data: data ?? null,
    ...aboutOf(entity, ids),
    ...(by && 'userId' in by ? { byId: by.userId } : {}),
    ...(by && 'name' in by ? { byName: by.name } : {}),
  }
}

function aboutOf(entity: string | undefined, all: readonly string[]): FieldValues {
  const ids = [...new Set(all)].slice(0, mostIds)
  return {
    count: ids.length,
    record: entity && ids.length === 1 ? { entity, id: ids[0] } : null,
    records: ids.length > 1 ? ids : null,
  }
}

/** Null when the notification tells of all of them already. What grew is unread again. */
function withMore(before: RecordData, { entity, ids = [], data }: Draft): FieldValues | null {
  const record = before['record'] as { readonly id: string } | null
  const kept = Array.isArray(before['records']) ? before['records'].map(String) : []
  const told = new Set(record ? [record.id] : kept)
  const more = ids.filter((id) => !told.has(id))
  if (more.length === 0 || told.size >= mostIds) return null
  const said = data ? { data } : {}
  return { ...aboutOf(entity, [...told, ...more]), ...said, readAt: null, archivedAt: null }
}

/** What comes within a minute comes in one mail. */
async function askForMails(
  ctx: HandlerContext,
  drafts: readonly Draft[],
  preferences: ReadonlyMap<string, Preferences>,
): Promise<void> {
  const now = drafts.filter(
    ({ userId, kind }) => preferences.get(userId)!.mail[topicOf[kind]] === 'now',
  )
  const at = new Date((Math.floor(Date.now() / 60_000) + 1) * 60_000)
  for (const userId of new Set(now.map((draft) => draft.userId))) {
    const slot = at.toISOString()
    const payload = { userId, period: 'now', slot }
    await ctx.jobs.enqueue('digest', payload, { at, dedupeKey: `${userId} ${slot}` })
  }
}
