import { NotFoundError } from '@runwaycrm/sdk'
import type { RequestContext } from '../context/request-context.ts'
import { isUuid } from '../database/uuid.ts'
import type { RevertOptions, RevertResult } from '../records/revert.ts'
import { revertAnswer, startedChangeJob } from './answer-schemas.ts'
import type { StartedChangeJob } from './change-job.ts'
import { uuidValue } from './query-values.ts'
import { type PageQuery, pageQuery } from './record-requests.ts'
import type { Call, RouteDeclaration } from './route.ts'

export interface ChangeRoutesDeps {
  readonly ledger: {
    /** @param page.parent only those that belong to this one. */
    list(ctx: RequestContext, page: PageQuery & { parent?: string | undefined }): Promise<object>
    get(ctx: RequestContext, id: string, page: PageQuery): Promise<object>
  }
  /** At once, or by a job when there is too much for one request. */
  revert(
    ctx: RequestContext,
    id: string,
    options: RevertOptions,
  ): Promise<RevertResult | StartedChangeJob>
}

/** Change sets: what somebody did in one go, and taking it back. */
export function changeRoutes({ ledger, revert }: ChangeRoutesDeps): RouteDeclaration[] {
  const shared = { auth: 'principal', permission: null, tag: 'changes' } as const
  const page = {
    limit: { type: 'integer', minimum: 1, maximum: 200 },
    cursor: { type: 'string' },
  } as const
  return [
    {
      ...shared,
      method: 'GET',
      path: '/changes',
      summary: 'What was changed, newest first',
      rate: 'normal',
      idempotency: 'safe',
      query: { ...page, parent: { type: 'string', format: 'uuid' } },
      body: null,
      response: { 200: { type: 'object' } },
      handler: async (call) => ({
        status: 200,
        body: await ledger.list(call.context(), {
          ...pageQuery(call.query),
          parent: uuidValue(call.query, 'parent'),
        }),
      }),
    },
    {
      ...shared,
      method: 'GET',
      path: '/changes/:id',
      summary: 'One change set with its records',
      rate: 'normal',
      idempotency: 'safe',
      query: page,
      body: null,
      response: { 200: { type: 'object' } },
      handler: async (call) => ({
        status: 200,
        body: await ledger.get(call.context(), idOf(call), pageQuery(call.query)),
      }),
    },
    {
      ...shared,
      method: 'POST',
      path: '/changes/:id/revert',
      summary: 'Take all of it back',
      rate: 'costly',
      idempotency: 'key',
      writesRecords: true,
      query: {},
      body: {
        type: 'object',
        additionalProperties: false,
        properties: { dryRun: { type: 'boolean' }, onConflict: { enum: ['stop', 'skip'] } },
      },
      bodyOptional: true,
      response: { 200: revertAnswer, 202: startedChangeJob },
      handler: async (call) => {
        const options = (call.body ?? {}) as RevertOptions
        const body = await revert(call.context(), idOf(call), options)
        return { status: 'jobId' in body ? 202 : 200, body }
      },
    },
  ]
}

function idOf(call: Call): string {
  const { id } = call.params
  if (id === undefined || !isUuid(id)) throw new NotFoundError()
  return id.toLowerCase()
}
