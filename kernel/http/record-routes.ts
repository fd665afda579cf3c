import {
  type AggregateQuery,
  type BulkRequest,
  type BulkResult,
  type FieldValues,
  ForbiddenError,
  type ListQuery,
  NotFoundError,
  type RecordData,
  type RecordPage,
  ScopeMissingError,
} from '@runwaycrm/sdk'
import type { Operation } from '../access/resolve-rules.ts'
import type { RequestContext } from '../context/request-context.ts'
import { isUuid } from '../database/uuid.ts'
import type { Entity } from '../model/model.ts'
import { bulkAnswer, startedChangeJob } from './answer-schemas.ts'
import { AllowedMethods } from './problem.ts'
import { namesOf } from './query-values.ts'
import {
  aggregateQuery,
  type BulkByFilter,
  bulkRequest,
  getOptions,
  listQuery,
  type PageQuery,
  pageQuery,
  timelineTypes,
} from './record-requests.ts'
import { type Answer, apiPrefix, type Call, noContent, type RouteDeclaration } from './route.ts'

export interface RecordRoutesDeps {
  readonly reader: {
    list(ctx: RequestContext, entity: Entity, query: ListQuery): Promise<RecordPage>
    get(
      ctx: RequestContext,
      entity: Entity,
      id: string,
      options?: { fields?: readonly string[]; expand?: readonly string[] },
    ): Promise<RecordData>
    aggregate(
      ctx: RequestContext,
      entity: Entity,
      query: AggregateQuery,
    ): Promise<{ readonly data: readonly object[] }>
  }
  readonly writer: {
    create(ctx: RequestContext, entity: Entity, values: FieldValues): Promise<RecordData>
    update(
      ctx: RequestContext,
      entity: Entity,
      id: string,
      values: FieldValues,
      version?: number,
    ): Promise<RecordData>
    delete(ctx: RequestContext, entity: Entity, id: string, version?: number): Promise<void>
    restore(ctx: RequestContext, entity: Entity, id: string, version?: number): Promise<RecordData>
    bulk(ctx: RequestContext, entity: Entity, request: BulkRequest): Promise<BulkResult>
  }
  /** What happened to one record, newest first. */
  history(
    ctx: RequestContext,
    entity: Entity,
    id: string,
    query: PageQuery & { readonly field?: string | undefined },
  ): Promise<object>
  provenance(ctx: RequestContext, entity: Entity, id: string): Promise<object>
  timeline(
    ctx: RequestContext,
    entity: Entity,
    id: string,
    query: PageQuery & { readonly types?: readonly string[] },
  ): Promise<object>
  /** Starts a change of all records that match. */
  bulkByFilter(ctx: RequestContext, entity: Entity, request: BulkByFilter): Promise<object>
}

/** The calls on one entity; template routes, listed per entity of the model. */
const recordOperations = [
  'list',
  'create',
  'get',
  'update',
  'delete',
  'restore',
  'bulk',
  'aggregate',
  'history',
  'provenance',
  'timeline',
] as const
export type RecordOperation = (typeof recordOperations)[number]

const text = { type: 'string' } as const
const pageParameters = {
  limit: { type: 'integer', minimum: 1, maximum: 200 },
  cursor: text,
} as const

/**
 * Records of every entity through one dispatcher. Organisations differ in their entities and routes are
 * fixed at boot, so the entity is found in the model of whoever asks.
 */
export function recordRoutes(deps: RecordRoutesDeps): RecordRoutes {
  const { reader, writer } = deps
  const shared = { auth: 'principal', permission: null, tag: 'records', listed: false } as const

  const calls: Record<RecordOperation, Template> = {
    list: {
      ...shared,
      below: '',
      method: 'GET',
      summary: 'List records',
      rate: 'normal',
      idempotency: 'safe',
      query: {
        filter: { type: 'string', description: 'Filter as JSON.' },
        sort: text,
        fields: text,
        expand: text,
        ...pageParameters,
        offset: { type: 'integer', minimum: 0, maximum: 100_000 },
        count: { enum: ['exact', 'estimate'] },
        deleted: { enum: ['only'] },
      },
      body: null,
      response: { 200: {} },
      handler: async (call) => {
        const [ctx, entity] = enter(call, 'read')
        mayInGeneral(ctx, 'read', entity)
        return { status: 200, body: await reader.list(ctx, entity, listQuery(call.query)) }
      },
    },
    create: {
      ...shared,
      below: '',
      method: 'POST',
      summary: 'Create a record',
      rate: 'normal',
      idempotency: 'key',
      writesRecords: true,
      tellsVersion: true,
      query: {},
      body: 'any',
      response: { 201: {} },
      handler: async (call) => {
        const [ctx, entity] = enter(call, 'create')
        const record = await writer.create(ctx, entity, call.body as FieldValues)
        return {
          status: 201,
          body: record,
          headers: { location: `${pathOf(call, entity)}/${record.id}`, etag: etagOf(record) },
        }
      },
    },
    get: {
      ...shared,
      below: '/:id',
      method: 'GET',
      summary: 'Get a record',
      rate: 'normal',
      idempotency: 'safe',
      tellsVersion: true,
      query: { fields: text, expand: text },
      body: null,
      response: { 200: {} },
      handler: async (call) => {
        const [ctx, entity] = enter(call, 'read')
        const options = getOptions(call.query)
        return found(await reader.get(ctx, entity, idOf(call), options))
      },
    },
    update: {
      ...shared,
      below: '/:id',
      method: 'PATCH',
      summary: 'Change some fields',
      rate: 'normal',
      idempotency: 'natural',
      takesVersion: true,
      tellsVersion: true,
      query: {},
      body: 'any',
      response: { 200: {} },
      handler: async (call) => {
        const [ctx, entity] = enter(call, 'update')
        const { ifMatch, body } = call
        return found(await writer.update(ctx, entity, idOf(call), body as FieldValues, ifMatch))
      },
    },
    delete: {
      ...shared,
      below: '/:id',
      method: 'DELETE',
      summary: 'Delete a record; it can be restored',
      rate: 'normal',
      idempotency: 'natural',
      takesVersion: true,
      query: {},
      body: null,
      response: { 204: {} },
      handler: async (call) => {
        const [ctx, entity] = enter(call, 'delete')
        await writer.delete(ctx, entity, idOf(call), call.ifMatch)
        return noContent
      },
    },
    restore: {
      ...shared,
      below: '/:id/restore',
      method: 'POST',
      summary: 'Restore a deleted record',
      rate: 'normal',
      idempotency: 'key',
      writesRecords: true,
      takesVersion: true,
      tellsVersion: true,
      query: {},
      body: null,
      response: { 200: {} },
      handler: async (call) => {
        const [ctx, entity] = enter(call, 'restore')
        return found(await writer.restore(ctx, entity, idOf(call), call.ifMatch))
      },
    },
    bulk: {
      ...shared,
      below: '/bulk',
      method: 'POST',
      summary: 'Write up to 1,000 records at once, or all that match a filter',
      rate: 'costly',
      idempotency: 'key',
      writesRecords: true,
      query: {},
      body: 'any',
      bodyLimit: 8 * 1_048_576,
      response: { 200: bulkAnswer, 202: startedChangeJob },
      handler: async (call) => {
        const [ctx, entity] = enter(call, 'update')
        const request = bulkRequest(call.body as Record<string, unknown>)
        if ('filter' in request) {
          return { status: 202, body: await deps.bulkByFilter(ctx, entity, request) }
        }
        return { status: 200, body: await writer.bulk(ctx, entity, request) }
      },
    },
    aggregate: {
      ...shared,
      below: '/aggregate',
      method: 'POST',
      summary: 'Count, sum and group',
      rate: 'costly',
      idempotency: 'safe',
      query: {},
      body: 'any',
      response: { 200: {} },
      handler: async (call) => {
        const [ctx, entity] = enter(call, 'read')
        mayInGeneral(ctx, 'read', entity)
        const query = aggregateQuery(call.body as Record<string, unknown>)
        return { status: 200, body: await reader.aggregate(ctx, entity, query) }
      },
    },
    history: {
      ...shared,
      below: '/:id/history',
      method: 'GET',
      summary: 'What changed, when and by whom',
      rate: 'normal',
      idempotency: 'safe',
      query: { ...pageParameters, field: text },
      body: null,
      response: { 200: {} },
      handler: async (call) => {
        const [ctx, entity] = enter(call, 'read')
        const field = call.query['field']
        const query = { ...pageQuery(call.query), ...(field ? { field } : {}) }
        return { status: 200, body: await deps.history(ctx, entity, idOf(call), query) }
      },
    },
    provenance: {
      ...shared,
      below: '/:id/provenance',
      method: 'GET',
      summary: 'Where each value came from, when and by whom',
      rate: 'normal',
      idempotency: 'safe',
      query: {},
      body: null,
      response: { 200: {} },
      handler: async (call) => {
        const [ctx, entity] = enter(call, 'read')
        return { status: 200, body: await deps.provenance(ctx, entity, idOf(call)) }
      },
    },
    timeline: {
      ...shared,
      below: '/:id/timeline',
      method: 'GET',
      summary: 'All that happened around a record',
      rate: 'normal',
      idempotency: 'safe',
      query: { ...pageParameters, types: text },
      body: null,
      response: { 200: {} },
      handler: async (call) => {
        const [ctx, entity] = enter(call, 'read')
        const types = timelineTypes(namesOf(call.query['types']))
        const query = { ...pageQuery(call.query), ...(types ? { types } : {}) }
        return { status: 200, body: await deps.timeline(ctx, entity, idOf(call), query) }
      },
    },
  }

  /** PUT would replace a whole record, which nobody can do who does not see all of its fields. */
  const put: Template = {
    ...shared,
    below: '/:id',
    method: 'PUT',
    summary: 'Not served: use PATCH',
    rate: 'normal',
    idempotency: 'natural',
    query: {},
    body: 'any',
    bodyOptional: true,
    response: { 405: {} },
    handler: (call) => {
      enter(call, 'update')
      throw new AllowedMethods(['GET', 'HEAD', 'PATCH', 'DELETE'])
    },
  }

  const declare = ({ below, ...route }: Template, base: string): RouteDeclaration => ({
    ...route,
    path: `${base}${below}`,
  })
  return {
    routes: [...Object.values(calls), put].flatMap((template) => [
      declare(template, '/:plural'),
      declare(template, '/records/:ref'),
    ]),
    templates: recordOperations.map((operation) => ({
      operation,
      route: declare(calls[operation], '/:plural'),
    })),
  }
}

type Template = Omit<RouteDeclaration, 'path'> & { readonly below: string }

export interface RecordRoutes {
  readonly routes: readonly RouteDeclaration[]
  /** One per operation, for whoever lists them per entity. */
  readonly templates: readonly {
    readonly operation: RecordOperation
    readonly route: RouteDeclaration
  }[]
}

/** Context and entity of a call. @throws NotFoundError, ScopeMissingError */
function enter(call: Call, operation: Operation): [RequestContext, Entity] {
  const ctx = call.context()
  const { plural, ref } = call.params
  const entity =
    plural !== undefined ? ctx.model.entityByPlural.get(plural) : ctx.model.entities.get(ref ?? '')
  if (!entity) throw new NotFoundError()
  const scope = ctx.ability.missingScope(operation, entity.ref)
  if (scope !== null) throw new ScopeMissingError(`The key lacks the scope ${scope}.`)
  return [ctx, entity]
}

/** Where no single record decides. */
function mayInGeneral(ctx: RequestContext, operation: Operation, entity: Entity): void {
  if (ctx.ability.can(operation, entity.ref)) return
  throw new ForbiddenError(ctx.ability.reason(operation, entity.ref, null) ?? undefined)
}

function idOf(call: Call): string {
  const { id } = call.params
  if (id === undefined || !isUuid(id)) throw new NotFoundError()
  return id.toLowerCase()
}

function pathOf(call: Call, entity: Entity): string {
  return call.params['plural'] === undefined
    ? `${apiPrefix}/records/${entity.ref}`
    : `${apiPrefix}/${entity.plural}`
}

function etagOf(record: RecordData): string {
  return `"${record.version}"`
}

function found(record: RecordData): Answer {
  return { status: 200, body: record, headers: { etag: etagOf(record) } }
}
