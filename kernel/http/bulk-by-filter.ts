import {
  type BulkRequest,
  type BulkResult,
  type Filter,
  ForbiddenError,
  type ListQuery,
  NotFoundError,
  type RecordPage,
} from '@runwaycrm/sdk'
import type { RequestContext } from '../context/request-context.ts'
import type { Queue } from '../jobs/queue.ts'
import type { Entity } from '../model/model.ts'
import type { Transactions } from '../records/transactions.ts'
import type { BulkByFilter } from './record-requests.ts'

interface BulkByFilterDeps {
  readonly reader: {
    count(ctx: RequestContext, entity: Entity, filter?: Filter): Promise<number>
    list(ctx: RequestContext, entity: Entity, query: ListQuery): Promise<RecordPage>
  }
  readonly writer: Pick<Transactions, 'openChangeSet' | 'resumeChangeSet' | 'closeChangeSet'> & {
    bulk(ctx: RequestContext, entity: Entity, request: BulkRequest): Promise<BulkResult>
  }
  readonly queue: Queue
}

interface Payload extends BulkByFilter {
  readonly entity: string
  readonly changeSetId: string
}

/** The kernel's own job, beside those of plugins. */
export const bulkJob = 'bulk_by_filter'
const atOnce = 200

/**
 * Changes or deletes all records that match a filter, as one change set that a job fills. Doing it again
 * after a crash finds what is left: what was changed already is unchanged, what was deleted is gone.
 */
export function createBulkByFilter({ reader, writer, queue }: BulkByFilterDeps) {
  return {
    /** @throws ForbiddenError, UnknownFieldError, BadFilterError */
    async start(ctx: RequestContext, entity: Entity, request: BulkByFilter) {
      const operation = request.delete ? 'delete' : 'update'
      if (!ctx.ability.can(operation, entity.ref)) {
        throw new ForbiddenError(ctx.ability.reason(operation, entity.ref, null) ?? undefined)
      }
      const matched = await reader.count(ctx, entity, request.filter)
      const { labelPlural } = entity.definition
      const label = request.delete ? `Deleted ${labelPlural}` : `Changed ${labelPlural}`
      const alone: RequestContext = { ...ctx, changeSet: null }
      const { changeSet } = await writer.openChangeSet(alone, { label })
      const payload: Payload = { ...request, entity: entity.ref, changeSetId: changeSet.id }
      const { type, id, userId, name } = ctx.principal
      const job = {
        plugin: 'kernel',
        job: bulkJob,
        payload,
        runAs: { type, id, userId, name },
        traceId: ctx.traceId,
      }
      const [jobId] = await queue.enqueue(ctx.org.id, [job], ctx.tx)
      return { jobId, changeSetId: changeSet.id, matched }
    },

    /** @param ctx of whoever asked for it, with the rights they have now. */
    async run(ctx: RequestContext, input: unknown): Promise<void> {
      const { entity: ref, filter, changeSetId, ...change } = input as Payload
      const entity = ctx.model.entities.get(ref)
      if (!entity) throw new NotFoundError()
      const joined = await writer.resumeChangeSet(ctx, changeSetId)
      let cursor: string | undefined
      do {
        ctx.signal.throwIfAborted()
        const page: RecordPage = await reader.list(ctx, entity, {
          filter,
          fields: ['id'],
          limit: atOnce,
          ...(cursor === undefined ? {} : { cursor }),
        })
        const ids = page.data.map((record) => ({ id: record.id }))
        if (ids.length > 0) await writer.bulk(joined, entity, requestFor(ids, change))
        cursor = page.page.nextCursor ?? undefined
      } while (cursor !== undefined)
      await writer.closeChangeSet(joined)
    },
  }
}

function requestFor(
  ids: readonly { readonly id: string }[],
  { update }: Pick<BulkByFilter, 'update'>,
): BulkRequest {
  return update === undefined
    ? { delete: ids, atomic: false }
    : { update: ids.map((one) => ({ ...update, ...one })), atomic: false }
}
