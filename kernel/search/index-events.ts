import type { FieldValues } from '@runwaycrm/sdk'
import type { RequestContext } from '../context/request-context.ts'
import { byIndex } from '../database/by-index.ts'
import type { Database, Statement, Tx } from '../database/postgres.ts'
import type { Entity } from '../model/model.ts'
import { storageOf } from '../records/storage-columns.ts'
import { type RecordReader, readRows, type SearchRow } from './search-row.ts'
import { searchedEntities, searchedFields, searchMark } from './searched-fields.ts'
import { lockIndex, writeIndex } from './write-index.ts'

export interface EventIndexerDeps {
  readonly db: Pick<Database, 'transaction'>
  readonly reader: RecordReader
}

/**
 * `done` when nothing waits any more, `more` when something does, `none` when there is no index yet, `stale`
 * when it is made for another model than the one here, `lost` when events are gone that it never saw.
 */
export type IndexOutcome = 'done' | 'more' | 'none' | 'stale' | 'lost'

const eventsAtOnce = 1_000
const timeoutMs = 60_000

interface Place {
  readonly seq: number
  readonly last: number
  readonly oldest: number | null
  readonly mark: string | null
}

interface Changed {
  readonly seq: number
  readonly event: string
  readonly entity: string | null
  readonly id: string | null
  readonly payload: FieldValues
}

/**
 * Brings the index to the next events of an organisation. An event says which record changed, never how: the
 * record is read as it is now, so events may come twice or late. Index and place move together.
 */
export function createEventIndexer({ db, reader }: EventIndexerDeps) {
  return (ctx: RequestContext): Promise<IndexOutcome> => {
    const orgId = ctx.org.id
    return db.transaction(
      orgId,
      async (tx) => {
        const [, , place] = await tx.run([byIndex, lockIndex(orgId), placeStatement(orgId)])
        const { seq, last, oldest, mark } = place!.rows[0] as unknown as Place
        if (last <= seq) return 'done'
        if (mark === null) return 'none'
        if (mark !== searchMark(ctx.model)) return 'stale'
        // Numbers have gaps, but hardly any: what is filled again in vain is rare.
        if (oldest === null || oldest > seq + 1) return 'lost'
        const { rows } = await tx.one<Changed>(eventsStatement(orgId, seq))
        await index({ ...ctx, tx }, tx, rows)
        const isEnd = rows.length < eventsAtOnce
        const reached = rows.at(-1)?.seq ?? last
        await tx.one(moveStatement(isEnd ? Math.max(last, reached) : reached))
        return isEnd ? 'done' : 'more'
      },
      { statementTimeoutMs: timeoutMs },
    )
  }

  async function index(ctx: RequestContext, tx: Tx, events: readonly Changed[]): Promise<void> {
    const rows: SearchRow[] = []
    const gone: string[] = []
    for (const entity of searchedEntities(ctx.model)) {
      const changed = events.filter((event) => mayChangeIndex(event, entity))
      if (changed.length === 0) continue
      const ids = [...new Set(changed.map(({ id }) => id as string))]
      const found = await readRows(reader, ctx, entity, ids)
      for (const id of ids) {
        const row = found.get(id)
        if (row) rows.push(row)
        else gone.push(id)
      }
    }
    await writeIndex(ctx.org.id, tx, { rows, gone })
  }
}

/** A title that is computed may change with any field. */
function mayChangeIndex({ event, entity: ref, id, payload }: Changed, entity: Entity): boolean {
  if (ref !== entity.ref || id === null || !event.startsWith('record.')) return false
  const { fields } = payload
  if (event !== 'record.updated' || !Array.isArray(fields)) return true
  const { partsOf } = storageOf(entity)
  return searchedFields(entity).some(
    (field) =>
      field.storage.in === 'computed' ||
      partsOf.get(field)?.some(({ ledgerKey }) => fields.includes(ledgerKey)),
  )
}

function placeStatement(orgId: string): Statement {
  return {
    name: 'search_events_place',
    text: `select kernel.search_seq() as seq, kernel.stream_seq() as last,
      (select o.seq from tenant.outbox o
        where o.org_id = $1 and o.seq is not null order by o.seq limit 1) as oldest,
      (select s.mark from tenant.search_state s where s.org_id = $1) as mark`,
    values: [orgId],
  }
}

function eventsStatement(orgId: string, seq: number): Statement {
  return {
    name: 'search_events',
    text: `select o.seq, o.event, o.entity, o.record_id as id, o.payload
      from tenant.outbox o where o.org_id = $1 and o.seq > $2 order by o.seq limit ${eventsAtOnce}`,
    values: [orgId, seq],
  }
}

/** The index has everything up to this event. */
function moveStatement(seq: number): Statement {
  return { name: 'search_stream_move', text: 'select kernel.move_search($1)', values: [seq] }
}
