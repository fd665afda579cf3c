import { setTimeout as sleep } from 'node:timers/promises'
import type { Log, OrgInfo, RecordData } from '@runwaycrm/sdk'
import type { RequestContext } from '../context/request-context.ts'
import type { Database, Statement, Tx } from '../database/postgres.ts'
import type { Queue } from '../jobs/queue.ts'
import type { Entity, Model } from '../model/model.ts'
import { living } from '../records/query.ts'
import { searchedEntities, searchedFields, searchMark } from './searched-fields.ts'
import { lockIndex, writeIndex } from './write-index.ts'

export interface FillDeps {
  readonly db: Pick<Database, 'query' | 'transaction'>
  readonly reader: {
    getMany(
      ctx: RequestContext,
      entity: Entity,
      ids: readonly string[],
      options: { readonly fields: readonly string[] },
    ): Promise<ReadonlyMap<string, RecordData>>
  }
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
const pageRows = 1_000
const orgsAtOnce = 100
const timeoutMs = 60_000

interface State {
  readonly mark: string
  readonly entity: string | null
  readonly after: string | null
  readonly is_ready: boolean
}

/**
 * Writes the records that an organisation has into its index: after an upgrade, and after a revision that
 * changes which fields are searched. The place is kept with each thousand, so the job goes on where it was;
 * what is written meanwhile comes through the outbox.
 */
export function createIndexFiller(deps: FillDeps) {
  const { db, reader, queue, systemContext, stateOf, log, mark, pollMs = 5_000 } = deps
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

  /** @param wanted null begins anew in any case. */
  async function begin(orgId: string, wanted: string | null): Promise<void> {
    await db.transaction(orgId, async (tx) => {
      const { rows } = await tx.one(beginStatement(orgId, wanted))
      if (rows.length === 0) return
      const runAs = { type: 'system', id: null, userId: null, name: 'Search' } as const
      await queue.enqueue(orgId, [{ plugin: 'kernel', job: fillJob, payload: {}, runAs }], tx)
    })
  }

  async function run({ org, signal }: Pick<RequestContext, 'org' | 'signal'>): Promise<void> {
    let isBehind = 0
    for (let isDone = false; !isDone; ) {
      signal.throwIfAborted()
      const ctx = await systemContext(org.id)
      const outcome = await db.transaction(org.id, (tx) => fillSome({ ...ctx, tx }, tx), {
        statementTimeoutMs: timeoutMs,
      })
      isDone = outcome === 'done'
      if (outcome !== 'stale') continue
      // Another revision was published a moment ago, and the model here is the one before.
      isBehind += 1
      if (isBehind > 10) throw new Error('The model is not the one that the index is made for.')
      await sleep(500, undefined, { signal })
    }
  }

  async function fillSome(ctx: RequestContext, tx: Tx): Promise<'done' | 'more' | 'stale'> {
    const { id: orgId } = ctx.org
    await tx.one(lockIndex(orgId))
    const { rows } = await tx.one<State>({
      name: 'search_place',
      text: `select mark, entity, after, is_ready from tenant.search_state where org_id = $1 for update`,
      values: [orgId],
    })
    const state = rows[0]
    if (!state || state.is_ready) return 'done'
    if (state.mark !== searchMark(ctx.model)) return 'stale'
    const entities = searchedEntities(ctx.model)
    const place = entities.findIndex(({ ref }) => state.entity === null || ref >= state.entity)
    const entity = entities[place]
    if (!entity) {
      await tx.run(endStatements(orgId, entities))
      return 'done'
    }
    const after = state.entity === entity.ref ? state.after : null
    const { rows: next } = await tx.one<{ id: string }>(idsStatement(orgId, entity, after))
    const ids = next.map(({ id }) => id)
    const fields = searchedFields(entity).map(({ apiName }) => apiName)
    const found = await reader.getMany(ctx, entity, ids, { fields })
    const records = [...found.values()].map((record) => ({ entity, record }))
    const isEnd = ids.length < pageRows
    await writeIndex(orgId, tx, { records, gone: [] })
    await tx.one({
      name: 'search_move',
      text: 'update tenant.search_state set entity = $2, after = $3 where org_id = $1',
      values: isEnd
        ? [orgId, entities[place + 1]?.ref ?? afterAll, null]
        : [orgId, entity.ref, ids.at(-1)],
    })
    return 'more'
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

/** Sorts behind the name of every entity. */
const afterAll = '~'

function beginStatement(orgId: string, wanted: string | null): Statement {
  return {
    name: 'search_begin',
    text: `insert into tenant.search_state as s (org_id, mark) values ($1, coalesce($2, ''))
      on conflict (org_id) do update
        set mark = coalesce($2, s.mark), entity = null, after = null, is_ready = false
        where $2::text is null or s.mark <> $2
      returning 1`,
    values: [orgId, wanted],
  }
}

/** Which records come next; what is in them, the reader says. */
function idsStatement(orgId: string, entity: Entity, after: string | null): Statement {
  return {
    text: `select t.id from ${entity.table} t
      where t.org_id = $1 and t.id > $2 and ${living({ alias: 't', entity })}
      order by t.id limit ${pageRows}`,
    values: [orgId, after ?? '00000000-0000-0000-0000-000000000000'],
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
