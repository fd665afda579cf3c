import { NotFoundError, type Principal } from '@runwaycrm/sdk'
import type { Ability } from '../access/build-ability.ts'
import type { ActionAnswer, Actions } from '../actions/pipeline.ts'
import type { RequestContext } from '../context/request-context.ts'

export interface RunActionAsInput {
  /** Who asked for it. */
  readonly asker: Pick<Principal, 'type' | 'id' | 'userId' | 'name'> & {
    /** Of workflows and agents that act with the rights of roles. */
    readonly roles?: readonly string[]
  }
  readonly action: string
  readonly input: unknown
  /** By which guards and effects know the deed again. */
  readonly effectKey: string
}

const depth = 2

/**
 * Runs an action as whoever asked for it before, with the rights that they have now and through the whole pipeline:
 * for plugins that hold a deed back until a person agreed.
 */
export function runActionAs(deps: {
  readonly actions: () => Actions
  readonly contexts: { abilityIn(ctx: RequestContext, principal: Principal): Ability }
  readonly accounts: {
    resolveRunAs(
      orgId: string,
      runAs: Pick<Principal, 'type' | 'id' | 'userId'>,
    ): Promise<Principal | null>
  }
}) {
  return async (
    ctx: RequestContext,
    { asker, action, input, effectKey }: RunActionAsInput,
  ): Promise<ActionAnswer> => {
    const principal = await principalOf(ctx, asker)
    if (!principal) throw new NotFoundError(`${asker.name}, who asked for it, is not active.`)
    const acting = Object.freeze({
      ...ctx,
      ...{ principal, effectKey, door: 'action' as const },
      ability: deps.contexts.abilityIn(ctx, principal),
    })
    return deps.actions().run(acting, action, input, null, { depth })
  }

  async function principalOf(
    { org }: RequestContext,
    { type, id, userId, name, roles }: RunActionAsInput['asker'],
  ): Promise<Principal | null> {
    const isHeld = (type === 'workflow' || type === 'agent') && userId === null
    if (isHeld) {
      return {
        ...{ type, id, name, userId: null },
        roles: roles ?? [],
        teammates: [],
        scopes: null,
      }
    }
    const found = await deps.accounts.resolveRunAs(org.id, { type, id, userId })
    // What an agent does for a member stays shown as the agent's.
    return found && type === 'agent' ? { ...found, type, id, name } : found
  }
}
