import {
  type AfterChange,
  type HandlerContext,
  type HookChange,
  type HookOutcome,
  StateConflictError,
} from '@runwaycrm/sdk'
import { endpointEntity } from './endpoints.ts'

/** Turned on again, an endpoint begins anew. */
export function beginAnew({ before, values }: HookChange): HookOutcome | undefined {
  if (values['active'] !== true || before?.['active'] !== false) return undefined
  return { set: { failingSince: null, disabledAt: null, disabledReason: null } }
}

/**
 * Where it leads and with whose rights does not come back with a change that is taken back: who does that
 * may lack the rights that it would give, and the action alone asks for them.
 */
export async function keepLead({ door, records }: AfterChange, ctx: HandlerContext): Promise<void> {
  if (door !== 'revert') return
  for (const { id, before } of records) {
    const now = await ctx.records.get(endpointEntity, id, { fields: ['url', 'roles'] })
    const isLed = ['url', 'roles'].some(
      (name) => JSON.stringify(now[name] ?? null) !== JSON.stringify(before?.[name] ?? null),
    )
    if (isLed) throw new StateConflictError('Only its action changes where {a endpoint} leads.')
  }
}
