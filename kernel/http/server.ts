import { NotFoundError } from '@runwaycrm/sdk'
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { Accounts } from '../accounts/accounts.ts'
import type { Contexts } from '../accounts/contexts.ts'
import type { RequestContext } from '../context/request-context.ts'
import type { Database } from '../database/postgres.ts'
import { uuidv7 } from '../database/uuid.ts'
import { createIdempotency } from '../records/idempotency.ts'
import { authRoutes } from './auth-routes.ts'
import { createAuthenticator } from './authenticate.ts'
import { setSessionCookie } from './cookie.ts'
import { createRunOnce } from './idempotency.ts'
import { probeRoutes } from './probe-routes.ts'
import { toProblem, toRunwayError } from './problem.ts'
import { createRateLimit } from './rate-limit.ts'
import { type RecordRoutesDeps, recordRoutes } from './record-routes.ts'
import type { RouteDeclaration } from './route.ts'
import { createRouteHost, type RouteHost } from './route-host.ts'
import { sendProblem } from './send.ts'

export interface ServerDeps {
  readonly config: {
    readonly region: string
    readonly publicUrl: string
    readonly rateLimit: number
    readonly trustProxy: number
  }
  readonly log: ServerLog
  readonly db: Database
  readonly accounts: Accounts
  readonly contexts: Contexts
  readonly records: RecordRoutesDeps
  readonly writer: {
    transaction<T>(ctx: RequestContext, work: (ctx: RequestContext) => Promise<T>): Promise<T>
  }
  draftOf?(ctx: RequestContext): Promise<RequestContext>
  /** Routes besides: of actions, changes, the studio and plugins. */
  readonly routes?: readonly RouteDeclaration[]
  /** Called with the host once the kernel's own routes stand, e.g. for uploads, the studio and /live. */
  readonly extend?: (app: FastifyInstance, host: RouteHost) => Promise<void>
}

export interface ServerLog {
  error(details: object, message: string): void
  warn(details: object, message: string): void
  info(details: object, message: string): void
  debug(details: object, message: string): void
}

declare module 'fastify' {
  interface FastifyInstance {
    /** From now on new requests are answered 503 DRAINING; those under way are finished. */
    drain(): void
    /** Every route that is served, for OpenAPI and for tests that enumerate them. */
    readonly declaredRoutes: readonly RouteDeclaration[]
  }
}

/** Builds the server; nothing listens until `listen`, and tests inject instead. */
export async function createServer(deps: ServerDeps): Promise<FastifyInstance> {
  const { config, accounts, contexts, log } = deps
  const state = { isDraining: false }
  const app = fastify({
    logger: false,
    genReqId: () => uuidv7(),
    requestIdHeader: false,
    trustProxy: config.trustProxy > 0 ? config.trustProxy : false,
    bodyLimit: 1_048_576,
    requestTimeout: 60_000,
    keepAliveTimeout: 72_000,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    routerOptions: { maxParamLength: 200, ignoreTrailingSlash: false, caseSensitive: true },
    frameworkErrors: answerError,
  })
  app.setErrorHandler(answerError)
  app.setNotFoundHandler((request, reply) => answerError(new NotFoundError(), request, reply))

  const authenticator = createAuthenticator({ accounts, config })
  const host = createRouteHost(app, {
    authenticator,
    contexts,
    rateLimit: createRateLimit(config.rateLimit),
    runOnce: createRunOnce({
      idempotency: createIdempotency({ db: deps.db }),
      transaction: deps.writer.transaction,
    }),
    isDraining: () => state.isDraining,
    async rotate(request, reply, { token, resolved }) {
      const next = token === null ? null : await accounts.rotateForRoles(token, resolved)
      if (next !== null) setSessionCookie(authenticator.cookie, request, reply, next)
    },
    ...(deps.draftOf ? { draftOf: deps.draftOf } : {}),
  })
  const routes = [
    ...probeRoutes({ db: deps.db, isDraining: () => state.isDraining }),
    ...authRoutes({ accounts, cookie: authenticator.cookie }),
    ...recordRoutes(deps.records),
    ...(deps.routes ?? []),
  ]
  for (const route of routes) host.add(route)
  await deps.extend?.(app, host)
  host.closeMethods()

  app.decorate('drain', () => {
    state.isDraining = true
  })
  app.decorate('declaredRoutes', host.declared)
  app.addHook('preClose', (done) => {
    state.isDraining = true
    done()
  })
  await app.ready()
  return app

  function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const known = toRunwayError(error)
    if (known.status >= 500) {
      const details = { requestId: request.id, route: request.routeOptions?.url, err: error }
      if (known.status === 503) log.warn(details, 'refused a request')
      else log.error(details, 'a request failed')
    }
    sendProblem(reply, toProblem(known, request.id))
  }
}
