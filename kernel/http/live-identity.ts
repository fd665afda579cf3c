import { UnauthenticatedError } from '@runwaycrm/sdk'
import type { FastifyRequest } from 'fastify'
import type { Contexts } from '../accounts/contexts.ts'
import type { RequestContext } from '../context/request-context.ts'
import type { Authenticator } from './authenticate.ts'

/** Who an open connection belongs to, as of now. */
export interface LiveIdentity {
  readonly ctx: RequestContext
  /** Of the organisation's own layer. */
  readonly revision: number
}

/** Asks again for the credentials that a connection began with; null when they do not hold any more. */
export type Identify = (request: FastifyRequest) => Promise<LiveIdentity | null>

export function createIdentify(deps: {
  readonly authenticator: Pick<Authenticator, 'identify' | 'checkHost'>
  readonly contexts: Pick<Contexts, 'runtimeOf' | 'make'>
}): Identify {
  const { authenticator, contexts } = deps
  return async (request) => {
    try {
      const caller = await authenticator.identify(request)
      if (caller?.kind !== 'principal') return null
      await authenticator.checkHost(request, caller)
      const { principal, orgId, epoch, session } = caller.resolved
      const runtime = await contexts.runtimeOf(orgId, epoch)
      const door = session === null ? 'api' : 'app'
      const ctx = contexts.make(principal, runtime, { door, traceId: request.id })
      return { ctx, revision: runtime.revision }
    } catch (error) {
      if (error instanceof UnauthenticatedError) return null
      throw error
    }
  }
}
