import { invalidAt } from '@runwaycrm/sdk'
import type { RequestContext } from '../context/request-context.ts'
import { inReadersLanguage } from '../model/words.ts'
import { actionAnswer, deferredAction } from './answer-schemas.ts'
import type { RouteDeclaration } from './route.ts'

export interface ActionRoutesDeps {
  readonly actions: {
    list(ctx: RequestContext): readonly object[]
    describe(ctx: RequestContext): readonly object[]
    run(
      ctx: RequestContext,
      ref: string,
      input: unknown,
      records?: { readonly entity: string; readonly ids: readonly string[] } | null,
    ): Promise<
      | { readonly output: unknown; readonly changeSetId?: string }
      | { readonly approvalId: string; readonly expiresAt: string }
    >
  }
}

interface RunBody {
  readonly input?: unknown
  readonly records?: { readonly entity: string; readonly ids: readonly string[] }
}

/** Deeds: what the principal may do, and doing it. Who may do what is the pipeline's to decide. */
export function actionRoutes({ actions }: ActionRoutesDeps): RouteDeclaration[] {
  const shared = { auth: 'principal', permission: null, tag: 'actions', query: {} } as const
  return [
    {
      ...shared,
      method: 'GET',
      path: '/actions',
      summary: 'What you may do',
      rate: 'normal',
      idempotency: 'safe',
      body: null,
      response: { 200: { type: 'object' } },
      handler: (call) => {
        const ctx = inReadersLanguage(call.context(), call.request.headers['accept-language'])
        return { status: 200, body: { data: actions.describe(ctx) } }
      },
    },
    {
      ...shared,
      method: 'POST',
      path: '/actions/:ref',
      summary: 'Do it',
      rate: 'costly',
      idempotency: 'key',
      body: {
        type: 'object',
        additionalProperties: false,
        properties: {
          input: {},
          records: {
            type: 'object',
            additionalProperties: false,
            required: ['entity', 'ids'],
            properties: {
              entity: { type: 'string', maxLength: 200 },
              ids: { type: 'array', items: { type: 'string' }, minItems: 1, maxItems: 1_000 },
            },
          },
        },
      },
      bodyOptional: true,
      response: { 200: actionAnswer, 202: deferredAction },
      handler: async (call) => {
        const ctx = inReadersLanguage(call.context(), call.request.headers['accept-language'])
        const { input = {}, records } = (call.body ?? {}) as RunBody
        const named = records && { ...records, entity: referenceOf(ctx, records.entity) }
        const answer = await actions.run(ctx, call.params['ref'] ?? '', input, named ?? null)
        return { status: 'approvalId' in answer ? 202 : 200, body: answer }
      },
    },
  ]
}

/** Both names of an entity will do. */
function referenceOf(ctx: RequestContext, name: string): string {
  const entity = ctx.model.entityByPlural.get(name) ?? ctx.model.entities.get(name)
  if (entity) return entity.ref
  const message = `There is no object "${name.slice(0, 100)}" here.`
  throw invalidAt('records.entity', 'UNKNOWN_RECORD', message)
}
