import { type EntityInfo, errorClasses } from '@runwaycrm/sdk'
import type { RequestContext } from '../context/request-context.ts'
import { documentEntity } from './openapi-entity.ts'
import type { RecordOperation } from './record-routes.ts'
import { apiPrefix, type JsonSchema, type RouteDeclaration } from './route.ts'

type Operation = Readonly<Record<string, unknown>>
type Paths = Record<string, Record<string, Operation>>

/** The template routes with the operation that each is. */
export interface TemplateRoute {
  readonly operation: RecordOperation
  readonly route: RouteDeclaration
}

/**
 * The OpenAPI 3.1 document of one principal: entities that they may read with the fields that they may
 * see, and the routes that their rights open.
 */
export function openApiDocument(
  ctx: RequestContext,
  routes: readonly RouteDeclaration[],
  templates: readonly TemplateRoute[],
) {
  const paths: Paths = {}
  const schemas: Record<string, JsonSchema> = { Problem: problemSchema }
  for (const entity of ctx.model.entities.values()) {
    if (!ctx.ability.can('read', entity.ref) && !ctx.ability.can('create', entity.ref)) continue
    const documented = documentEntity(ctx, entity)
    Object.assign(schemas, documented.schemas)
    for (const { operation, route } of templates) {
      if (!isOpen(operation, documented.info)) continue
      add(paths, route, route.path.replace('/:plural', `/${entity.plural}`), {
        operationId: `${operation}_${entity.ref.replace(/\W/g, '_')}`,
        tags: [documented.info.labelPlural],
        body: documented.bodies[operation],
        answer: documented.answers[operation],
      })
    }
  }
  for (const route of routes) {
    if (route.listed === false) continue
    if (route.auth === 'operator') continue
    if (route.permission !== null && !ctx.ability.allows(route.permission)) continue
    add(paths, route, route.path, { tags: [route.tag] })
  }
  return {
    openapi: '3.1.0',
    info: { title: ctx.org.name, version: ctx.model.hash.slice(0, 12) },
    servers: [{ url: apiPrefix }],
    security: [{ key: [] }, { session: [] }],
    paths,
    components: {
      schemas,
      securitySchemes: {
        key: { type: 'http', scheme: 'bearer', description: 'An API key.' },
        session: { type: 'apiKey', in: 'cookie', name: 'runway' },
      },
    },
  }
}

function isOpen(operation: RecordOperation, { can }: EntityInfo): boolean {
  switch (operation) {
    case 'create':
      return can.create
    case 'update':
      return can.update
    case 'delete':
    case 'restore':
      return can.delete
    case 'bulk':
      return can.create || can.update || can.delete
    default:
      return can.read
  }
}

interface Extra {
  readonly operationId?: string
  readonly tags: readonly string[]
  readonly body?: JsonSchema | undefined
  readonly answer?: JsonSchema | undefined
}

function add(paths: Paths, route: RouteDeclaration, path: string, extra: Extra): void {
  const names = [...path.matchAll(/:(\w+)/g)].map((match) => match[1]!)
  const at = path.replace(/:(\w+)/g, '{$1}')
  const parameters = [
    ...names.map((name) => ({ name, in: 'path', required: true, schema: { type: 'string' } })),
    ...Object.entries(route.query === 'any' ? {} : route.query).map(([name, schema]) => ({
      name,
      in: 'query',
      schema,
    })),
    ...headersOf(route).map(([name, schema]) => ({ name, in: 'header', schema })),
  ]
  const body = extra.body ?? (route.body === 'any' ? { type: 'object' } : route.body)
  paths[at] ??= {}
  paths[at][route.method.toLowerCase()] = {
    operationId: extra.operationId ?? operationId(route),
    summary: route.summary,
    tags: extra.tags,
    parameters,
    ...(isOpenToAll(route) ? { security: [] } : {}),
    ...bodyOf(route, body),
    responses: {
      ...Object.fromEntries(
        Object.entries(route.response).map(([status, schema]) => [
          status,
          answerOf(route, status, extra.answer ?? schema),
        ]),
      ),
      default: {
        description: 'A problem.',
        content: { 'application/problem+json': { schema: problemReference } },
      },
    },
  }
}

/** What a call may carry besides, by what the route declares. */
function headersOf(route: RouteDeclaration): [name: string, schema: JsonSchema][] {
  const hasContext = route.auth === 'principal' || route.auth === 'session'
  return [
    ...(route.idempotency === 'key' ? [idempotencyKey] : []),
    ...(route.takesVersion ? [ifMatch] : []),
    ...(route.idempotency === 'safe' && hasContext ? [revision, asRole] : []),
  ]
}

const idempotencyKey: [string, JsonSchema] = [
  'Idempotency-Key',
  { type: 'string', maxLength: 255, description: 'Sent twice, it is done once; for 24 hours.' },
]
const ifMatch: [string, JsonSchema] = [
  'If-Match',
  { type: 'string', description: 'The ETag that the record must have; * or none: any.' },
]
const revision: [string, JsonSchema] = [
  'X-Runway-Revision',
  { type: 'string', enum: ['draft'], description: 'Read with the model as it is being drafted.' },
]
const asRole: [string, JsonSchema] = [
  'X-Runway-Role',
  { type: 'string', maxLength: 200, description: 'Read what this role would see. For admins.' },
]

function isOpenToAll(route: RouteDeclaration): boolean {
  return route.auth === 'none' || route.auth === 'credentials'
}

function operationId(route: RouteDeclaration): string {
  return `${route.method.toLowerCase()}${route.path.replace(/\W+/g, '_')}`
}

function bodyOf(route: RouteDeclaration, schema: JsonSchema | null) {
  if (route.upload) {
    const form = { type: 'object', properties: { file: { type: 'string', format: 'binary' } } }
    return { requestBody: { required: true, content: { 'multipart/form-data': { schema: form } } } }
  }
  if (schema === null) return {}
  return {
    requestBody: {
      required: !route.bodyOptional,
      content: { 'application/json': { schema } },
    },
  }
}

function answerOf(route: RouteDeclaration, status: string, schema: JsonSchema) {
  const isEmpty = Object.keys(schema).length === 0
  return {
    description: descriptions[status] ?? 'An answer.',
    ...(route.tellsVersion ? { headers: { ETag: { schema: { type: 'string' } } } } : {}),
    ...(isEmpty ? {} : { content: { 'application/json': { schema } } }),
  }
}

const descriptions: Readonly<Record<string, string>> = {
  200: 'Done.',
  201: 'Created.',
  202: 'Accepted; it goes on behind this answer.',
  204: 'Done; there is nothing to say.',
  303: 'Go there.',
}

const problemReference = { $ref: '#/components/schemas/Problem' }
const problemSchema: JsonSchema = {
  type: 'object',
  required: ['type', 'title', 'status', 'code', 'detail', 'requestId'],
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    code: { type: 'string', enum: errorClasses.map((ErrorClass) => new ErrorClass().code) },
    detail: { type: 'string' },
    requestId: { type: 'string' },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          path: { type: 'string' },
          code: { type: 'string' },
          message: { type: 'string' },
        },
      },
    },
  },
}
