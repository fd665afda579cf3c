import { type Actor, type Door, type Origin, UnknownFieldError } from '@runwaycrm/sdk'
import type { RequestContext } from '../context/request-context.ts'
import type { Database, Statement } from '../database/postgres.ts'
import type { Entity } from '../model/model.ts'
import type { Codecs } from './fields.ts'
import {
  type FieldChange,
  type LedgerFields,
  ledgerKeysOf,
  showChanges,
  showValue,
} from './ledger-values.ts'
import { decodeCursor, encodeCursor, isVersion, type PageQuery, pageLimit } from './page-cursor.ts'
import { originOf } from './provenance.ts'
import type { Reader } from './read.ts'
import { showLinkChanges } from './seen-targets.ts'
import { storageOf } from './storage-columns.ts'

export interface HistoryEntry {
  readonly changeId: string
  readonly at: string
  readonly actor: Actor
  readonly version: number
  readonly op: 'create' | 'update' | 'delete' | 'restore'
  readonly origin: Origin
  /** Where it was found, for values from outside. */
  readonly source?: string
  readonly fields: Readonly<Record<string, FieldChange>>
}
export interface HistoryQuery extends PageQuery {
  /** Tells of one field alone: how it began and what it became. */
  readonly field?: string | undefined
}
export interface HistoryPage {
  readonly data: readonly HistoryEntry[]
  readonly page: { readonly nextCursor: string | null }
}

export interface HistoryDeps {
  readonly db: Database
  readonly codecs: Codecs
  readonly reader: Pick<Reader, 'get'>
}

interface LedgerRow {
  readonly change_set_id: string
  readonly at: string
  readonly actor: Actor
  readonly version: number
  readonly op: HistoryEntry['op']
  readonly fields: LedgerFields | null
  readonly door: Door | null
  readonly origin: string | null
  readonly source: string | null
}

/**
 * What became of a record, newest first. Shows what the reader may see of it now: a field that is
 * hidden from them leaves no entry, no name and no value.
 */
export function createHistory({ db, codecs, reader }: HistoryDeps) {
  /**
   * @throws NotFoundError when the record is missing, deleted or invisible; BadCursorError;
   *   UnknownFieldError for a field that is not there or hidden.
   */
  async function list(
    ctx: RequestContext,
    entity: Entity,
    id: string,
    query: HistoryQuery = {},
  ): Promise<HistoryPage> {
    const limit = pageLimit(query)
    const before = decodeCursor(query.cursor, [isVersion])?.[0] ?? null
    // The fields that the reader sees on this record, conditional masks included.
    const visible = chosen(new Set(Object.keys(await reader.get(ctx, entity, id))), query.field)
    const rows = await run<LedgerRow>(ctx, {
      name: 'history_page',
      text: `select l.change_set_id, l.at, l.actor, l.version, l.op, l.fields, c.door, c.origin, c.source
 from tenant.ledger l left join tenant.change_set c on c.org_id = l.org_id and c.id = l.change_set_id
 where l.org_id = $1 and l.entity = $2 and l.record_id = $3 and ($4::bigint is null or l.version < $4)
 and (l.op = any($7::text[]) or l.fields ?| $5::text[]) order by l.version desc limit $6`,
      values: [
        ctx.org.id,
        entity.ref,
        id,
        before,
        ledgerKeysOf(entity, visible),
        limit + 1,
        // One field is neither deleted nor restored.
        query.field === undefined ? ['create', 'delete', 'restore'] : ['create'],
      ],
    })
    const shown = rows.slice(0, limit)
    const first = shown.some((row) => row.op === 'create')
      ? await firstValues(ctx, entity, id, visible)
      : {}
    const fields = await showLinkChanges(
      ctx,
      entity,
      shown.map((row) =>
        row.op === 'create' ? first : showChanges(entity, row.fields ?? {}, visible, codecs),
      ),
      codecs,
      (statement) => run(ctx, statement),
    )
    return {
      data: shown.map((row, at) => ({
        changeId: row.change_set_id,
        at: row.at,
        actor: row.actor,
        version: row.version,
        op: row.op,
        origin: originOf(row.actor, row.door ?? 'api', row.origin),
        ...(row.source === null ? {} : { source: row.source }),
        fields: fields[at] ?? {},
      })),
      page: {
        nextCursor: rows.length > limit ? encodeCursor([shown.at(-1)?.version ?? 0]) : null,
      },
    }
  }

  /**
   * The values a record was created with: the ledger does not repeat them, so each is what its first
   * update found, or what it still is.
   */
  async function firstValues(
    ctx: RequestContext,
    entity: Entity,
    id: string,
    visible: ReadonlySet<string>,
  ): Promise<Record<string, FieldChange>> {
    const [present] = await run<{ row: Record<string, unknown>; is_whole: boolean }>(ctx, {
      text: `select to_jsonb(t) as row, t.version = 1 or exists (select from tenant.ledger l
 where l.org_id = $1 and l.record_id = $2 and l.version = 2) as is_whole
from ${entity.table} t where t.org_id = $1 and t.id = $2`,
      values: [ctx.org.id, id],
    })
    // Where the ledger let go of what came next, nobody knows how the record began.
    if (present?.is_whole === false) return {}
    const found = await run<{ key: string; value: unknown }>(ctx, {
      name: 'history_first',
      text: `select distinct on (f.key) f.key, f.value -> 0 as value from tenant.ledger l, jsonb_each(l.fields) f
 where l.org_id = $1 and l.entity = $2 and l.record_id = $3 and l.op = 'update' order by f.key, l.version`,
      values: [ctx.org.id, entity.ref, id],
    })
    const first = new Map(found.map(({ key, value }) => [key, value]))
    const custom = (present?.row.custom ?? {}) as Record<string, unknown>
    const shown: Record<string, FieldChange> = {}
    for (const [field, parts] of storageOf(entity).partsOf) {
      if (!visible.has(field.apiName)) continue
      const to = showValue(
        field,
        parts,
        ({ ledgerKey, column }) => {
          if (first.has(ledgerKey)) return first.get(ledgerKey)
          return column === null ? custom[ledgerKey] : present?.row[column]
        },
        codecs,
      )
      if (to !== null) shown[field.apiName] = { from: null, to }
    }
    return shown
  }

  async function run<R>(ctx: RequestContext, statement: Statement): Promise<R[]> {
    const result = await (ctx.tx ? ctx.tx.one<R>(statement) : db.query<R>(ctx.org.id, statement))
    return result.rows
  }

  return { list }
}

function chosen(visible: ReadonlySet<string>, field: string | undefined): ReadonlySet<string> {
  if (field === undefined) return visible
  if (visible.has(field)) return new Set([field])
  throw new UnknownFieldError(`There is no field "${field.slice(0, 100)}".`)
}

export type History = ReturnType<typeof createHistory>
