import type { WebsocketHandler } from '@fastify/websocket'
import {
  BadJsonError,
  InvalidError,
  UnauthenticatedError,
  UnsupportedMediaTypeError,
} from '@runwaycrm/sdk'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { RequestContext } from '../context/request-context.ts'
import { type AdmissionDeps, createAdmission } from './admission.ts'
import type { Caller } from './authenticate.ts'
import { createSchemaChecks } from './check-schema.ts'
import { parseForm } from './form-body.ts'
import { hashBody, type RunOnce } from './idempotency.ts'
import { ifMatchVersion } from './if-match.ts'
import { checkJsonType, parseJsonBody } from './json-body.ts'
import { AllowedMethods } from './problem.ts'
import { readQuery } from './query-values.ts'
import { type Answer, apiPrefix, type Call, type RouteDeclaration } from './route.ts'
import { send } from './send.ts'
import { receiveUpload } from './upload.ts'

export interface RouteHostDeps extends AdmissionDeps {
  readonly runOnce: RunOnce
  /** Where the file of an upload waits while its handler runs. */
  readonly uploadFolder: string
  /** The largest file of an upload. */
  readonly uploadLimitBytes: number
}

declare module 'fastify' {
  interface FastifyRequest {
    caller: Caller | null
    context: RequestContext | null
  }
  interface FastifyContextConfig {
    declaration?: RouteDeclaration
  }
}

/**
 * Serves declared routes and no others. A route that does not say who may call it, what it costs and
 * what happens when it is called twice stops the boot.
 */
export function createRouteHost(app: FastifyInstance, deps: RouteHostDeps) {
  const admission = createAdmission(deps)
  const compile = createSchemaChecks()
  const methods = new Map<string, Set<string>>()
  const declared: RouteDeclaration[] = []

  app.decorateRequest('caller', null)
  app.decorateRequest('context', null)
  app.addHook('onRoute', (route) => {
    if (!route.config?.declaration) {
      throw new Error(`${route.method} ${route.url} declares nothing; see RouteDeclaration.`)
    }
  })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    try {
      checkJsonType(request.headers['content-type'] ?? '')
      done(null, body.length === 0 ? undefined : parseJsonBody(body as Buffer))
    } catch (error) {
      done(error as Error)
    }
  })
  // Other sites can make a browser post this, so only routes that know nobody take it.
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string' },
    (request, body, done) => {
      const form = request.routeOptions.config.declaration?.form
      if (form === undefined) done(new UnsupportedMediaTypeError())
      else if (form === 'unread') done(null, undefined)
      else {
        try {
          done(null, parseForm(body as string))
        } catch (error) {
          done(error as Error)
        }
      }
    },
  )

  /** @param more `wsHandler` takes over what is upgraded to a WebSocket after it was admitted. */
  function add(
    route: RouteDeclaration,
    scope: FastifyInstance = app,
    more: { readonly wsHandler?: WebsocketHandler } = {},
  ): void {
    const problem = missingIn(route)
    if (problem) throw new Error(`${route.method} ${route.path}: ${problem}`)
    const url = route.root ? route.path : `${apiPrefix}${route.path}`
    declared.push(route)
    const hasHead = route.method === 'GET' && route.idempotency === 'safe'
    if (!route.catchAll) noteMethods(url, hasHead ? ['GET', 'HEAD'] : [route.method])
    scope.route({
      method: route.method,
      url,
      bodyLimit: route.bodyLimit ?? 1_048_576,
      exposeHeadRoute: hasHead,
      config: { declaration: route },
      onRequest: admission(route),
      handler: handlerOf(route),
      ...more,
    })
  }

  function noteMethods(url: string, served: readonly string[]): void {
    const known = methods.get(url) ?? new Set<string>()
    methods.set(url, known)
    for (const method of served) known.add(method)
  }

  /** Every other method of an address that is served: 405, with what is allowed. */
  function closeMethods(): void {
    for (const [url, known] of methods) {
      const others = everyMethod.filter((method) => !known.has(method))
      const declaration = { ...notAllowed, path: url }
      app.route({
        method: others,
        url,
        exposeHeadRoute: false,
        config: { declaration },
        onRequest: (_request, _reply, done) => done(new AllowedMethods([...known])),
        handler: () => {
          throw new AllowedMethods([...known])
        },
      })
    }
  }

  function handlerOf(route: RouteDeclaration) {
    const checkBody = bodyCheckOf(route, compile)
    const isKeyed = route.idempotency === 'key'
    return async (request: FastifyRequest, reply: FastifyReply) => {
      const query = route.query === 'any' ? noQuery : readQuery(request.query, route.query)
      if (!route.upload && !route.raw) checkBody(request.body)
      const upload = route.upload
        ? await receiveUpload(request, deps.uploadFolder, deps.uploadLimitBytes)
        : null
      const call: Call = {
        request,
        reply,
        requestId: request.id,
        caller: request.caller,
        context: () => contextOf(request),
        params: request.params as Record<string, string>,
        query,
        body: request.body,
        ifMatch: route.takesVersion ? ifMatchVersion(request.headers['if-match']) : undefined,
        upload,
      }
      const key = isKeyed ? request.headers['idempotency-key'] : undefined
      try {
        const answer =
          key === undefined || !request.context
            ? await route.handler(call)
            : await once(route, call, request.context, String(key))
        return send(reply, answer)
      } finally {
        if (upload) await upload.dispose()
      }
    }
  }

  function once(route: RouteDeclaration, call: Call, ctx: RequestContext, key: string) {
    const path = call.request.url.split('?', 1)[0]!
    const keyed = {
      key,
      target: `${route.method} ${path}`,
      bodyHash: call.upload?.digest ?? hashBody(call.body),
    }
    return deps.runOnce(
      ctx,
      keyed,
      async (inside) => route.handler({ ...call, context: () => inside }),
      { inTransaction: route.writesRecords ?? false },
    )
  }

  return { add, closeMethods, compile, declared: declared as readonly RouteDeclaration[] }
}

export type RouteHost = ReturnType<typeof createRouteHost>

const noQuery = Object.freeze({})
const everyMethod = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

function contextOf(request: FastifyRequest): RequestContext {
  if (!request.context) throw new UnauthenticatedError()
  return request.context
}

function bodyCheckOf(
  route: RouteDeclaration,
  compile: ReturnType<typeof createSchemaChecks>,
): (body: unknown) => void {
  const { body, bodyOptional = false } = route
  if (body === null) return refuseBody
  const check = body === 'any' ? checkObject : compile(body)
  return (value) => {
    if (value !== undefined) return check(value)
    if (!bodyOptional) throw new BadJsonError()
  }
}

function checkObject(value: unknown): void {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return
  throw new InvalidError('The body must be an object.', {
    errors: [{ path: '', code: 'WRONG_TYPE', message: 'It must be an object.' }],
  })
}

/** Clients that always send `{}` are fine. */
function refuseBody(value: unknown): void {
  if (value === undefined || value === null) return
  checkObject(value)
  const names = Object.keys(value as object)
  if (names.length === 0) return
  throw new InvalidError('This call takes no body.', {
    errors: names.slice(0, 20).map((path) => ({
      path,
      code: 'UNKNOWN_FIELD' as const,
      message: 'There is no such field.',
    })),
  })
}

const notAllowed = {
  method: 'GET',
  summary: 'Not served',
  tag: 'none',
  auth: 'none',
  permission: null,
  rate: 'none',
  idempotency: 'safe',
  query: {},
  body: null,
  response: { 405: {} },
  listed: false,
  handler: (): Answer => ({ status: 405 }),
} as const satisfies Omit<RouteDeclaration, 'path'>

function missingIn(route: RouteDeclaration): string | null {
  if (route.summary === '') return 'has no summary.'
  if (Object.keys(route.response).length === 0) return 'declares no response.'
  if (route.method === 'GET' && route.idempotency !== 'safe' && route.idempotency !== 'never') {
    return 'a GET is safe, or never repeated.'
  }
  if (route.method !== 'GET' && route.idempotency === 'safe' && route.method !== 'POST') {
    return `${route.method} changes something, so it is not safe.`
  }
  if (route.permission !== null && (route.auth === 'none' || route.auth === 'credentials')) {
    return 'asks for a right of somebody who is nobody.'
  }
  for (const member of ['auth', 'rate', 'idempotency', 'query', 'body'] as const) {
    if (route[member] === undefined) return `does not declare ${member}.`
  }
  if (route.permission === undefined) return 'does not declare permission.'
  return null
}
