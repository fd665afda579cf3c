import {
  type Brand,
  ForbiddenError,
  InvalidError,
  NotFoundError,
  type RecordData,
  toId,
  UnknownFieldError,
} from '@runwaycrm/sdk'
import type { Ability } from '../access/build-ability.ts'
import { explain, relationsOfRules } from '../access/explain.ts'
import { type Operation, operations } from '../access/resolve-rules.ts'
import { actorOf, type RequestContext } from '../context/request-context.ts'
import type { ExportRequest } from '../model/export-layer.ts'
import type { Entity } from '../model/model.ts'
import type { Revisions } from '../model/revisions.ts'
import { inReadersLanguage } from '../model/words.ts'
import { type MapTiles, modelView } from './model-view.ts'
import { oneOf } from './query-values.ts'
import { itemsFor } from './reader.ts'
import type { Call, JsonSchema, RouteDeclaration } from './route.ts'

export interface StudioRoutesDeps {
  readonly revisions: Revisions
  /** The own layer as a plugin of another id. */
  exportLayer(ctx: RequestContext, request: ExportBody): Promise<object>
  readonly orgStates: {
    get(orgId: string): Promise<{
      readonly revision: number
      readonly brand: Brand
    }>
  }
  readonly reader: {
    get(
      ctx: RequestContext,
      entity: Entity,
      id: string,
      options?: { expand?: readonly string[] },
    ): Promise<RecordData>
  }
  readonly actions: { list(ctx: RequestContext): readonly object[] }
  readonly map: MapTiles | null
  emailOf(ctx: RequestContext): Promise<string | null>
  /** The number of the last event there is. */
  lastEvent(orgId: string): Promise<number>
  /** Somebody else's rights. Null for a user who has none. */
  abilityOf(ctx: RequestContext, userId: string): Promise<Ability | null>
  systemContext(orgId: string): Promise<RequestContext>
}

export type ExportBody = Partial<ExportRequest>

const text = (maxLength: number): JsonSchema => ({ type: 'string', maxLength })

/** Shaping the organisation's own layer, and what everybody sees of the result. */
export function studioRoutes(deps: StudioRoutesDeps): RouteDeclaration[] {
  const { revisions } = deps
  const shared = {
    auth: 'principal',
    tag: 'studio',
    query: {},
    rate: 'normal',
    body: null,
  } as const
  const look = { ...shared, method: 'GET', idempotency: 'safe', permission: 'studio:read' } as const
  const shape = { ...shared, method: 'POST', permission: 'studio:write' } as const
  const object = { type: 'object' } as const
  const orgOf = (call: Call) => call.context().org.id

  return [
    {
      ...look,
      permission: null,
      path: '/model',
      summary: 'What you may see: entities, pages, views, actions',
      response: { 200: object },
      handler: async (call) => {
        const ctx = inReadersLanguage(call.context(), call.request.headers['accept-language'])
        const [state, email, cursor] = await Promise.all([
          deps.orgStates.get(ctx.org.id),
          deps.emailOf(ctx),
          deps.lastEvent(ctx.org.id),
        ])
        const { revision, brand } = state
        const actions = deps.actions.list(ctx)
        return {
          status: 200,
          body: modelView(ctx, { revision, brand, email, cursor, actions, map: deps.map }),
        }
      },
    },
    {
      ...look,
      permission: null,
      path: '/access/explain',
      summary: 'Why somebody may do something, or may not',
      query: {
        entity: text(200),
        id: text(36),
        action: text(20),
        field: text(63),
        userId: text(36),
      },
      response: { 200: object },
      handler: async (call) => ({ status: 200, body: await explainCall(call) }),
    },
    {
      ...look,
      path: '/studio/draft',
      summary: 'The own layer as it is being changed',
      response: { 200: object },
      handler: async (call) => ({ status: 200, body: await revisions.draft(orgOf(call)) }),
    },
    {
      ...shape,
      method: 'PATCH',
      path: '/studio/draft',
      summary: 'Change some leaves of the draft, all or none',
      idempotency: 'natural',
      body: {
        ...object,
        additionalProperties: false,
        required: ['ops'],
        properties: { ops: { type: 'array' } },
      },
      response: { 200: object },
      handler: async (call) => {
        const { ops } = call.body as { ops: Parameters<Revisions['edit']>[1] }
        const { org, principal } = call.context()
        return { status: 200, body: await revisions.edit(org.id, ops, actorOf(principal)) }
      },
    },
    {
      ...shape,
      method: 'DELETE',
      path: '/studio/draft',
      summary: 'Throw the draft away',
      idempotency: 'natural',
      response: { 204: {} },
      handler: async (call) => {
        const { org, principal } = call.context()
        await revisions.discard(org.id, actorOf(principal))
        return { status: 204 }
      },
    },
    {
      ...shape,
      path: '/studio/plan',
      summary: 'What publishing would change',
      idempotency: 'safe',
      response: { 200: object },
      handler: async (call) => {
        const { hash, items } = await revisions.plan(orgOf(call))
        return { status: 200, body: { hash, items: itemsFor(call, items) } }
      },
    },
    {
      ...shape,
      path: '/studio/publish',
      summary: 'Make the draft a revision',
      idempotency: 'key',
      body: {
        ...object,
        additionalProperties: false,
        required: ['hash'],
        properties: { hash: text(128), message: text(500) },
      },
      response: { 201: object },
      handler: async (call) => {
        const { hash, message = '' } = call.body as { hash: string; message?: string }
        const { org, principal } = call.context()
        const published = await revisions.publish(
          org.id,
          { hash, message },
          actorOf(principal),
          principal,
        )
        return { status: 201, body: published }
      },
    },
    {
      ...shape,
      path: '/studio/rollback',
      summary: 'Publish an older revision again',
      idempotency: 'key',
      body: {
        ...object,
        additionalProperties: false,
        required: ['revision'],
        properties: { revision: { type: 'integer', minimum: 1, maximum: 2_147_483_647 } },
      },
      response: { 201: object },
      handler: async (call) => {
        const { revision } = call.body as { revision: number }
        const { org, principal } = call.context()
        const body = await revisions.rollback(org.id, revision, actorOf(principal), principal)
        return { status: 201, body }
      },
    },
    {
      ...look,
      path: '/studio/revisions',
      summary: 'What was published, newest first',
      response: { 200: object },
      handler: async (call) => ({
        status: 200,
        body: { data: await revisions.list(orgOf(call)) },
      }),
    },
    {
      ...shared,
      method: 'POST',
      permission: 'studio:read',
      path: '/studio/export',
      summary: 'The own layer as a plugin',
      idempotency: 'safe',
      body: {
        ...object,
        additionalProperties: false,
        properties: {
          id: text(63),
          version: text(40),
          title: text(120),
          pick: { type: 'array', items: text(200), minItems: 1, maxItems: 1000 },
          params: { ...object, additionalProperties: text(1000), maxProperties: 100 },
        },
      },
      bodyOptional: true,
      response: { 200: object },
      handler: async (call) => ({
        status: 200,
        body: await deps.exportLayer(call.context(), (call.body ?? {}) as ExportBody),
      }),
    },
  ]

  async function explainCall(call: Call) {
    const ctx = call.context()
    const { entity: name, id, field, userId } = call.query
    const operation: Operation = oneOf(call.query, 'action', operations) ?? 'read'
    if (name === undefined) throw required('entity')
    const entity = ctx.model.entityByPlural.get(name) ?? ctx.model.entities.get(name)
    if (!entity) throw new NotFoundError()
    const known = field === undefined ? undefined : entity.byApiName.get(field)
    if (field !== undefined && !known) throw unknownField(entity, field)
    const ability = await whose(ctx, userId)
    let record: RecordData | null = null
    if (id !== undefined) {
      // Seen by whoever asks, judged by all of its values.
      await deps.reader.get(ctx, entity, id)
      const expand = relationsOfRules(ability, entity, (ref) => ctx.model.entities.get(ref))
      const system = await deps.systemContext(ctx.org.id)
      record = await deps.reader.get(system, entity, id, { expand })
    }
    // Whatever rules say, nobody writes what the system keeps of a record; the owner is a person's to set.
    const isKept = known?.system === true && known.apiName !== 'ownerId'
    if (isKept && (operation === 'create' || operation === 'update')) {
      return { allowed: false, because: [] }
    }
    return explain(ability, operation, entity.ref, record, field)
  }

  async function whose(ctx: RequestContext, userId: string | undefined): Promise<Ability> {
    if (userId === undefined || userId === ctx.principal.userId) return ctx.ability
    if (!ctx.ability.allows('members:manage') && !ctx.ability.allows('studio:read')) {
      throw new ForbiddenError('Only those who manage members may ask about others.')
    }
    const ability = toId(userId) === null ? null : await deps.abilityOf(ctx, userId)
    if (!ability) throw new NotFoundError()
    return ability
  }
}

function unknownField({ plural }: Entity, field: string) {
  const message = `There is no field "${field.slice(0, 80)}" on ${plural}.`
  return new UnknownFieldError(message, {
    errors: [{ path: 'field', code: 'UNKNOWN_FIELD', message }],
  })
}

function required(path: string) {
  const message = 'This is required.'
  return new InvalidError(undefined, { errors: [{ path, code: 'REQUIRED', message }] })
}
