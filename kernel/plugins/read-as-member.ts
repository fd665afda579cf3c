import type { Principal, RecordData } from '@runwaycrm/sdk'
import type { Ability } from '../access/build-ability.ts'
import { canReadField } from '../access/field-mask.ts'
import type { RequestContext } from '../context/request-context.ts'
import type { Reader } from '../records/read.ts'

export interface ReadAsMemberInput {
  readonly userId: string
  /** A reference or a plural. */
  readonly entity: string
  readonly ids: readonly string[]
  readonly fields?: readonly string[]
}

/**
 * Records as a member would be shown them now, for plugins that tell somebody of records while that one is
 * not there to ask. Whoever is no active member is shown nothing.
 */
export function readAsMember(deps: {
  readonly reader: Pick<Reader, 'getMany'>
  readonly contexts: {
    abilityIn(ctx: RequestContext, principal: Principal): Ability
  }
  readonly userPrincipal: (orgId: string, userId: string) => Promise<Principal | null>
}) {
  return async (
    ctx: RequestContext,
    { userId, entity: ref, ids, fields }: ReadAsMemberInput,
  ): Promise<readonly RecordData[]> => {
    const entity = ctx.model.entities.get(ref) ?? ctx.model.entityByPlural.get(ref)
    const principal = entity && (await deps.userPrincipal(ctx.org.id, userId))
    if (!entity || !principal) return []
    const reading = { ...ctx, principal, ability: deps.contexts.abilityIn(ctx, principal) }
    const readable = fields?.filter((name) => canReadField(reading.ability, entity, name))
    const found = await deps.reader.getMany(reading, entity, ids, {
      ...(readable ? { fields: readable } : {}),
    })
    return [...found.values()]
  }
}
