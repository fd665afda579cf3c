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
  acting: ActingPrincipal | null,
  abilityIn: (ctx: RequestContext, principal: Principal) => Ability,
): RequestContext {
  const granted = manifest.capabilities?.principals ?? []
  if (acting ? !granted.includes(acting.type) : granted.length === 0) {
    throw new ForbiddenError(
      `The plugin ${manifest.id} lacks the capability principals: "${acting?.type ?? 'any'}".`,
      { details: { plugin: manifest.id, capability: 'principals' } },
    )
  }
  if (!acting) {
    const itself = holderOf(ctx.model, 'plugin', [], manifest.id)
    const ability = abilityIn(ctx, itself)
    return Object.freeze({ ...ctx, principal: itself, ability, door: 'job' })
  }
  const { type, id, name, roles } = acting
  const ability = abilityIn(ctx, holderOf(ctx.model, type, roles))
  const principal: Principal = {
    ...{ type, id, name, roles },
    ...{ userId: null, teammates: [], scopes: null },
  }
  return Object.freeze({ ...ctx, principal, ability })
}

function holderOf(
  model: Model,
  type: Principal['type'],
  roles: readonly string[],
  id: string | null = null,
): Principal {
  const known = holders.get(model) ?? new Map<string, Principal>()
  holders.set(model, known)
  const key = `${type} ${id} ${[...roles].sort().join(' ')}`
  const holder = known.get(key) ?? {
    ...{ type, id, name: id ?? '', userId: null, roles },
    ...{ teammates: [], scopes: null },
  }
  known.set(key, holder)
  return holder
}
