import type { Kind } from './kinds.ts'
import { wordsIn } from './tell.ts'

export interface DigestItem {
  readonly kind: Kind
  /** ISO in UTC. */
  readonly at: string
  /** Empty when nobody is named. */
  readonly by: string
  readonly count: number
  /** Null for work. */
  readonly entity: { readonly plural: string; readonly one: string; readonly many: string } | null
  /** Null when it is about several. */
  readonly record: { readonly id: string; readonly title: string } | null
  readonly data: Readonly<Record<string, unknown>>
}

export interface DigestFrame {
  /** BCP 47. */
  readonly language: string
  readonly timeZone: string
  readonly orgName: string
  /** Without a slash at the end. */
  readonly publicUrl: string
  t(key: string, values?: Record<string, string | number>): string
}

interface Group {
  readonly heading: string
  readonly url: string
  readonly lines: readonly string[]
}

/** The words of one mail; whoever sends it gives them the organisation's look. */
export function writeDigest(
  items: readonly DigestItem[],
  frame: DigestFrame,
): {
  readonly subject: string
  readonly text: string
  readonly action: { readonly label: string; readonly url: string }
} {
  const { t, orgName, publicUrl } = frame
  const count = items.length
  const inbox = `${publicUrl}/inbox`
  const paragraphs = [
    ...groupsOf(items, frame).map(({ heading, url, lines }) =>
      [heading, ...lines.map((line) => `– ${line}`), url].join('\n'),
    ),
    inbox,
    `${t('mail.settings')}: ${publicUrl}/settings/notifications`,
  ]
  return {
    subject: t(count === 1 ? 'mail.subjectOne' : 'mail.subject', { count, org: orgName }),
    text: paragraphs.join('\n\n'),
    action: { label: t('mail.inbox'), url: inbox },
  }
}

/** By record, in the order in which each is told of first. */
function groupsOf(items: readonly DigestItem[], frame: DigestFrame): Group[] {
  const byPlace = Map.groupBy(items, (item) => placeOf(item))
  return [...byPlace].map(([place, some]) => ({
    heading: headingOf(some[0]!, frame),
    url: `${frame.publicUrl}${place}`,
    lines: some.map((item) => lineOf(item, frame)),
  }))
}

function placeOf({ kind, entity, record, data }: DigestItem): string {
  if (typeof data['link'] === 'string') return data['link']
  if (!entity) return kind === 'message' || kind === 'alert' ? '/inbox' : '/changes'
  return record ? `/${entity.plural}/${record.id}` : `/${entity.plural}`
}

function headingOf({ kind, entity, record, count, data }: DigestItem, { t }: DigestFrame): string {
  if (record && entity) return `${record.title} (${entity.one})`
  if (entity) return `${count} ${entity.many}`
  if (kind === 'message' || kind === 'alert') return t('mail.messages')
  return typeof data['name'] === 'string' ? data['name'] : t('mail.work')
}

function lineOf(
  { kind, at, by, data }: DigestItem,
  { t, language, timeZone }: DigestFrame,
): string {
  const isNobody = by === '' && ['assigned', 'mentioned', 'message'].includes(kind)
  const key = isNobody ? `${kind}ByNobody` : kind
  const isTold = kind === 'message' || kind === 'alert'
  const counts = { written: Number(data['written'] ?? 0), failed: Number(data['failed'] ?? 0) }
  const { reason } = data
  const said = {
    ...{ by, ...counts },
    ...(isTold && { text: wordsIn(data['text'], language) }),
    ...(typeof reason === 'string' && { reason }),
  }
  return `${t(`mail.${key}`, said)} · ${formatMoment(at, language, timeZone)}`
}

function formatMoment(at: string, language: string, timeZone: string): string {
  const options = { dateStyle: 'medium', timeStyle: 'short', timeZone } as const
  try {
    return new Intl.DateTimeFormat(language, options).format(new Date(at))
  } catch {
    return new Intl.DateTimeFormat('en', { ...options, timeZone: 'UTC' }).format(new Date(at))
  }
}
