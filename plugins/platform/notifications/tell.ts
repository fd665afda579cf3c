import { type FieldValues, type Filter, type HandlerContext, toId } from '@runwaycrm/sdk'
import { type Draft, putNotifications } from './put-notifications.ts'
import { readAs } from './read-as.ts'

/** Words in one language, or in several by their BCP 47 tag. */
type Words = string | Readonly<Record<string, string>>

/** What another plugin has to say to people: the service `notifications`, version 1. */
export interface TellInput {
  readonly to: {
    /** Ids or addresses of members. */
    readonly users?: readonly string[]
    /** References of roles: all who have one of them. */
    readonly roles?: readonly string[]
    /** The owners of the records. */
    readonly owner?: boolean
  }
  readonly text: Words
  /** What it is about: nobody hears of it who may not read it. */
  readonly about?: { readonly entity: string; readonly ids: readonly string[] } | null
  /** Who says it. */
  readonly by?: { readonly userId: string } | { readonly name: string } | null
  /**
   * Told under the same key again, it is the same notification, which counts the records. At most 200 characters.
   */
  readonly key: string
  /** `alert`: something failed. */
  readonly kind?: 'message' | 'alert'
  /** A path on this site that it leads to, instead of the record. */
  readonly link?: string | null
}

export interface Telling {
  /** Those who are told, as far as they want to hear of such things. */
  readonly users: readonly string[]
  /** How many are not, because they may read nothing of what it is about. */
  readonly unreadable: number
}

const mostText = 2_000

/** Tells people something, in their inbox and by mail, as each of them wants to be told. */
export async function tell(input: TellInput, ctx: HandlerContext): Promise<Telling> {
  // Whoever acts has no right to write into the inbox of others; the plugin has.
  const plugin = ctx.as(null)
  const { about = null, by = null, kind = 'message', link = null, key } = input
  const entity = about && (plugin.model.entity(about.entity)?.ref ?? null)
  const asked = await recipients(plugin, input, entity)
  const told: { readonly userId: string; readonly ids?: readonly string[] }[] = []
  for (const userId of asked) {
    if (!about) told.push({ userId })
    if (!about || !entity) continue
    const seen = await readAs(plugin, userId, entity, about.ids)
    if (seen.size > 0) told.push({ userId, ids: [...seen.keys()] })
  }
  const data: FieldValues = { text: cut(input.text), ...(isPath(link) ? { link } : {}) }
  const drafts = told.map(
    (one): Draft => ({
      ...{ ...one, key: `${kind} ${key.slice(0, 200)} ${one.userId}`, kind, by, data },
      ...(entity ? { entity } : {}),
    }),
  )
  // What people were told stays told when the deed is taken back.
  const apart = { door: 'job', isApart: true } as const
  if (drafts.length > 0) {
    await plugin.transaction((inside) => putNotifications(inside, drafts), apart)
  }
  return { users: told.map(({ userId }) => userId), unreadable: asked.length - told.length }
}

/** An address of this site and of no other. */
const isPath = (link: string | null): link is string =>
  link !== null && /^\/(?![/\\])/.test(link) && link.length <= 300

function cut(text: Words): Words {
  if (typeof text === 'string') return text.slice(0, mostText)
  return Object.fromEntries(
    Object.entries(text).map(([language, one]) => [language, one.slice(0, mostText)]),
  )
}

const atOnce = 200
const most = 1_000

/** Active members, each once. */
async function recipients(
  plugin: HandlerContext,
  { to, about }: TellInput,
  entity: string | null,
): Promise<readonly string[]> {
  const { users = [], roles = [], owner = false } = to
  const ids = users.filter((one) => toId(one) !== null)
  if (owner && about && entity) {
    const filter = { id: { $in: about.ids.slice(0, atOnce) } }
    const fields = ['id', 'ownerId']
    const { data } = await plugin.records.list(entity, { filter, fields, limit: atOnce })
    for (const { ownerId } of data) if (typeof ownerId === 'string') ids.push(ownerId)
  }
  const emails = users.filter((one) => one.includes('@')).map((one) => one.trim().toLowerCase())
  const any: Filter[] = [
    ...(ids.length > 0 ? [{ id: { $in: ids } }] : []),
    ...(emails.length > 0 ? [{ email: { $in: emails } }] : []),
    ...roles.map((role) => ({ roles: { $contains: role } })),
  ]
  if (any.length === 0) return []
  const found: string[] = []
  let cursor: string | undefined
  do {
    const { data, page } = await plugin.records.list('kernel:user', {
      filter: { $and: [{ active: { $ne: false } }, { $or: any }] },
      fields: ['id'],
      limit: atOnce,
      ...(cursor === undefined ? {} : { cursor }),
    })
    found.push(...data.map(({ id }) => id))
    cursor = page.nextCursor ?? undefined
  } while (cursor !== undefined && found.length < most)
  return found
}

/** In the language that is asked for, or in the one that comes nearest. */
export function wordsIn(text: unknown, language: string): string {
  if (typeof text === 'string') return text
  if (typeof text !== 'object' || text === null) return ''
  const all = text as Readonly<Record<string, string>>
  return (
    all[language] ?? all[language.split('-')[0] ?? ''] ?? all['en'] ?? Object.values(all)[0] ?? ''
  )
}
