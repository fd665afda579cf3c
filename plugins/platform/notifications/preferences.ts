import type { HandlerContext, RecordData } from '@runwaycrm/sdk'
import { preferenceEntity, type Topic, topics } from './kinds.ts'

export type MailWhen = 'off' | 'now' | 'daily' | 'weekly'

/** How one person wants to be told; whoever never said gets the defaults of the fields. */
export interface Preferences {
  readonly inApp: Readonly<Record<Topic, boolean>>
  readonly mail: Readonly<Record<Topic, MailWhen>>
  /** 0 to 23, in `timeZone`. */
  readonly digestHour: number
  readonly digestDay: string
  readonly timeZone: string
  readonly language: string
  /** `crm.leads:lead/<id>`. */
  readonly muted: ReadonlySet<string>
}

const atOnce = 200

/** Of each of the people, whether they said anything or not. */
export async function preferencesOf(
  ctx: HandlerContext,
  userIds: readonly string[],
): Promise<ReadonlyMap<string, Preferences>> {
  const said = new Map<unknown, RecordData>()
  for (let at = 0; at < userIds.length; at += atOnce) {
    const { data } = await ctx.records.list(preferenceEntity, {
      filter: { ownerId: { $in: userIds.slice(at, at + atOnce) } },
      limit: atOnce,
    })
    for (const record of data) said.set(record['ownerId'], record)
  }
  const defaults = defaultsOf(ctx)
  return new Map(userIds.map((id) => [id, toPreferences(over(defaults, said.get(id)), ctx)]))
}

/** What was said before a wish could be said has the default of it. */
function over(defaults: Record<string, unknown>, said: RecordData | undefined) {
  const wishes = Object.entries(said ?? {}).filter(([, value]) => value !== null)
  return { ...defaults, ...Object.fromEntries(wishes) }
}

function defaultsOf(ctx: HandlerContext): Record<string, unknown> {
  const fields = ctx.model.entity(preferenceEntity)?.fields ?? []
  return Object.fromEntries(fields.map((field) => [field.apiName, field.default ?? null]))
}

function toPreferences(values: Record<string, unknown>, { org }: HandlerContext): Preferences {
  const muted = values['muted']
  return {
    inApp: byTopic((topic) => values[`${topic}InApp`] !== false),
    mail: byTopic((topic) => (values[`${topic}Mail`] ?? 'off') as MailWhen),
    digestHour: Number(values['digestHour'] ?? 8),
    digestDay: String(values['digestDay'] ?? 'monday'),
    timeZone: String(values['timeZone'] ?? org.timeZone),
    language: String(values['language'] ?? org.locale),
    muted: new Set(Array.isArray(muted) ? muted.map(String) : []),
  }
}

function byTopic<T>(of: (topic: Topic) => T): Readonly<Record<Topic, T>> {
  return Object.fromEntries(topics.map((topic) => [topic, of(topic)])) as Record<Topic, T>
}
