import {
  type BulkRequest,
  type BulkResult,
  type Filter,
  ForbiddenError,
  type ListQuery,
  NotFoundError,
  type RecordPage,
  type RunwayError,
  UniqueTakenError,
} from '@runwaycrm/sdk'
import type { RequestContext } from '../context/request-context.ts'
import type { Entity } from '../model/model.ts'
import type { Writer } from '../records/change-set.ts'
import { kernelHooks, manageMembers } from '../records/kernel-hooks.ts'
import type { ChangeJob, Refusal } from '../records/transactions.ts'
import { type ChangeJobs, withRefusals } from './change-job.ts'
import type { BulkByFilter } from './record-requests.ts'

interface BulkByFilterDeps {
  readonly reader: {
    count(ctx: RequestContext, entity: Entity, filter?: Filter, deleted?: boolean): Promise<number>
    list(ctx: RequestContext, entity: Entity, query: ListQuery): Promise<RecordPage>
  }
  readonly writer: Pick<
    Writer,
    | 'resumeChangeSet'
    | 'closeChangeSet'
    | 'noteJob'
    | 'transaction'
    | 'records'
    | 'bulk'
    | 'checkUpdate'
  >
  readonly jobs: ChangeJobs
}

interface Payload extends BulkByFilter {
  readonly entity: string
  readonly changeSetId: string
  readonly matched: number
}

/** The kernel's own job, beside those of plugins. */
export const bulkJob = 'bulk_by_filter'
const atOnce = 200
/** Records on which a change is tried before it is promised. */
const tried = 10

/**
 * Changes, deletes or restores all records that match a filter, as one change set that a job fills. Doing it
 * again after a crash finds what is left: what was changed already is unchanged, what was deleted is gone, what
 * was restored is not in the trash.
 */
export function createBulkByFilter({ reader, writer, jobs }: BulkByFilterDeps) {
  return {
    /**
     * Checks what the job would refuse before anybody is told that it will be done.
     *
     * @throws ForbiddenError, UnknownFieldError, BadFilterError, InvalidError, FieldNotWritableError,
     *   UniqueTakenError and whatever all of the first records would be refused for.
     */
    async start(ctx: RequestContext, entity: Entity, request: BulkByFilter) {
      const operation = operationOf(request)
      if (!ctx.ability.can(operation, entity.ref)) {
        throw new ForbiddenError(ctx.ability.reason(operation, entity.ref, null) ?? undefined)
      }
      if (request.update) writer.checkUpdate(ctx, entity, request.update, 'update')
      const matched = await reader.count(ctx, entity, request.filter, request.restore)
      refuseForMany(ctx, entity, request, matched)
      await refuseInVain(ctx, entity, operation, request, matched)
      const { labelPlural } = entity.definition
      const label = `${words[operation]} ${labelPlural}`
      const payload = { ...request, entity: entity.ref }
      return jobs.begin(ctx, bulkJob, matched, payload, { label })
    },

    /** @param ctx of whoever asked for it, with the rights they have now. */
    async run(ctx: RequestContext, input: unknown): Promise<void> {
      const { entity: ref, filter, changeSetId, matched, ...change } = input as Payload
      const entity = ctx.model.entities.get(ref)
      if (!entity) throw new NotFoundError()
      const joined = await writer.resumeChangeSet(ctx, changeSetId)
      // Begun again after a crash, it comes past all that were refused once more.
      let job: ChangeJob = { matched, refused: 0, refusals: [] }
      let written = 0
      const progress = () => ({ changeSetId, matched, written, refused: job.refused })
      let cursor: string | undefined
      do {
        ctx.signal.throwIfAborted()
        const page: RecordPage = await reader.list(ctx, entity, {
          filter,
          fields: ['id'],
          limit: atOnce,
          ...inTrash(change),
          ...(cursor === undefined ? {} : { cursor }),
        })
        const ids = page.data.map((record) => ({ id: record.id }))
        if (ids.length > 0) {
          const { results } = await writer.bulk(joined, entity, requestFor(ids, change))
          const refusals = refusalsOf(entity, results)
          if (refusals.length > 0) {
            job = withRefusals(job, refusals)
            await writer.noteJob(joined, job)
          }
          written += results.length - refusals.length
          jobs.tell(ctx.org.id, ctx.principal, bulkJob, { ...progress(), isDone: false })
        }
        cursor = page.page.nextCursor ?? undefined
      } while (cursor !== undefined)
      await writer.closeChangeSet(joined)
      await jobs.end(ctx.org.id, ctx.principal, bulkJob, progress())
    },
  }

  /**
   * Writes the first records and takes it back: what a relation, a hook or the kernel says is known only
   * then. Single records that are refused are no reason; they stay as they are.
   */
  async function refuseInVain(
    ctx: RequestContext,
    entity: Entity,
    operation: 'update' | 'delete' | 'restore',
    { filter, update, restore }: BulkByFilter,
    matched: number,
  ): Promise<void> {
    if (matched === 0) return
    const sample = { filter, fields: ['id'], limit: tried, ...inTrash({ restore }) }
    const { data } = await reader.list(ctx, entity, sample)
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

const words = { update: 'Changed', delete: 'Deleted', restore: 'Restored' } as const

function operationOf(request: Pick<BulkByFilter, 'delete' | 'restore'>) {
  if (request.restore) return 'restore'
  return request.delete ? 'delete' : 'update'
}

function inTrash({ restore }: { readonly restore?: true | undefined }) {
  return restore ? ({ deleted: 'only' } as const) : {}
}

function requestFor(
  ids: readonly { readonly id: string }[],
  request: Omit<BulkByFilter, 'filter'>,
): BulkRequest {
  const operation = operationOf(request)
  if (operation !== 'update') return { [operation]: ids, atomic: false }
  return { update: ids.map((one) => ({ ...request.update, ...one })), atomic: false }
}

function refusalsOf(entity: Entity, results: BulkResult['results']): Refusal[] {
  return results.flatMap(({ id = '', problem }) => {
    if (!problem) return []
    const { code, detail, field } = problem
    return [{ entity: entity.plural, id, code, detail, ...(field === undefined ? {} : { field }) }]
  })
}
