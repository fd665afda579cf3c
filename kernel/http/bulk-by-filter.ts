import {
  type BulkRequest,
  type Filter,
  ForbiddenError,
  type ListQuery,
  NotFoundError,
  type RecordPage,
  type RunwayError,
  UniqueTakenError,
} from '@runwaycrm/sdk'
import type { RequestContext } from '../context/request-context.ts'
import type { Queue } from '../jobs/queue.ts'
import type { Entity } from '../model/model.ts'
import type { Writer } from '../records/change-set.ts'
import { kernelHooks, manageMembers } from '../records/kernel-hooks.ts'
import type { BulkByFilter } from './record-requests.ts'

interface BulkByFilterDeps {
  readonly reader: {
    count(ctx: RequestContext, entity: Entity, filter?: Filter): Promise<number>
    list(ctx: RequestContext, entity: Entity, query: ListQuery): Promise<RecordPage>
  }
  readonly writer: Pick<
    Writer,
    | 'openChangeSet'
    | 'resumeChangeSet'
    | 'closeChangeSet'
    | 'transaction'
    | 'records'
    | 'bulk'
    | 'checkUpdate'
  >
  readonly queue: Queue
}

interface Payload extends BulkByFilter {
  readonly entity: string
  readonly changeSetId: string
}

/** The kernel's own job, beside those of plugins. */
export const bulkJob = 'bulk_by_filter'
const atOnce = 200
/** Records on which a change is tried before it is promised. */
const tried = 10

/**
 * Changes or deletes all records that match a filter, as one change set that a job fills. Doing it again
 * after a crash finds what is left: what was changed already is unchanged, what was deleted is gone.
 */
export function createBulkByFilter({ reader, writer, queue }: BulkByFilterDeps) {
  return {
    /**
     * Checks what the job would refuse before anybody is told that it will be done.
     *
     * @throws ForbiddenError, UnknownFieldError, BadFilterError, InvalidError, FieldNotWritableError,
     *   UniqueTakenError and whatever all of the first records would be refused for.
     */
    async start(ctx: RequestContext, entity: Entity, request: BulkByFilter) {
      const operation = request.delete ? 'delete' : 'update'
      if (!ctx.ability.can(operation, entity.ref)) {
        throw new ForbiddenError(ctx.ability.reason(operation, entity.ref, null) ?? undefined)
      }
      if (request.update) writer.checkUpdate(ctx, entity, request.update, 'update')
      const matched = await reader.count(ctx, entity, request.filter)
      refuseForMany(ctx, entity, request, matched)
      await refuseInVain(ctx, entity, operation, request, matched)
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

  /**
   * Writes the first records and takes it back: what a relation, a hook or the kernel says is known only
   * then. Single records that are refused are no reason; they stay as they are.
   */
  async function refuseInVain(
    ctx: RequestContext,
    entity: Entity,
    operation: 'update' | 'delete',
    { filter, update }: BulkByFilter,
    matched: number,
  ): Promise<void> {
    if (matched === 0) return
    const { data } = await reader.list(ctx, entity, { filter, fields: ['id'], limit: tried })
    const drafts = data.map(({ id }) => ({ id, ...(update ? { values: update } : {}) }))
    const refusals: RunwayError[] = []
    const taken = new Error('Only a trial.')
    await writer
      .transaction({ ...ctx, changeSet: null }, async (inner) => {
        refusals.length = 0
        for (const outcome of await writer.records.write(inner, entity, operation, drafts, {
          answer: 'version',
        })) {
          if (outcome.status === 'failed') refusals.push(outcome.error)
        }
        throw taken
      })
      .catch((error: unknown) => {
        if (error !== taken) throw error
      })
    const [first] = refusals
    if (!first || refusals.length < drafts.length) return
    // Others than those that were tried may be theirs to change; values are as wrong for them.
    const isAll = drafts.length >= matched || refusals.every(({ status }) => status === 422)
    if (isAll) throw first
  }
}

/** What may be so for one record and never for many. */
function refuseForMany(
  ctx: RequestContext,
  entity: Entity,
  { update = {} }: BulkByFilter,
  matched: number,
): void {
  if (matched < 2) return
  if (kernelHooks.applies(entity) && !ctx.ability.allows(manageMembers)) {
    throw new ForbiddenError('Only those who manage members may change members and teams.')
  }
  for (const [name, value] of Object.entries(update)) {
    const field = entity.byApiName.get(name)
    if (field?.unique && value !== null && value !== '') {
      throw new UniqueTakenError(
        `No two records have the same value of "${name}", and ${matched} match.`,
        { extra: { field: name } },
      )
    }
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
