import type { RequestContext } from '../context/request-context.ts'
import { byIndex } from '../database/by-index.ts'
import type { Database, Statement, Tx } from '../database/postgres.ts'
import type { Entity } from '../model/model.ts'
import { living } from '../records/query.ts'
import { type RecordReader, readRows, type SearchRow } from './search-row.ts'
import { searchedEntities, searchMark } from './searched-fields.ts'
import { lockIndex, writeIndex } from './write-index.ts'

/** Records of one step, which keeps others from writing the same index for some hundred milliseconds. */
const pageRows = 2_000

/** Where a fill goes on. */
export interface FillPlace {
  /** Null behind the last one. */
  readonly entity: Entity | null
  readonly after: string
}

export interface Page extends FillPlace {
  readonly rows: ReadonlyMap<string, SearchRow>
  /** The last record of the page; null when none follow. */
  readonly last: string | null
}

interface State {
  readonly mark: string
  readonly entity: string | null
  readonly after: string | null
  readonly is_ready: boolean
}

const firstId = '00000000-0000-0000-0000-000000000000'
const lastId = 'ffffffff-ffff-ffff-ffff-ffffffffffff'
/** Sorts behind the name of every entity. */
const afterAll = '~'

/**
 * A page is read without the lock and written under it: what changed between is read again, so that
 * reading takes no time of those who wait for the lock.
 */
export function createFillPages(reader: RecordReader) {
  async function read(
    ctx: RequestContext,
    db: Pick<Database, 'query'>,
    place: FillPlace,
  ): Promise<Page> {
    const { entity, after } = place
    if (!entity) return { ...place, rows: new Map(), last: null }
    const { rows: ids } = await db.query<{ id: string }>(
      ctx.org.id,
      idsStatement(ctx.org.id, entity, after),
    )
    const rows = await readRows(
      reader,
      ctx,
      entity,
      ids.map(({ id }) => id),
    )
    return { ...place, rows, last: ids.length < pageRows ? null : ids.at(-1)!.id }
  }

  /** @returns how many records it wrote, or null when the fill is elsewhere by now. */
  async function write(ctx: RequestContext, tx: Tx, page: Page): Promise<number | null> {
    const { id: orgId } = ctx.org
    const [, , found] = await tx.run([byIndex, lockIndex(orgId), stateStatement(orgId, true)])
    const place = placeIn(ctx, found!.rows[0] as State | undefined)
    if (place === null || place === 'stale' || !isAt(page, place)) return null
    const { entity, after, last } = page
    const entities = searchedEntities(ctx.model)
    if (!entity) {
      await tx.run(endStatements(orgId, entities))
      return 0
    }
    const [versions, left] = await tx.run([
      versionsStatement(orgId, entity, [...page.rows.keys()]),
      leftStatement(orgId, entity, after, last ?? lastId),
    ])
    const rows: SearchRow[] = []
    const changed: string[] = []
    for (const { id, version } of versions!.rows as { id: string; version: number }[]) {
      const row = page.rows.get(id)!
      if (row.version === Number(version)) rows.push(row)
      else changed.push(id)
    }
    if (changed.length > 0) {
      rows.push(...(await readRows(reader, { ...ctx, tx }, entity, changed)).values())
    }
    await writeIndex(orgId, tx, { rows, gone: left!.rows.map((row) => String(row['id'])) })
    const next = entities[entities.indexOf(entity) + 1]?.ref ?? afterAll
    await tx.one(moveStatement(orgId, last ? entity.ref : next, last, rows.length))
    return rows.length
  }

  return { read, write }
}

/** @returns null when there is nothing to fill, `stale` when it is for another model than the one here. */
export async function placeOf(
  db: Pick<Database, 'query'>,
  ctx: RequestContext,
): Promise<FillPlace | 'stale' | null> {
  const { rows } = await db.query<State>(ctx.org.id, stateStatement(ctx.org.id, false))
  return placeIn(ctx, rows[0])
}

function placeIn({ model }: RequestContext, state: State | undefined): FillPlace | 'stale' | null {
  if (!state || state.is_ready) return null
  if (state.mark !== searchMark(model)) return 'stale'
  const ref = state.entity ?? ''
  const entity = searchedEntities(model).find((one) => one.ref >= ref) ?? null
  return { entity, after: (entity?.ref === ref && state.after) || firstId }
}

export function isAt(page: FillPlace, place: FillPlace): boolean {
  return page.entity === place.entity && page.after === place.after
}

function stateStatement(orgId: string, isHeld: boolean): Statement {
  return {
    name: isHeld ? 'search_hold' : 'search_place',
    text: `select mark, entity, after, is_ready from tenant.search_state
      where org_id = $1${isHeld ? ' for update' : ''}`,
    values: [orgId],
  }
}

/** Which records come next; what is in them, the reader says. */
function idsStatement(orgId: string, entity: Entity, after: string): Statement {
  return {
    text: `select t.id from ${entity.table} t
      where t.org_id = $1 and t.id > $2 and ${living({ alias: 't', entity })}
      order by t.id limit ${pageRows}`,
    values: [orgId, after],
  }
}

/** Those of a page that still live, as they are now. */
function versionsStatement(orgId: string, entity: Entity, ids: readonly string[]): Statement {
  return {
    text: `select t.id, t.version from ${entity.table} t
      where t.org_id = $1 and t.id = any ($2::uuid[]) and ${living({ alias: 't', entity })}`,
    values: [orgId, ids],
  }
}

/** What the index has between two records and nobody reads any more. */
function leftStatement(orgId: string, entity: Entity, after: string, last: string): Statement {
  return {
    text: `select s.record_id as id from tenant.search s
      where s.org_id = $1 and s.record_id > $2 and s.record_id <= $3 and s.entity = $4
        and not exists (
          select from ${entity.table} t
            where t.org_id = $1 and t.id = s.record_id and t.id > $2 and t.id <= $3
              and ${living({ alias: 't', entity })}
        )`,
    values: [orgId, after, last, entity.ref],
  }
}

function moveStatement(
  orgId: string,
  entity: string,
  after: string | null,
  count: number,
): Statement {
  return {
    name: 'search_move',
    text: `update tenant.search_state set entity = $2, after = $3, done = done + $4 where org_id = $1`,
    values: [orgId, entity, after, count],
  }
}

/** What is left of entities that are gone, and the mark that all is there. */
function endStatements(orgId: string, entities: readonly Entity[]): Statement[] {
  return [
    {
      name: 'search_left',
      text: `delete from tenant.search where org_id = $1 and entity <> all ($2::text[])`,
      values: [orgId, entities.map(({ ref }) => ref)],
    },
    {
      name: 'search_ready',
      text: 'update tenant.search_state set is_ready = true where org_id = $1',
      values: [orgId],
    },
  ]
}
