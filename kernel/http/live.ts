import websocket, { type WebSocket } from '@fastify/websocket'
import { CrossSiteError, type Log, NotFoundError, type Principal } from '@runwaycrm/sdk'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Contexts } from '../accounts/contexts.ts'
import type { Database } from '../database/postgres.ts'
import type { Bus, Hint } from '../events/bus.ts'
import type { Relay } from '../events/relay.ts'
import type { Authenticator } from './authenticate.ts'
import { type Connection, createConnection } from './live-connection.ts'
import { createLiveFeed, type LiveFeed } from './live-feed.ts'
import { createIdentify, type Identify } from './live-identity.ts'
import { createLiveMatcher, type LiveMatcherDeps } from './live-match.ts'
import type { ServerMessage } from './live-messages.ts'
import { createPresence, type Presence } from './live-presence.ts'
import type { RateLimit } from './rate-limit.ts'
import type { RouteDeclaration } from './route.ts'
import type { RouteHost } from './route-host.ts'

export interface LiveDeps extends LiveMatcherDeps {
  readonly db: Database
  readonly relay: Pick<Relay, 'subscribe'>
  readonly bus: Pick<Bus, 'subscribe'>
  readonly contexts: Pick<Contexts, 'runtimeOf' | 'make'>
  /** Forgets which credentials were valid a moment ago; called when another node says so. */
  readonly forgetPrincipals: () => void
  readonly publicUrl: string
  readonly log: Log
  /** How often credentials are asked for again. Default 400 ms. */
  readonly checkMs?: number
}

export interface LiveParts {
  readonly app: FastifyInstance
  readonly host: RouteHost
  readonly authenticator: Authenticator
  readonly rateLimit: RateLimit
}

interface OpenSocket {
  readonly socket: WebSocket
  readonly request: FastifyRequest
  readonly org: OrgSockets
  readonly connection: Connection
  isChecking: boolean
  isAlive: boolean
}
interface OrgSockets {
  readonly id: string
  readonly feed: LiveFeed
  readonly presence: Presence
  readonly sockets: Set<OpenSocket>
  lastSeq: number
}

const path = '/live'
const mostBehindBytes = 4 * 1024 * 1024
const mostMessageBytes = 64 * 1024
const mostWaiting = 100
/** Of one principal on this node: far more than anybody has pages open. */
const mostConnections = 50
const pingMs = 30_000
const closeCodes = { credentials: 4401, behind: 4408, policy: 1008 } as const

/**
 * `GET /api/v1/live`: tells open pages what changed. Values are never sent; pages fetch them. Every hub
 * serves the organisations whose pages are connected to this node.
 */
export function createLive(deps: LiveDeps) {
  const { log, checkMs = 400 } = deps
  let identify: Identify = async () => null
  let rateLimit: RateLimit | null = null
  const orgs = new Map<string, OrgSockets>()
  const publicHost = new URL(deps.publicUrl).host

  const stops = [
    deps.relay.subscribe('live', (orgId, events) => orgs.get(orgId)?.feed.push(events)),
    deps.bus.subscribe(onHint),
  ]
  const checking = setInterval(() => eachSocket((open) => void check(open)), checkMs)
  const pinging = setInterval(() => eachSocket(ping), pingMs)

  function onHint(hint: Hint): void {
    if (hint.kind === 'jobs') return
    if (hint.kind === 'access') {
      deps.forgetPrincipals()
      eachSocket((open) => void check(open))
      return
    }
    const org = orgs.get(hint.orgId)
    if (!org) return
    if (hint.kind === 'events') org.feed.hint(hint.seq)
    else if (hint.kind === 'progress') {
      for (const { connection } of org.sockets) connection.tellProgress(hint, org.lastSeq)
    } else if (hint.kind === 'draft') {
      for (const { connection } of org.sockets) connection.tellDraft(hint, org.lastSeq)
    } else {
      for (const open of org.sockets) void check(open)
    }
  }

  function eachSocket(work: (open: OpenSocket) => void): void {
    for (const { sockets } of orgs.values()) for (const open of sockets) work(open)
  }

  function orgOf(id: string): OrgSockets {
    const known = orgs.get(id)
    if (known) return known
    const org: OrgSockets = {
      id,
      sockets: new Set(),
      lastSeq: 0,
      presence: createPresence(),
      feed: createLiveFeed({
        db: deps.db,
        orgId: id,
        log,
        async onEvents(events) {
          org.lastSeq = events.at(-1)!.seq
          const matcher = createLiveMatcher(deps, events)
          for (const { connection } of [...org.sockets]) await connection.tellAll(matcher)
        },
      }),
    }
    orgs.set(id, org)
    return org
  }

  /** Messages that come before the connection is ready wait, as do those behind a slow one. */
  function serve(socket: WebSocket, request: FastifyRequest): void {
    let waiting = 0
    let last: Promise<unknown> = open(socket, request)
    const opened = last as Promise<OpenSocket | null>
    socket.on('message', (data: Buffer) => {
      if (++waiting > mostWaiting) {
        socket.close(closeCodes.policy, 'Too many messages at once.')
        return
      }
      const text = data.toString('utf8')
      last = last
        .then(async () => (await opened)?.connection.receive(text))
        .finally(() => {
          waiting--
        })
    })
    socket.on('close', () => {
      void opened.then((one) => one && leave(one))
    })
  }

  async function open(socket: WebSocket, request: FastifyRequest): Promise<OpenSocket | null> {
    try {
      const identity = await identify(request)
      if (!identity) {
        socket.close(closeCodes.credentials, 'Sign in again.')
        return null
      }
      const org = orgOf(identity.ctx.org.id)
      const { principal } = identity.ctx
      if (connectionsOf(org, principal).length >= mostConnections) {
        const message = `At most ${mostConnections} connections may be open at once. Close some first.`
        send(socket, { type: 'error', code: 'RATE_LIMITED', message })
        end(socket, closeCodes.policy, message)
        return null
      }
      const connection: Connection = createConnection(
        {
          db: deps.db,
          reader: deps.reader,
          feed: org.feed,
          presence: org.presence,
          matcherOf: (events) => createLiveMatcher(deps, events),
          send: (message) => send(socket, message),
          // Each topic is a question to the database, like a request for a list.
          take: (topics) => rateLimit?.take(org.id, topics),
          elsewhere: () =>
            connectionsOf(org, principal)
              .filter((other) => other !== connection)
              .reduce((sum, other) => sum + other.topics, 0),
          log,
        },
        identity,
      )
      const one = { socket, request, org, connection, isChecking: false, isAlive: true }
      socket.on('pong', () => {
        one.isAlive = true
      })
      if (socket.readyState === socket.OPEN) org.sockets.add(one)
      return one
    } catch (error) {
      log.error('a live connection could not be opened', { error })
      socket.close(1011, 'Something went wrong on our side.')
      return null
    }
  }

  function leave({ org, ...open }: OpenSocket): void {
    open.connection.close()
    for (const one of org.sockets) if (one.socket === open.socket) org.sockets.delete(one)
    if (org.sockets.size === 0 && orgs.get(org.id) === org) orgs.delete(org.id)
  }

  async function check(open: OpenSocket): Promise<void> {
    if (open.isChecking || open.socket.readyState !== open.socket.OPEN) return
    open.isChecking = true
    try {
      const identity = await identify(open.request)
      if (identity?.ctx.org.id === open.org.id) open.connection.renew(identity)
      else end(open.socket, closeCodes.credentials, 'Sign in again.')
    } catch (error) {
      log.warn('the credentials of a live connection could not be checked', { error })
    } finally {
      open.isChecking = false
    }
  }

  function send(socket: WebSocket, message: ServerMessage): void {
    if (socket.readyState !== socket.OPEN) return
    if (socket.bufferedAmount > mostBehindBytes) {
      end(socket, closeCodes.behind, 'Too far behind.')
      return
    }
    socket.send(JSON.stringify(message))
  }

  function ping(open: OpenSocket): void {
    if (open.isAlive) open.socket.ping()
    else open.socket.terminate()
    open.isAlive = false
  }

  /** Other sites may not open a connection with the cookie of a visitor. */
  function refuseOtherSites(request: FastifyRequest): void {
    const { origin, authorization, host } = request.headers
    if (origin === undefined || authorization !== undefined) return
    const from = URL.canParse(origin) ? new URL(origin).host : ''
    if (from !== host && from !== publicHost) throw new CrossSiteError()
  }

  return {
    /** Serves the route; to be called while the server is built. */
    async register({ app, host, authenticator, ...parts }: LiveParts): Promise<void> {
      rateLimit = parts.rateLimit
      identify = createIdentify({ authenticator, contexts: deps.contexts })
      // A request to upgrade any other address was answered like a plain one; its socket is free of all
      // timeouts of the server.
      app.addHook('onResponse', (request, _reply, done) => {
        if (request.headers.upgrade !== undefined && !request.ws) request.raw.socket.destroySoon()
        done()
      })
      await app.register(async (scope) => {
        await scope.register(websocket, { options: { maxPayload: mostMessageBytes } })
        scope.addHook('onRequest', async (request) => refuseOtherSites(request))
        host.add(declaration, scope, { wsHandler: serve })
      })
    },
    close(): void {
      for (const stop of stops) stop()
      clearInterval(checking)
      clearInterval(pinging)
      eachSocket(({ socket }) => socket.close(1001, 'The server stops.'))
    },
  }
}

function connectionsOf({ sockets }: OrgSockets, { type, id }: Principal): Connection[] {
  return [...sockets]
    .map(({ connection }) => connection)
    .filter(({ context: { principal } }) => principal.type === type && principal.id === id)
}

/** A peer that does not read does not answer a goodbye either. */
function end(socket: WebSocket, code: number, reason: string): void {
  socket.close(code, reason)
  setTimeout(() => socket.terminate(), 1_000).unref()
}

const declaration: RouteDeclaration = {
  method: 'GET',
  path,
  summary: 'Hear of changes over a WebSocket',
  tag: 'live',
  auth: 'principal',
  permission: null,
  rate: 'normal',
  idempotency: 'never',
  query: {},
  body: null,
  response: { 101: {} },
  handler: () => {
    throw new NotFoundError('This address speaks WebSocket only.')
  },
}
