import { DatabaseUnavailableError, type Log, type RecordData } from '@runwaycrm/sdk'
import type { RequestContext } from '../context/request-context.ts'
import type { Database } from '../database/postgres.ts'
import type { OutboxEvent } from '../events/outbox.ts'
import type { EventSubscriber } from '../events/relay.ts'
import type { Entity, Model } from '../model/model.ts'
import { storageOf } from '../records/storage-columns.ts'
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
    const ofRecords = events.filter(({ event }) => event.startsWith('record.'))
    if (ofRecords.length === 0) return
    try {
      await index(orgId, ofRecords)
    } catch (error) {
      if (error instanceof DatabaseUnavailableError) throw error
      log.error('records were not indexed; the index is filled again', { orgId, error })
      await refill(orgId)
    }
  }

  async function index(orgId: string, events: readonly OutboxEvent[]) {
    const ctx = await systemContext(orgId)
    const changed = changedRecords(events, ctx.model)
    if (changed.size === 0) return
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

/** By entity; without the records of which nothing changed that is searched. */
function changedRecords(
  events: readonly OutboxEvent[],
  model: Model,
): ReadonlyMap<string, ReadonlySet<string>> {
  const changed = new Map<string, Set<string>>()
  for (const event of events) {
    const { entity: ref, recordId } = event
    const entity = ref === null ? undefined : model.entities.get(ref)
    if (!entity || recordId === null || !mayChangeIndex(event, entity)) continue
    const ids = changed.get(entity.ref) ?? new Set()
    changed.set(entity.ref, ids.add(recordId))
  }
  return changed
}

/** A title that is computed may change with any field. */
function mayChangeIndex({ event, payload }: OutboxEvent, entity: Entity): boolean {
  const { fields } = payload
  if (event !== 'record.updated' || !Array.isArray(fields)) return true
  const { partsOf } = storageOf(entity)
  return searchedFields(entity).some(
    (field) =>
      field.storage.in === 'computed' ||
      partsOf.get(field)?.some(({ ledgerKey }) => fields.includes(ledgerKey)),
  )
}
