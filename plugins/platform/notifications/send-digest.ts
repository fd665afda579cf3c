import type { Filter, HandlerContext, RecordData, Row } from '@runwaycrm/sdk'
import { type DigestItem, writeDigest } from './digest-mail.ts'
import type { DigestPeriod } from './due-digests.ts'
import { type Kind, kindsOf, notificationEntity, topics } from './kinds.ts'
import { type Preferences, preferencesOf } from './preferences.ts'
import { readAs } from './read-as.ts'

interface DigestJob {
  readonly userId: string
  readonly period: DigestPeriod | 'now'
  /** The moment up to which it tells, ISO in UTC. */
  readonly slot: string
}
interface MailService {
  send(mail: {
    readonly id: string
    readonly to: string
    readonly subject: string
    readonly text: string
    readonly layout: 'brand'
    readonly language: string
    readonly action: { readonly label: string; readonly url: string }
    readonly template: string
    readonly unsubscribeUrl: string
  }): Promise<unknown>
}

/** What is older, nobody waits for. */
const mostBackMs = 8 * 86_400_000
const mostItems = 200
const linkDays = 90

/** What may still be mailed: neither read nor put away nor mailed. */
export function waiting(now: Date): Filter {
  const since = new Date(now.getTime() - mostBackMs).toISOString()
  return { mailedAt: null, readAt: null, archivedAt: null, createdAt: { $gte: since } }
}

/**
 * Writes one mail to one person of what waits for them, or none. What it tells and under which id is noted
 * before it is sent: begun again after a crash, or by two at once, it is the same mail, which leaves once.
 */
export async function sendDigest(job: DigestJob, ctx: HandlerContext): Promise<void> {
  const { userId, period, slot } = job
  const where = { userId, slot: `${period} ${slot}` }
  const [known] = await ctx.tables.select('digest', { where, limit: 1 })
  if (known?.['doneAt']) return
  const preferences = (await preferencesOf(ctx, [userId])).get(userId)!
  const row = known ?? (await claim(ctx, job, preferences))
  if (!row) return
  const ids = (row['ids'] as readonly string[]).map(String)
  const { data } = await ctx.records.list(notificationEntity, {
    filter: { id: { $in: ids } },
    sort: 'createdAt',
    limit: mostItems,
  })
  const [member] = (await readAs(ctx, userId, 'kernel:user', [userId], ['name', 'email'])).values()
  const items = member ? await itemsOf(ctx, userId, data, preferences.language) : []
  if (typeof member?.['email'] === 'string' && items.length > 0) {
    const mail = writeDigest(items, {
      language: preferences.language,
      timeZone: preferences.timeZone,
      orgName: ctx.brand.name,
      publicUrl: ctx.environment('RUNWAY_PUBLIC_URL') ?? '',
      t: (key, values) => ctx.t(key, values, preferences.language),
    })
    await ctx.services.get<MailService>('mail', 1).send({
      ...mail,
      id: row.id,
      to: member['email'],
      layout: 'brand',
      language: preferences.language,
      template: 'notifications',
      unsubscribeUrl: ctx.publicLink('/me/notifications/unsubscribe/:token', userId, {
        days: linkDays,
      }),
    })
  }
  const mailedAt = ctx.now.toISOString()
  await ctx.records.bulk(notificationEntity, {
    update: data.map(({ id }) => ({ id, mailedAt })),
    atomic: false,
  })
  await ctx.tables.update('digest', { id: row.id }, { doneAt: mailedAt })
}

/** Null when nothing waits. Whoever comes second fails here, and finds what the first one noted. */
async function claim(
  ctx: HandlerContext,
  { userId, period, slot }: DigestJob,
  { mail }: Preferences,
): Promise<Row | null> {
  const kinds = kindsOf(topics.filter((topic) => mail[topic] === period))
  if (kinds.length === 0) return null
  const { data } = await ctx.records.list(notificationEntity, {
    filter: {
      $and: [waiting(ctx.now), { ownerId: userId, kind: { $in: kinds }, createdAt: { $lt: slot } }],
    },
    fields: ['id'],
    sort: '-createdAt',
    limit: mostItems,
  })
  if (data.length === 0) return null
  const [row] = await ctx.tables.insert('digest', [
    { userId, slot: `${period} ${slot}`, at: ctx.now.toISOString(), ids: data.map(({ id }) => id) },
  ])
  return row!
}

/** With titles as the person may read them now; what they may no longer read is left out. */
async function itemsOf(
  ctx: HandlerContext,
  userId: string,
  notifications: readonly RecordData[],
  language: string,
): Promise<DigestItem[]> {
  const items: DigestItem[] = []
  for (const one of notifications) {
    const kind = one['kind'] as Kind
    const common = {
      kind,
      at: String(one['createdAt']),
      by: await nameOf(ctx, userId, one),
      data: (one['data'] ?? {}) as Readonly<Record<string, unknown>>,
    }
    if (typeof one['entityRef'] !== 'string') {
      items.push({ ...common, count: 1, record: null, entity: null })
      continue
    }
    const entity = ctx.model.entity(one['entityRef'])
    if (!entity) continue
    const record = one['record'] as { readonly id: string } | null
    const all = Array.isArray(one['records']) ? one['records'].map(String) : []
    const ids = record ? [record.id] : all
    const seen = await readAs(ctx, userId, entity.ref, ids, [entity.titleField])
    if (seen.size === 0) continue
    const [first] = seen.values()
    const words = ctx.label(entity.ref, language)
    items.push({
      ...common,
      count: seen.size,
      entity: { plural: entity.plural, ...words },
      record:
        seen.size > 1
          ? null
          : { id: first!.id, title: titleOf(first![entity.titleField]) ?? words.one },
    })
  }
  return items
}

async function nameOf(ctx: HandlerContext, userId: string, one: RecordData): Promise<string> {
  if (typeof one['byId'] !== 'string') return String(one['byName'] ?? '')
  const [member] = (await readAs(ctx, userId, 'kernel:user', [one['byId']], ['name'])).values()
  return String(member?.['name'] ?? '')
}

function titleOf(value: unknown): string | null {
  if (typeof value === 'string' && value.trim() !== '') return value
  if (typeof value === 'number') return String(value)
  if (typeof value !== 'object' || value === null) return null
  return (
    Object.values(value)
      .filter((part) => typeof part === 'string' && part)
      .join(' ') || null
  )
}
