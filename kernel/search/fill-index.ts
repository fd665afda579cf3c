import { setTimeout as sleep } from 'node:timers/promises'
import type { Log, OrgInfo } from '@runwaycrm/sdk'
import type { RequestContext } from '../context/request-context.ts'
import type { Database, Statement, Tx } from '../database/postgres.ts'
import type { Queue } from '../jobs/queue.ts'
import type { Model } from '../model/model.ts'
import { createFillPages, isAt, type Page, placeOf } from './fill-page.ts'
import type { RecordReader } from './search-row.ts'
import { searchMark } from './searched-fields.ts'

export interface FillDeps {
  readonly db: Pick<Database, 'query' | 'transaction'>
  readonly reader: RecordReader
  readonly queue: Pick<Queue, 'enqueue'>
  readonly systemContext: (orgId: string) => Promise<RequestContext>
  readonly stateOf: (orgId: string) => Promise<{ org: OrgInfo; model: Model }>
  readonly log: Log
  /** Names the set of plugins of this deployment; under another one every organisation is looked at. */
  readonly mark: string
  /** Default 5,000 ms. */
  readonly pollMs?: number
}

export const fillJob = 'search_fill'
const orgsAtOnce = 100
const timeoutMs = 60_000
/** How often the log says how far it is. */
const reportRows = 100_000

/**
 * Writes the records that an organisation has into its index: after an upgrade, and after a revision that
 * changes which fields are searched. The place is kept with each page, so the job goes on where it was;
 * what is written meanwhile comes through the outbox.
 */
export function createIndexFiller(deps: FillDeps) {
  const { db, reader, queue, systemContext, stateOf, log, mark, pollMs = 5_000 } = deps
  const pages = createFillPages(reader)
  const stopping = new AbortController()
  let loop: Promise<void> | null = null

  /** Asks for a fill when the searched fields are others than those of the last one. */
  async function sync({ id: orgId }: OrgInfo, model: Model): Promise<void> {
    await begin(orgId, searchMark(model))
    await db.query(orgId, {
      name: 'search_note',
      text: 'select kernel.note_search($1)',
      values: [mark],
    })
  }

  /** @param wanted null begins anew in any case, behind all that happened until now. */
  async function begin(orgId: string, wanted: string | null): Promise<void> {
    await db.transaction(orgId, async (tx) => {
      const { rows } = await tx.one<{ isNew: boolean }>(beginStatement(orgId, wanted))
      if (rows.length === 0) return
      if (wanted === null || rows[0]?.isNew) await tx.one(skipStatement(orgId, wanted === null))
      const runAs = { type: 'system', id: null, userId: null, name: 'Search' } as const
      await queue.enqueue(orgId, [{ plugin: 'kernel', job: fillJob, payload: {}, runAs }], tx)
    })
  }

  async function run({ org, signal }: Pick<RequestContext, 'org' | 'signal'>): Promise<void> {
    const began = performance.now()
    let isBehind = 0
    let records = 0
    let reported = 0
    /** Read while the page before it is written. */
    let ahead: Promise<Page | null> | null = null
    for (;;) {
      signal.throwIfAborted()
      const ctx = await systemContext(org.id)
      const place = await placeOf(db, ctx)
      if (place === null) break
      if (place === 'stale') {
        // Another revision was published a moment ago, and the model here is the one before.
        isBehind += 1
        if (isBehind > 10) throw new Error('The model is not the one that the index is made for.')
        await sleep(500, undefined, { signal })
        continue
      }
      const read: Page | null = await ahead
      const page: Page = read && isAt(read, place) ? read : await pages.read(ctx, db, place)
      const last: string | null = page.last
      ahead = last ? pages.read(ctx, db, { ...place, after: last }).catch(() => null) : null
      const write = (tx: Tx) => pages.write(ctx, tx, page)
      records += (await db.transaction(org.id, write, { statementTimeoutMs: timeoutMs })) ?? 0
      if (records - reported >= reportRows) {
        reported = records
        report('the search of an organisation is being filled', org.id, records, began)
      }
    }
    if (records > 0) report('the search of an organisation is filled', org.id, records, began)
  }

  function report(message: string, orgId: string, records: number, began: number): void {
    const perSecond = Math.round(records / ((performance.now() - began) / 1000))
    log.info(message, { orgId, records, perSecond })
  }

  async function syncStale(): Promise<number> {
    const { rows } = await db.query<{ org_id: string }>(null, {
      name: 'search_stale',
      text: 'select org_id from kernel.stale_search($1, $2)',
      values: [mark, orgsAtOnce],
    })
    for (const { org_id: orgId } of rows) {
      if (stopping.signal.aborted) break
      try {
        const { org, model } = await stateOf(orgId)
        await sync(org, model)
      } catch (error) {
        log.error('the search of an organisation was not looked at', { orgId, error })
      }
    }
    return rows.length
  }

  async function poll(): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        await syncStale()
      } catch (error) {
        log.warn('search is not looked at', { error })
      }
      await sleep(pollMs, undefined, { signal: stopping.signal, ref: false }).catch(() => {})
    }
  }

  return {
    run,
    /** As `sync`, behind whoever asks. What fails is found again by the next search. */
    check(org: OrgInfo, model: Model): void {
      void sync(org, model).catch((error: unknown) => {
        if (stopping.signal.aborted) return
        log.warn('the search of an organisation was not looked at', { orgId: org.id, error })
      })
    },
    refill: (orgId: string) => begin(orgId, null),
    start() {
      loop ??= poll()
    },
    async stop() {
      stopping.abort()
      await loop
    },
  }
}

function beginStatement(orgId: string, wanted: string | null): Statement {
  return {
    name: 'search_begin',
    text: `insert into tenant.search_state as s (org_id, mark) values ($1, coalesce($2, ''))
      on conflict (org_id) do update
        set mark = coalesce($2, s.mark), entity = null, after = null, done = 0, is_ready = false
        where $2::text is null or s.mark <> $2
      returning s.xmax = 0 as "isNew"`,
    values: [orgId, wanted],
  }
}

/**
 * What the fill finds anyway, events need not tell: of a new index those that are kept no longer, else
 * all until now. The records of those are there to be read, as they were or newer.
 */
function skipStatement(orgId: string, isAll: boolean): Statement {
  return {
    name: 'search_skip',
    text: `select kernel.move_search(least(kernel.stream_seq(), case when $2 then null else (
        select o.seq - 1 from tenant.outbox o
          where o.org_id = $1 and o.seq is not null order by o.seq limit 1
      ) end))`,
    values: [orgId, isAll],
  }
}
