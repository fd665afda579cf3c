import type { RecordData } from '@runwaycrm/sdk'

export type NoticeKind =
  | 'assigned'
  | 'approval'
  | 'mentioned'
  | 'due'
  | 'overdue'
  | 'work_done'
  | 'work_failed'
  | 'turned_off'
  | 'message'
  | 'alert'

/** A notification as the inbox shows it. */
export interface Notice {
  readonly id: string
  readonly kind: NoticeKind
  readonly at: string
  readonly isRead: boolean
  readonly isArchived: boolean
  /** Reference of the entity; null for work. */
  readonly entity: string | null
  /** Null when it is about several records, or none. */
  readonly recordId: string | null
  readonly field: string | null
  readonly count: number
  /** The member who did it, or the name of what did. */
  readonly byId: string | null
  readonly byName: string | null
  readonly data: Readonly<Record<string, unknown>>
}

export type InboxTab = 'unread' | 'all' | 'archived'

/** What of a notification the inbox asks for; not the ids of hundreds of records. */
export const noticeFields = [
  'kind',
  'record',
  'entityRef',
  'field',
  'count',
  'byId',
  'byName',
  'data',
  'readAt',
  'archivedAt',
  'createdAt',
] as const

export const tabFilters: Readonly<Record<InboxTab, Readonly<Record<string, unknown>>>> = {
  unread: { shown: true, archivedAt: null, readAt: null },
  all: { shown: true, archivedAt: null },
  archived: { shown: true, archivedAt: { $exists: true } },
}

export function toNotice(record: RecordData): Notice {
  const about = record['record'] as { readonly id?: unknown } | null | undefined
  const text = (key: string) => (typeof record[key] === 'string' ? (record[key] as string) : null)
  return {
    id: record.id,
    kind: record['kind'] as NoticeKind,
    at: text('createdAt') ?? '',
    isRead: text('readAt') !== null,
    isArchived: text('archivedAt') !== null,
    entity: text('entityRef'),
    recordId: typeof about?.id === 'string' ? about.id : null,
    field: text('field'),
    count: Number(record['count'] ?? 1),
    byId: text('byId'),
    byName: text('byName'),
    data: (record['data'] ?? {}) as Readonly<Record<string, unknown>>,
  }
}

/** In the order in which they stand, under the heading of their day. */
export function byDay(
  notices: readonly Notice[],
  dayOf: (at: string) => string,
): readonly { readonly day: string; readonly notices: readonly Notice[] }[] {
  return [...Map.groupBy(notices, ({ at }) => dayOf(at))].map(([day, some]) => ({
    day,
    notices: some,
  }))
}

/** The key of the sentence: who did it is said where that is known. Null for what is said in words of its own. */
export function sentenceOf({ kind, byId, byName, count, recordId }: Notice): string | null {
  const isMany = recordId === null && count > 1
  if (kind === 'assigned')
    return `assigned${isMany ? 'Many' : ''}${byId === null && byName === null ? 'ByNobody' : ''}`
  if (kind === 'message') return null
  if (kind === 'alert') return isMany ? 'alertMany' : null
  if (kind === 'mentioned' || kind === 'approval')
    return byId === null && byName === null ? `${kind}ByNobody` : kind
  return {
    ...{ due: 'due', overdue: 'overdue', work_done: 'workDone', work_failed: 'workFailed' },
    turned_off: 'turnedOff',
  }[kind]
}

/** What a plugin or a workflow says, in the language that is read or in the one that comes nearest. */
export function saidIn({ data }: Pick<Notice, 'data'>, language: string): string {
  const { text } = data
  if (typeof text === 'string') return text
  if (typeof text !== 'object' || text === null) return ''
  const all = text as Readonly<Record<string, string>>
  return (
    all[language] ?? all[language.split('-')[0] ?? ''] ?? all['en'] ?? Object.values(all)[0] ?? ''
  )
}

/** Where it leads on this site, when that is not the record; never to another site. */
export function linkOf({ data }: Pick<Notice, 'data'>): string | null {
  const { link } = data
  return typeof link === 'string' && /^\/(?![/\\])/.test(link) ? link : null
}
