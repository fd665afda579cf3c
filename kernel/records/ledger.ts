import { type Actor, type Door, NotFoundError } from '@runwaycrm/sdk'
import type { RequestContext } from '../context/request-context.ts'
import type { Database, Statement } from '../database/postgres.ts'
import { isUuid } from '../database/uuid.ts'
import { type BoundSql, bindSql } from './bound-sql.ts'
import type { Codecs } from './fields.ts'
import { alwaysVisible, fieldsIn, type LedgerFields } from './ledger-values.ts'
import { decodeCursor, encodeCursor, type PageQuery, pageLimit } from './page-cursor.ts'
import { privateEntities, readableRows, readsAllButPrivate } from './readable-ledger.ts'
import type { ChangeJob } from './transactions.ts'

/** A change set as the API shows it. */
export interface Change {
  readonly id: string
  readonly parentId: string | null
  readonly actor: Actor
  readonly door: Door
  readonly label: string | null
  readonly at: string
  readonly state: 'open' | 'done' | 'reverted'
  readonly revertedBy: string | null
  readonly counts: ChangeCounts
  /** Of one that a job fills, for whoever asked for it. */
  readonly job?: ChangeJob
  /** It has nothing of its own: it is all those whose `parentId` it is. */
  readonly isParts?: true
}
export interface ChangeCounts {
  readonly created: number
  readonly updated: number
  readonly deleted: number
  readonly restored: number
}
/** One version of one record within a change set. */
export interface ChangedRecord {
  /** The plural, or the reference when another entity has it. */
  readonly entity: string
  readonly id: string
  readonly op: 'create' | 'update' | 'delete' | 'restore'
  readonly version: number
  readonly fields: readonly string[]
}
export interface ChangePage {
  readonly data: readonly Change[]
  readonly page: { readonly nextCursor: string | null }
}
export interface ChangeDetail extends Change {
  readonly records: {
    readonly data: readonly ChangedRecord[]
    readonly page: { readonly nextCursor: string | null }
  }
}

export interface ChangeQuery extends PageQuery {
  readonly parent?: string | undefined
}

interface ChangeRow {
  readonly id: string
  readonly parent_id: string | null
  readonly actor: Actor
  readonly door: Door
  readonly label: string | null
  readonly state: Change['state']
  readonly created_at: string
  readonly reverted_by: string | null
  readonly counts: Partial<ChangeCounts>
  readonly job?: ChangeJob | null
}
interface LedgerRow {
  readonly id: string
  readonly entity: string
  readonly record_id: string
  readonly op: ChangedRecord['op']
  readonly version: number
  readonly fields: LedgerFields | null
}

const columns =
  'c.id, c.parent_id, c.actor, c.door, c.label, c.state, c.created_at, c.reverted_by, c.counts'
const countNames = {
  create: 'created',
  update: 'updated',
  delete: 'deleted',
  restore: 'restored',
} as const

/**
 * Change sets under the reader's ability: shown are those with a record that they may read, and their
 * own. Records that they may not read are neither listed nor counted.
 */
export function createLedger({ db, codecs }: { readonly db: Database; readonly codecs: Codecs }) {
  /** @param query.parent only those that belong to this one. */
  async function list(ctx: RequestContext, query: ChangeQuery = {}): Promise<ChangePage> {
    const limit = pageLimit(query)
    const before = decodeCursor(query.cursor, [isUuid])?.[0] ?? null
    const parent = query.parent ?? null
    const sql = bindSql(ctx, codecs, [ctx.org.id, before, limit + 1, parent])
    const where = visibleChange(ctx, sql)
    const rows = await run<ChangeRow>(ctx, {
      text: `select ${columns} from tenant.change_set c where c.org_id = $1
 and ($2::uuid is null or c.id < $2) and ($4::uuid is null or c.parent_id = $4)${where} order by c.id desc limit $3`,
      values: sql.values(),
    })
    const shown = rows.slice(0, limit)
    return {
      data: await withCounts(ctx, shown),
      page: { nextCursor: rows.length > limit ? encodeCursor([shown.at(-1)?.id ?? '']) : null },
    }
  }

  /**
   * A parent that has no row of its own is made of those that name it.
   *
   * @throws NotFoundError
   */
  async function find(ctx: RequestContext, id: string): Promise<Change> {
    const sql = bindSql(ctx, codecs, [ctx.org.id, id])
    const text = `select ${columns}, c.job from tenant.change_set c where c.org_id = $1 and c.id = $2${visibleChange(ctx, sql)}`
    const [row] = isUuid(id) ? await run<ChangeRow>(ctx, { text, values: sql.values() }) : []
    const [change] = row ? await withCounts(ctx, [row]) : []
    if (!row || !change) return asOne(id, await partsOf(ctx, id))
    const { id: me, type } = ctx.principal
    // What was refused names records that others may not see.
    const isMine = row.actor.id === me && row.actor.type === type
    return row.job && isMine ? { ...change, job: row.job } : change
  }

  async function partsOf(ctx: RequestContext, id: string): Promise<readonly Change[]> {
    if (!isUuid(id)) return []
    const sql = bindSql(ctx, codecs, [ctx.org.id, id])
    const text = `select ${columns} from tenant.change_set c where c.org_id = $1 and c.parent_id = $2
 and c.door <> 'revert'${visibleChange(ctx, sql)} order by c.id limit ${mostParts}`
    const parts = await withCounts(ctx, await run<ChangeRow>(ctx, { text, values: sql.values() }))
    if (parts.length === 0) throw new NotFoundError()
    return parts
  }

  /** The change set with a page of its records, in the order in which they were written. */
  async function get(
    ctx: RequestContext,
    id: string,
    query: PageQuery = {},
  ): Promise<ChangeDetail> {
    const change = await find(ctx, id)
    const limit = pageLimit(query)
    const ids = change.isParts ? (await partsOf(ctx, id)).map((part) => part.id) : [id]
    const after = decodeCursor(query.cursor, [isUuid])?.[0] ?? null
    const sql = bindSql(ctx, codecs, [ctx.org.id, ids, after, limit + 1])
    const readable = readableRows(ctx, sql.compiler, 'l')
    const rows = await run<LedgerRow>(ctx, {
      text: `select l.id, l.entity, l.record_id, l.op, l.version, l.fields from tenant.ledger l
 where l.org_id = $1 and l.change_set_id = any($2::uuid[]) and ($3::uuid is null or l.id > $3) and ${readable ?? 'true'}
 order by l.id limit $4`,
      values: sql.values(),
    })
    const shown = rows.slice(0, limit)
    return {
      ...change,
      records: {
        data: shown.map((row) => showRow(ctx, row)),
        page: { nextCursor: rows.length > limit ? encodeCursor([shown.at(-1)?.id ?? '']) : null },
      },
    }
  }

  function visibleChange(ctx: RequestContext, { compiler }: BoundSql): string {
    const readable = readableRows(ctx, compiler, 'l')
    if (readable === null) return ''
    const { id, type } = ctx.principal
    const isMine = `c.actor ->> 'id' = ${compiler.params.add(() => id)}::text and c.actor ->> 'type' = ${compiler.params.add(() => type)}::text`
    // One in which nothing was written hides nothing from who reads everything.
    const isEmpty = readsAllButPrivate(ctx)
      ? ` or not exists (select 1 from tenant.ledger l where l.org_id = $1 and l.change_set_id = c.id)`
      : ''
    return ` and (${isMine}${isEmpty} or exists (select 1 from tenant.ledger l
 where l.org_id = $1 and l.change_set_id = c.id and ${readable}))`
  }

  async function withCounts(ctx: RequestContext, rows: readonly ChangeRow[]): Promise<Change[]> {
    const all = rows.map((row) => row.id)
    const some = readsAllButPrivate(ctx) ? await ofPrivate(ctx, all) : all
    const sql = bindSql(ctx, codecs, [ctx.org.id, some])
    const readable = readableRows(ctx, sql.compiler, 'l')
    const counts = new Map(rows.map((row) => [row.id, { ...row.counts }]))
    if (readable !== null && some.length > 0) {
      for (const id of some) counts.set(id, {})
      const found = await run<{ id: string; op: ChangedRecord['op']; n: number }>(ctx, {
        text: `select l.change_set_id as id, l.op, count(*) as n from tenant.ledger l
 where l.org_id = $1 and l.change_set_id = any($2::uuid[]) and ${readable} group by 1, 2`,
        values: sql.values(),
      })
      for (const { id, op, n } of found)
        Object.assign(counts.get(id) ?? {}, { [countNames[op]]: n })
    }
    return rows.map((row) => ({
      id: row.id,
      parentId: row.parent_id,
      actor: row.actor,
      door: row.door,
      label: row.label,
      at: row.created_at,
      state: row.state,
      revertedBy: row.reverted_by,
      counts: { created: 0, updated: 0, deleted: 0, restored: 0, ...counts.get(row.id) },
    }))
  }

  /** Those that begin with what is somebody's alone; others hold nothing of it, or follow from a deed on others. */
  async function ofPrivate(ctx: RequestContext, ids: readonly string[]): Promise<string[]> {
    const refs = privateEntities(ctx)
    if (refs.length === 0 || ids.length === 0) return []
    const found = await run<{ id: string }>(ctx, {
      name: 'changes_of_private',
      text: `select c.id from unnest($2::uuid[]) c (id) cross join lateral (
          select l.entity from tenant.ledger l
            where l.org_id = $1 and l.change_set_id = c.id order by l.id limit 1
        ) f where f.entity = any($3::text[])`,
      values: [ctx.org.id, ids, refs],
    })
    return found.map(({ id }) => id)
  }

  async function run<R>(ctx: RequestContext, statement: Statement): Promise<R[]> {
    const result = await (ctx.tx ? ctx.tx.one<R>(statement) : db.query<R>(ctx.org.id, statement))
    return result.rows
  }

  return { list, find, get }
}
export type Ledger = ReturnType<typeof createLedger>

const mostParts = 1_000

/** @throws NotFoundError when there are none. */
function asOne(id: string, parts: readonly Change[]): Change {
  const [first] = parts
  if (!first) throw new NotFoundError()
  const sum = (name: keyof ChangeCounts) => parts.reduce((all, one) => all + one.counts[name], 0)
  const states = new Set(parts.map(({ state }) => state))
  const state = states.has('open') ? 'open' : states.has('done') ? 'done' : 'reverted'
  return {
    ...{ ...first, id, parentId: null, state, isParts: true },
    revertedBy: state === 'reverted' ? (parts.at(-1)?.revertedBy ?? null) : null,
    counts: {
      ...{ created: sum('created'), updated: sum('updated') },
      ...{ deleted: sum('deleted'), restored: sum('restored') },
    },
  }
}

function showRow(ctx: RequestContext, row: LedgerRow): ChangedRecord {
  const entity = ctx.model.entities.get(row.entity)
  const visible = entity ? alwaysVisible(ctx, entity) : new Set<string>()
  const fields = entity && row.fields ? [...fieldsIn(entity, row.fields)] : []
  return {
    entity: entity?.plural ?? row.entity,
    id: row.record_id,
    op: row.op,
    version: row.version,
    fields: fields.map((field) => field.apiName).filter((name) => visible.has(name)),
  }
}
