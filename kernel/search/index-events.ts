import { DatabaseUnavailableError, type Log, type RecordData } from '@runwaycrm/sdk'
import type { RequestContext } from '../context/request-context.ts'
import type { Database } from '../database/postgres.ts'
import type { OutboxEvent } from '../events/outbox.ts'
import type { EventSubscriber } from '../events/relay.ts'
import type { Entity } from '../model/model.ts'
import { searchedEntities, searchedFields } from './searched-fields.ts'
import { lockIndex, writeIndex } from './write-index.ts'

export interface IndexDeps {
  readonly db: Pick<Database, 'transaction'>
  readonly reader: {
    getMany(
      ctx: RequestContext,
      entity: Entity,
      ids: readonly string[],
      options: { readonly fields: readonly string[] },
    ): Promise<ReadonlyMap<string, RecordData>>
  }
  readonly systemContext: (orgId: string) => Promise<RequestContext>
  /** Everything of the organisation is to be written again. */
  readonly refill: (orgId: string) => Promise<void>
  readonly log: Log
}

const timeoutMs = 60_000

/**
 * Keeps the index behind the outbox. An event says which record changed, never how: the record is read as
 * it is now, so events may come twice or late. What cannot be indexed must not hold up other subscribers:
 * the organisation is filled again instead.
 */
export function createIndexer({
  db,
  reader,
  systemContext,
  refill,
  log,
}: IndexDeps): EventSubscriber {
  return async (orgId, events) => {
    const changed = changedRecords(events)
    if (changed.size === 0) return
    try {
      await index(orgId, changed)
    } catch (error) {
      if (error instanceof DatabaseUnavailableError) throw error
      log.error('records were not indexed; the index is filled again', { orgId, error })
      await refill(orgId)
    }
  }

  async function index(orgId: string, changed: ReadonlyMap<string, ReadonlySet<string>>) {
    const ctx = await systemContext(orgId)
    const entities = searchedEntities(ctx.model).filter(({ ref }) => changed.has(ref))
    await db.transaction(
      orgId,
      async (tx) => {
        await tx.one(lockIndex(orgId))
        const records: { entity: Entity; record: RecordData }[] = []
        const gone: string[] = []
        for (const entity of entities) {
          const ids = [...changed.get(entity.ref)!]
          const fields = searchedFields(entity).map(({ apiName }) => apiName)
          const found = await reader.getMany({ ...ctx, tx }, entity, ids, { fields })
          for (const id of ids) {
            const record = found.get(id)
            if (record) records.push({ entity, record })
            else gone.push(id)
          }
        }
        await writeIndex(orgId, tx, { records, gone })
      },
      { statementTimeoutMs: timeoutMs },
    )
  }
}

function changedRecords(events: readonly OutboxEvent[]): Map<string, Set<string>> {
  const changed = new Map<string, Set<string>>()
  for (const { event, entity, recordId } of events) {
    if (entity === null || recordId === null || !event.startsWith('record.')) continue
    const ids = changed.get(entity) ?? new Set()
    changed.set(entity, ids.add(recordId))
  }
  return changed
}
