import { type ActingPrincipal, ForbiddenError, type Manifest, type Principal } from '@runwaycrm/sdk'
import type { Ability } from '../access/build-ability.ts'
import type { RequestContext } from '../context/request-context.ts'
import type { Model } from '../model/model.ts'

/** Rights are those of the roles alone, so they are worked out once per model and set of roles. */
const holders = new WeakMap<Model, Map<string, Principal>>()

/**
 * The context of whom a plugin runs under a name of their own: a workflow, an agent.
 *
 * @throws ForbiddenError when the plugin may not.
 */
export function actingAs(
  ctx: RequestContext,
  manifest: Manifest,
  { type, id, name, roles }: ActingPrincipal,
  abilityIn: (ctx: RequestContext, principal: Principal) => Ability,
): RequestContext {
  if (!manifest.capabilities?.principals?.includes(type)) {
    throw new ForbiddenError(
      `The plugin ${manifest.id} lacks the capability principals: "${type}".`,
      { details: { plugin: manifest.id, capability: 'principals' } },
    )
  }
  const ability = abilityIn(ctx, holderOf(ctx.model, type, roles))
  const principal: Principal = {
    ...{ type, id, name, roles },
    ...{ userId: null, teammates: [], scopes: null },
  }
  return Object.freeze({ ...ctx, principal, ability })
}

function holderOf(model: Model, type: Principal['type'], roles: readonly string[]): Principal {
  const known = holders.get(model) ?? new Map<string, Principal>()
  holders.set(model, known)
  const key = `${type} ${[...roles].sort().join(' ')}`
  const holder = known.get(key) ?? {
    ...{ type, id: null, name: '', userId: null, roles },
    ...{ teammates: [], scopes: null },
  }
  known.set(key, holder)
  return holder
}
