import type { Socket } from 'node:net'
import multipart from '@fastify/multipart'
import { NotFoundError } from '@runwaycrm/sdk'
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { Accounts } from '../accounts/accounts.ts'
import type { Contexts } from '../accounts/contexts.ts'
import { uuidv7 } from '../database/uuid.ts'
import { createIdempotency } from '../records/idempotency.ts'
import { type Authenticator, createAuthenticator } from './authenticate.ts'
import { setSessionCookie } from './cookie.ts'
import { createRunOnce } from './idempotency.ts'
import { type KernelRoutesDeps, kernelRoutes } from './kernel-routes.ts'
import { createMetrics, type Metrics } from './metrics.ts'
import { toProblem, toRunwayError } from './problem.ts'
import { createRateLimit, type RateLimit } from './rate-limit.ts'
import type { RouteDeclaration } from './route.ts'
import { createRouteHost, type RouteHost } from './route-host.ts'
import { sendProblem } from './send.ts'
import { studioFiles } from './studio-files.ts'
import { uploadParts } from './upload.ts'
import { watchConnections } from './watch-connections.ts'

export interface ServerDeps
  extends Omit<KernelRoutesDeps, 'cookie' | 'compile' | 'isDraining' | 'declared'> {
  readonly config: {
    readonly region: string
    readonly publicUrl: string
    readonly rateLimit: number
    readonly trustProxy: number
    readonly dataDir: string
    readonly uploadLimitBytes: number
    readonly mapTiles: string | null
    readonly mapCredit: string | null
    /** Null: nothing is counted. */
    readonly metricsPort: number | null
  }
  readonly log: ServerLog
  readonly accounts: Accounts
  readonly contexts: Contexts
  /** The built studio; null serves the API alone. */
  readonly studioDir: string | null
  /** Routes besides. */
  readonly routes?: readonly RouteDeclaration[]
  /** Called once the kernel's own routes stand, e.g. for /live. */
  readonly extend?: (parts: ServerParts) => Promise<void>
}

export interface ServerParts {
  readonly app: FastifyInstance
  readonly host: RouteHost
  readonly authenticator: Authenticator
  readonly rateLimit: RateLimit
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
    /** Null when no port for them is configured. */
    readonly metrics: Metrics | null
    /** Every route that is served, for OpenAPI and for tests that enumerate them. */
    readonly declaredRoutes: readonly RouteDeclaration[]
  }
}

/** Builds the server; nothing listens until `listen`, and tests inject instead. */
export async function createServer(deps: ServerDeps): Promise<FastifyInstance> {
  const { config, accounts, contexts, log } = deps
  const state = { isDraining: false }
  const app: FastifyInstance = fastify({
    logger: false,
    genReqId: () => uuidv7(),
    requestIdHeader: false,
    trustProxy: (_address, hop) => hop < config.trustProxy,
    bodyLimit: 1_048_576,
    // A hundred mebibytes over a slow line; headers have a minute of their own.
    requestTimeout: 600_000,
    keepAliveTimeout: 72_000,
    forceCloseConnections: 'idle',
    // The draining answer is ours, with a code and a place to look it up.
    return503OnClosing: false,
    // The token of a public link may be that long.
    routerOptions: { maxParamLength: 1_200 },
    frameworkErrors: answerError,
    clientErrorHandler: refuseSocket,
  })
  app.setErrorHandler(answerError)
  app.setNotFoundHandler((request, reply) => answerError(new NotFoundError(), request, reply))

  app.decorate('metrics', config.metricsPort === null ? null : createMetrics(app))

  const authenticator = createAuthenticator({ accounts, config })
  const rateLimit = createRateLimit(config.rateLimit)
  const host = createRouteHost(app, {
    authenticator,
    contexts,
    rateLimit,
    runOnce: createRunOnce({
      idempotency: createIdempotency({ db: deps.db }),
      transaction: deps.writer.transaction,
    }),
    uploadFolder: `${config.dataDir}/uploads`,
    uploadLimitBytes: config.uploadLimitBytes,
    isDraining: () => state.isDraining,
    async rotate(request, reply, { token, resolved }) {
      const next = token === null ? null : await accounts.rotateForRoles(token, resolved)
      if (next !== null) setSessionCookie(authenticator.cookie, request, reply, next)
    },
    views: contexts,
  })
  const routes = kernelRoutes({
    ...deps,
    cookie: authenticator.cookie,
    compile: host.compile,
    isDraining: () => state.isDraining,
    declared: () => host.declared,
  })
  const all = [...routes, ...(deps.routes ?? [])]
  for (const route of all.filter((route) => !route.upload && !route.raw)) host.add(route)
  await app.register(async (scope) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => {
      done(null, body)
    })
    for (const route of all.filter((route) => route.raw)) host.add(route, scope)
  })
  await app.register(async (scope) => {
    const limits = { ...uploadParts, fileSize: config.uploadLimitBytes }
    await scope.register(multipart, { limits, throwFileSizeLimit: false })
    for (const route of all.filter((route) => route.upload)) host.add(route, scope)
  })
  if (deps.studioDir !== null) {
    const isSecure = config.publicUrl.startsWith('https:')
    host.add(await studioFiles(deps.studioDir, { isSecure, mapTiles: config.mapTiles }))
  }
  await deps.extend?.({ app, host, authenticator, rateLimit })
  host.closeMethods()

  app.decorate('drain', () => {
    state.isDraining = true
  })
  app.decorate('declaredRoutes', host.declared)
  const connections = watchConnections(app.server)
  app.addHook('preClose', (done) => {
    state.isDraining = true
    connections.letGo()
    done()
  })
  await app.ready()
  return app

  function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const known = toRunwayError(error)
    if (known.status >= 500) {
      const details = { requestId: request.id, route: request.routeOptions?.url, err: error }
      if (known.status === 503) log.warn(details, 'a request was refused')
      else log.error(details, 'a request failed')
    }
    sendProblem(reply, toProblem(known, request.id))
  }
}

const socketAnswers: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
}

/** What is no HTTP at all gets a status and nothing else. */
function refuseSocket(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return
  const status = socketAnswers[error.code ?? ''] ?? '400 Bad Request'
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`)
}
