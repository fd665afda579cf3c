import { ForbiddenError } from '@runwaycrm/sdk'
import { actorOf, type RequestContext } from '../context/request-context.ts'
import type { Revisions } from '../model/revisions.ts'

/** The own layer for plugins, under the rights of whoever they act for. */
export function layerService(deps: {
  readonly revisions: Pick<Revisions, 'rollback'>
  revisionOf(orgId: string): Promise<number>
}) {
  return {
    async current({ org }: RequestContext): Promise<{ readonly revision: number }> {
      return { revision: await deps.revisionOf(org.id) }
    },
    /** Publishes an older revision again. @throws ForbiddenError, NotFoundError */
    async restore(
      { org, ability, principal }: RequestContext,
      { revision }: { readonly revision: number },
    ): Promise<{ readonly revision: number }> {
      if (!ability.allows('studio:write')) {
        throw new ForbiddenError('Only those who may shape the organisation bring its layer back.')
      }
      return deps.revisions.rollback(org.id, revision, actorOf(principal), principal)
    },
  }
}
