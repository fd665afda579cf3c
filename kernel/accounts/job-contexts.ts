import type { Principal } from '@runwaycrm/sdk'
import type { RequestContext } from '../context/request-context.ts'
import { type Contexts, type ContextsDeps, systemPrincipal } from './contexts.ts'

/** Who a job acts for, as the queue keeps it. */
type RunAs = Pick<Principal, 'type' | 'id' | 'userId' | 'name'> & {
  readonly roles?: readonly string[]
}

/** Rights are read again when a job runs: whoever is gone by then does nothing, and null comes back. */
export function createJobContexts(deps: {
  readonly orgStates: Pick<ContextsDeps['orgStates'], 'get'>
  readonly contexts: Pick<Contexts, 'make'>
  readonly accounts: { resolveRunAs(orgId: string, runAs: RunAs): Promise<Principal | null> }
}) {
  return async (
    orgId: string,
    runAs: RunAs,
    more: { readonly traceId: string; readonly signal: AbortSignal },
  ): Promise<RequestContext | null> => {
    const runtime = await deps.orgStates.get(orgId)
    const make = (principal: Principal) =>
      deps.contexts.make(principal, runtime, { door: 'job', ...more })
    if (runAs.type === 'plugin') return make({ ...systemPrincipal, ...runAs })
    if (runAs.type === 'system') return make({ ...systemPrincipal, userId: runAs.userId })
    // Nobody signs in as a workflow: it holds the roles that it was given.
    if (runAs.type === 'workflow') {
      return make({ ...systemPrincipal, ...runAs, roles: runAs.roles ?? [] })
    }
    const resolved = await deps.accounts.resolveRunAs(orgId, runAs)
    return resolved && make(resolved)
  }
}
