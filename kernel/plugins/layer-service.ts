import { type Actor, ForbiddenError } from '@runwaycrm/sdk'
import { actorOf, type RequestContext } from '../context/request-context.ts'
import type { Revisions } from '../model/revisions.ts'

/** The own layer for plugins, under the rights of whoever they act for. */
export function layerService(deps: {
  readonly revisions: Pick<Revisions, 'rollback'>
  revisionOf(orgId: string): Promise<number>
  authorOf(orgId: string, point: string, ref: string): Promise<Actor | null>
}) {
  return {
    /** Who published a contribution as it is now; null for what came with a plugin. */
    async author(
      { org }: RequestContext,
      { point, ref }: { readonly point: string; readonly ref: string },
    ): Promise<Actor | null> {
      return deps.authorOf(org.id, point, ref)
    },
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
