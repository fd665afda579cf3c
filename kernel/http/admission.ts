import {
  DrainingError,
  ForbiddenError,
  ScopeMissingError,
  StateConflictError,
  UnauthenticatedError,
} from '@runwaycrm/sdk'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { covers } from '../access/resolve-rules.ts'
import { networkOf } from '../accounts/attempts.ts'
import type { Contexts, OrgRuntime } from '../accounts/contexts.ts'
import type { RequestContext } from '../context/request-context.ts'
import type { Authenticator, Caller, OrgCaller } from './authenticate.ts'
import type { RateLimit } from './rate-limit.ts'
import { costOf, type RouteDeclaration } from './route.ts'

export interface AdmissionDeps {
  readonly authenticator: Authenticator
  readonly contexts: Contexts
  readonly rateLimit: RateLimit
  isDraining(): boolean
  /** Called when the roles of a session are others than its token was made for. */
  rotate(request: FastifyRequest, reply: FastifyReply, caller: OrgCaller): Promise<void>
  /** For reads that ask for the draft of the organisation's model, or to see what a role would. */
  readonly views?: {
    draft(ctx: RequestContext): Promise<RequestContext>
    asRole(ctx: RequestContext, seen: RequestContext, role: string): RequestContext
  }
}

/**
 * Decides before the body is read whether a request may come in: who sends it, whether the route is for
 * them, whether they have asked too often, and in which organisation they act. All of it without waiting
 * while principal and model are known.
 */
export function createAdmission(deps: AdmissionDeps) {
  const { authenticator, contexts, rateLimit } = deps

  return function admission(route: RouteDeclaration) {
    const isOpen = route.auth === 'none' || route.auth === 'credentials'
    const cost = costOf[route.rate]

    function enter(request: FastifyRequest, caller: Caller | null): Promise<void> | undefined {
      request.caller = caller
      authenticator.admit(request, caller, route.auth)
      const org = caller?.kind === 'principal' ? caller : null
      if (cost > 0) rateLimit.take(org ? org.resolved.orgId : `ip ${networkOf(request.ip)}`, cost)
      const hostCheck = authenticator.checkHost(request, caller)
      if (hostCheck) return hostCheck.then(() => enterOrg(request, org))
      return enterOrg(request, org)
    }

    function enterOrg(
      request: FastifyRequest,
      caller: OrgCaller | null,
    ): Promise<void> | undefined {
      if (caller === null || isOpen) return undefined
      const { orgId, epoch } = caller.resolved
      const runtime = contexts.runtimeOf(orgId, epoch)
      if (runtime instanceof Promise) return runtime.then((later) => allow(request, caller, later))
      return allow(request, caller, runtime)
    }

    function allow(
      request: FastifyRequest,
      caller: OrgCaller,
      runtime: OrgRuntime,
    ): Promise<void> | undefined {
      const ctx = contexts.make(caller.resolved.principal, runtime, {
        door: caller.resolved.session === null ? 'api' : 'app',
        traceId: request.id,
      })
      refuseOthers(request, ctx)
      if (route.permission !== null) checkPermission(ctx, route.permission)
      request.context = ctx
      const isDraft = request.headers['x-runway-revision'] === 'draft'
      const role = request.headers['x-runway-role']
      if (!deps.views || !(isDraft || typeof role === 'string')) return undefined
      // Rights to act are those that are published, and one's own; writers of records refuse what is marked.
      if (route.idempotency !== 'safe') {
        request.context = { ...ctx, draft: true }
        return undefined
      }
      const { draft, asRole } = deps.views
      const viewed = isDraft ? draft(ctx) : Promise.resolve(ctx)
      return viewed.then((seen) => {
        request.context = typeof role === 'string' ? asRole(ctx, seen, role) : seen
      })
    }

    return (request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void): void => {
      let entered: Promise<void> | undefined
      try {
        if (deps.isDraining() && route.rate !== 'none') {
          reply.header('connection', 'close')
          throw new DrainingError()
        }
        const found = isOpen ? null : authenticator.identify(request)
        entered =
          found instanceof Promise
            ? found.then((caller) => enter(request, caller))
            : enter(request, found)
      } catch (error) {
        done(refused(request, error))
        return
      }
      if (entered)
        settle(
          entered.then(() => rotate(request, reply)),
          request,
          done,
        )
      else if (needsRotation(request.caller)) settle(rotate(request, reply), request, done)
      else done()
    }

    function settle(
      work: Promise<void>,
      request: FastifyRequest,
      done: (error?: Error) => void,
    ): void {
      work.then(
        () => done(),
        (error: unknown) => done(refused(request, error)),
      )
    }

    function rotate(request: FastifyRequest, reply: FastifyReply): Promise<void> {
      const { caller } = request
      return needsRotation(caller) ? deps.rotate(request, reply, caller) : Promise.resolve()
    }

    /** Guessing credentials costs tokens of the address it comes from. */
    function refused(request: FastifyRequest, error: unknown): Error {
      if (error instanceof UnauthenticatedError) {
        try {
          rateLimit.take(`ip ${networkOf(request.ip)}`, 1)
        } catch (tooMany) {
          return tooMany as Error
        }
      }
      return error as Error
    }
  }
}

function needsRotation(caller: Caller | null): caller is OrgCaller {
  return caller?.kind === 'principal' && caller.resolved.session?.rotateTo != null
}

/**
 * Tabs of a browser share one cookie, and another tab may have changed whose it is: a page says whom it acts for,
 * so that nothing of it is written into another organisation.
 */
function refuseOthers(request: FastifyRequest, { org, principal }: RequestContext): void {
  const meant = request.headers['x-runway-as']
  if (meant === undefined || meant === `${org.id}:${principal.userId ?? principal.id}`) return
  throw new StateConflictError(
    `The session is ${principal.name}'s in ${org.name} now. Nothing was done. Sign in again to go on.`,
    {
      extra: {
        session: {
          org: { id: org.id, name: org.name },
          user: { id: principal.userId ?? principal.id, name: principal.name },
        },
      },
    },
  )
}

function checkPermission(ctx: RequestContext, permission: string): void {
  if (ctx.ability.allows(permission)) return
  const { scopes } = ctx.principal
  if (scopes !== null && !covers(scopes, permission)) {
    throw new ScopeMissingError(`The key lacks the scope ${permission}.`)
  }
  throw new ForbiddenError(`Your role does not include ${permission}.`)
}
