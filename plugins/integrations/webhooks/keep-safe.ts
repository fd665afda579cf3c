import {
  type AfterChange,
  ForbiddenError,
  type HandlerContext,
  type HookChange,
  type HookOutcome,
  StateConflictError,
} from '@runwaycrm/sdk'
import { endpointEntity } from './endpoints.ts'
import { inboundEntity } from './inbound.ts'

/** Turned on again, an endpoint begins anew. */
export function beginAnew({ before, values }: HookChange): HookOutcome | undefined {
  if (values['active'] !== true || before?.['active'] !== false) return undefined
  return { set: { failingSince: null, disabledAt: null, disabledReason: null } }
}

/**
 * Where it leads and with whose rights does not come back with a change that is taken back: who does that
 * may lack the rights that it would give, and the action alone asks for them.
 */
export async function keepLead(change: AfterChange, ctx: HandlerContext): Promise<void> {
  if (await isLedBack(change, ctx, endpointEntity, ['url', 'roles'])) {
    throw new StateConflictError('Only its action changes where {a endpoint} leads.')
  }
}

const signed = ['scheme', 'signatureHeader', 'encoding', 'prefix', 'idHeader', 'keptHeaders']

/** How messages are told from forgeries, likewise: who owns it may have closed what would open again. */
export async function keepSigned(change: AfterChange, ctx: HandlerContext): Promise<void> {
  if (await isLedBack(change, ctx, inboundEntity, [...signed, 'address', 'secretSince'])) {
    throw new StateConflictError('Only its actions change how {a inbound} is signed.')
  }
}

/** Whoever owns it reads what comes and makes its secret anew, so it is not taken by whoever may change it. */
export async function keepOwner({ records }: AfterChange, ctx: HandlerContext): Promise<void> {
  if (ctx.isAdmin) return
  for (const { id, before } of records) {
    const { ownerId } = await ctx.records.get(inboundEntity, id, { fields: ['ownerId'] })
    const owner = before?.['ownerId'] ?? null
    if (ownerId === owner || (owner !== null && owner === ctx.principal.userId)) continue
    throw new ForbiddenError('Only admins and whoever owns {a inbound} give it to somebody else.')
  }
}

async function isLedBack(
  { door, records }: AfterChange,
  ctx: HandlerContext,
  entity: string,
  fields: readonly string[],
): Promise<boolean> {
  if (door !== 'revert') return false
  for (const { id, before } of records) {
    const now = await ctx.records.get(entity, id, { fields })
    const text = (value: unknown) => JSON.stringify(value ?? null)
    if (fields.some((name) => text(now[name]) !== text(before?.[name]))) return true
  }
  return false
}
