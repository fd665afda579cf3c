import type { Actor, Filter, RecordData } from '@runwaycrm/sdk'
import { canReadField } from '../access/field-mask.ts'
import type { RequestContext } from '../context/request-context.ts'
import type { Database, Statement } from '../database/postgres.ts'
import { isUuid } from '../database/uuid.ts'
import type { Entity } from '../model/model.ts'
import { termOf, type Words } from '../model/words.ts'
import type { Codecs } from './fields.ts'
import { type LedgerFields, ledgerKeysOf, showChanges } from './ledger-values.ts'
import { decodeCursor, encodeCursor, isMoment, type PageQuery, pageLimit } from './page-cursor.ts'
import type { Reader } from './read.ts'
import { showLinkChanges } from './seen-targets.ts'

export const timelineKinds = [
  'change',
  'note',
  'call',
  'email',
  'task',
  'file',
  'agent',
  'approval',
] as const
export type TimelineKind = (typeof timelineKinds)[number]

export interface TimelineItem {
  readonly id: string
  readonly at: string
  readonly kind: TimelineKind
  readonly actor: Actor
  readonly title: string
  readonly record: { readonly entity: string; readonly id: string }
  readonly data: Readonly<Record<string, unknown>>
}
export interface TimelinePage {
  readonly data: readonly TimelineItem[]
  readonly page: { readonly nextCursor: string | null }
}
export interface TimelineQuery extends PageQuery {
  /** Kinds to show; all when missing. */
  readonly types?: readonly string[] | undefined
}

export interface TimelineDeps {
  readonly db: Database
  readonly codecs: Codecs
  readonly reader: Pick<Reader, 'get' | 'list'>
}

type Place = readonly [at: string, id: string] | null
interface Page {
  readonly place: Place
  readonly limit: number
  wants(kind: TimelineKind): boolean
}

/**
 * What happened around a record, newest first: its own changes, and the records of any entity whose
 * reference field `about` points to it, each under the reader's ability.
 */
export function createTimeline({ db, codecs, reader }: TimelineDeps) {
  /** @throws NotFoundError, BadCursorError */
  async function list(
    ctx: RequestContext,
    entity: Entity,
    id: string,
    query: TimelineQuery = {},
  ): Promise<TimelinePage> {
    const record = await reader.get(ctx, entity, id)
    const limit = pageLimit(query)
    const place = decodeCursor(query.cursor, [isMoment, isUuid]) as Place
    const wants = (kind: TimelineKind) => !query.types || query.types.includes(kind)
    const sources = pointingEntities(ctx).map((source) =>
      pointingItems(ctx, source, entity, record.id, { place, limit, wants }),
    )
    if (wants('change')) sources.unshift(changeItems(ctx, entity, record, place, limit))
    const items = (await Promise.all(sources)).flat()
    items.sort((a, b) => compare(b.at, a.at) || compare(b.id, a.id))
    const shown = items.slice(0, limit)
    const last = shown.at(-1)
    return {
      data: shown,
      page: { nextCursor: items.length > limit && last ? encodeCursor([last.at, last.id]) : null },
    }
  }

  async function changeItems(
    ctx: RequestContext,
    entity: Entity,
    record: RecordData,
    place: Place,
    limit: number,
  ): Promise<TimelineItem[]> {
    const visible = new Set(Object.keys(record))
    const { rows } = await db.query<ChangeRow>(ctx.org.id, {
      name: 'timeline_changes',
      text: `select id, change_set_id, at, actor, version, op, fields from tenant.ledger l
 where l.org_id = $1 and l.entity = $2 and l.record_id = $3 and (l.op <> 'update' or l.fields ?| $4::text[])
 and ($5::timestamptz is null or (date_trunc('milliseconds', l.at), l.id) < ($5, $6::uuid))
 order by l.at desc, l.id desc limit $7`,
      values: [
        ctx.org.id,
        entity.ref,
        record.id,
        ledgerKeysOf(entity, visible),
        place?.[0] ?? null,
        place?.[1] ?? null,
        limit + 1,
      ],
    })
    const changes = await showLinkChanges(
      ctx,
      entity,
      rows.map((row) => showChanges(entity, row.fields ?? {}, visible, codecs)),
      codecs,
      async <R>(statement: Statement) => (await db.query<R>(ctx.org.id, statement)).rows,
    )
    return rows.map((row, at) => {
      const fields = changes[at] ?? {}
      return {
        id: row.id,
        at: row.at,
        kind: 'change',
        actor: row.actor,
        title: changeTitle(entity, row.op, Object.keys(fields)),
        record: { entity: entity.plural, id: record.id },
        data: { changeId: row.change_set_id, op: row.op, version: row.version, fields },
      }
    })
  }

  async function pointingItems(
    ctx: RequestContext,
    source: Entity,
    target: Entity,
    id: string,
    { place, limit, wants }: Page,
  ): Promise<TimelineItem[]> {
    const here: Filter = { 'about.id': id, 'about.entity': target.ref }
    const filter = place ? { ...here, createdAt: { $lte: place[0] } } : here
    const items: TimelineItem[] = []
    let cursor: string | undefined
    // Ids cannot be compared in a filter, so records of the very moment of the place are passed over.
    do {
      const { data, page } = await reader.list(ctx, source, {
        filter,
        sort: '-createdAt,-id',
        limit: Math.min(200, limit + 1),
        ...(cursor ? { cursor } : {}),
      })
      for (const record of data) {
        const item = pointingItem(ctx, source, record)
        if (item && wants(item.kind) && isBehind(item, place)) items.push(item)
      }
      cursor = page.nextCursor ?? undefined
    } while (cursor && items.length <= limit)
    return items
  }

  return { list }
}
export type Timeline = ReturnType<typeof createTimeline>

interface ChangeRow {
  readonly id: string
  readonly change_set_id: string
  readonly at: string
  readonly actor: Actor
  readonly version: number
  readonly op: string
  readonly fields: LedgerFields | null
}

/** Entities whose records can point anywhere, as far as the reader may see that they do. */
function pointingEntities(ctx: RequestContext): Entity[] {
  return [...ctx.model.entities.values()].filter(
    (entity) =>
      entity.fields.get('about')?.typeDefinition.kind === 'reference' &&
      ctx.ability.can('read', entity.ref) &&
      ['about', 'createdAt'].every((name) => canReadField(ctx.ability, entity, name)),
  )
}

function isBehind({ at, id }: TimelineItem, place: Place): boolean {
  return place === null || at < place[0] || (at === place[0] && id < place[1])
}

/** Null when the reader may not see when it was made: then it has no place in the order. */
function pointingItem(words: Words, entity: Entity, record: RecordData): TimelineItem | null {
  const { id, createdAt, createdBy } = record
  if (typeof createdAt !== 'string') return null
  const title = entity.fields.get(entity.titleField)
  return {
    id,
    at: createdAt,
    kind: kindOf(entity, record),
    actor: (createdBy as Actor | undefined) ?? { type: 'system', id: null, name: '' },
    title: String((title && record[title.apiName]) ?? termOf(words, entity).one),
    record: { entity: entity.plural, id },
    data: record,
  }
}

/** What its `type` says (an activity may be a call), else what the entity is called, else a note. */
function kindOf(entity: Entity, record: RecordData): TimelineKind {
  const isKind = (name: unknown): name is TimelineKind =>
    name !== 'change' && timelineKinds.includes(name as TimelineKind)
  if (isKind(record.type)) return record.type
  return isKind(entity.key) ? entity.key : 'note'
}

function changeTitle(entity: Entity, op: string, names: readonly string[]): string {
  if (op === 'create') return 'Created'
  if (op === 'delete') return 'Deleted'
  if (op === 'restore') return 'Restored'
  const labels = names.map((name) => entity.byApiName.get(name)?.label ?? name)
  return `Changed ${labels.join(', ')}`
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
