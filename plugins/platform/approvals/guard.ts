import type { GuardCall, GuardDecision, HandlerContext } from '@runwaycrm/sdk'
import { presentFor } from './absences.ts'
import { ask } from './ask.ts'
import { effectPrefix } from './carry-out.ts'
import { causeOf, findMember, settingsOf } from './people.ts'
import { digest, isOver, type RequestRow, toRequest } from './request.ts'
import { conflictsOf, gatherShown } from './shown.ts'

const hourMs = 3_600_000

/**
 * Holds back whatever needs a yes until it has one. An approved deed passes once: the very action, the very input,
 * asked for by the very same, while what was shown is still so and the time is not over.
 */
export async function guard(call: GuardCall, ctx: HandlerContext): Promise<GuardDecision> {
  if (call.approval !== 'always') return { decision: 'allow' }
  const plugin = ctx.as(null)
  if (ctx.effectKey?.startsWith(effectPrefix)) return approved(call, ctx.effectKey, plugin)
  if (ctx.isDryRun) return wouldAsk(plugin)
  const row = await askFor(call, ctx, plugin)
  return { decision: 'defer', approvalId: row.approval, expiresAt: toIso(row.expiresAt) }
}

/** Nobody is asked for what will be undone. */
async function wouldAsk(plugin: HandlerContext): Promise<GuardDecision> {
  const { expiresHours } = await settingsOf(plugin)
  const expiresAt = new Date(plugin.now.getTime() + expiresHours * hourMs).toISOString()
  return { decision: 'defer', approvalId: crypto.randomUUID(), expiresAt }
}

async function approved(
  { action, input, principal }: GuardCall,
  effectKey: string,
  plugin: HandlerContext,
): Promise<GuardDecision> {
  const approval = effectKey.slice(effectPrefix.length)
  const where = { approval, action, inputHash: digest(input), status: 'approved', granted: true }
  const [found] = isUuid(approval) ? await plugin.tables.select('request', { where, limit: 1 }) : []
  const row = found && toRequest(found)
  if (!row || isOver(row, plugin.now) || !isSame(row.asker, principal)) return refuse()
  if ((await conflictsOf(plugin, row.shown)).length > 0) return refuse()
  // Whoever takes it first has it; nobody has it twice.
  const taken = await plugin.tables.update('request', where, { granted: false })
  return taken === 1 ? { decision: 'allow' } : refuse()
}

const refuse = (): GuardDecision => ({
  decision: 'deny',
  code: 'APPROVAL_STALE',
  status: 409,
  reason: 'What was approved is not what would happen now.',
})

const isUuid = (text: string) => /^[0-9a-f-]{36}$/.test(text)
const isSame = (asker: RequestRow['asker'], { type, id, userId }: GuardCall['principal']) =>
  asker.type === type && asker.id === id && asker.userId === userId
const toIso = (moment: string) => new Date(moment).toISOString()

async function askFor(
  { action, input, principal, records }: GuardCall,
  ctx: HandlerContext,
  plugin: HandlerContext,
): Promise<RequestRow> {
  const settings = await settingsOf(plugin)
  const causeUser = await causeOf(plugin, principal)
  const assignee = settings.toManager ? await managerOf(plugin, causeUser) : null
  const { type, id, userId, name, roles } = principal
  const wanted = { assignee, role: assignee === null ? settings.role : null }
  const { decider, standsInFor } = await presentFor(plugin, wanted, [userId, causeUser])
  const label = plugin.model.action(action)?.label ?? action
  const shown = await gatherShown(ctx, plugin, records, decider)
  const isHeld = (type === 'workflow' || type === 'agent') && userId === null
  const now = plugin.now.getTime()
  return ask(plugin, {
    ...{ kind: 'approval', action, input, shown, causeUser, ...decider, standsInFor },
    title: titleOf(label, shown[0]?.title, records?.ids.length ?? 0),
    asker: { type, id, userId, name, ...(isHeld ? { roles } : {}) },
    about: records?.ids.length === 1 ? { entity: records.entity, id: records.ids[0]! } : null,
    escalateTo: settings.escalateTo || null,
    amount: amountIn(input, plugin.org.currency),
    dueAt: new Date(now + settings.dueHours * hourMs),
    expiresAt: new Date(now + settings.expiresHours * hourMs),
    run: type === 'workflow' ? id : null,
    askKey: ctx.effectKey && type === 'workflow' ? `${ctx.effectKey} ${digest(input)}` : null,
  })
}

const titleOf = (label: string, record: string | undefined, count: number): string =>
  count > 1 ? `${label} (${count})` : record ? `${label}: ${record}` : label

async function managerOf(plugin: HandlerContext, userId: string | null): Promise<string | null> {
  const member = userId === null ? null : await findMember(plugin, userId)
  const manager = member?.managerId ? await findMember(plugin, member.managerId) : null
  return manager?.id ?? null
}

/** Only what is called so: a guess at an amount would be a guess at a limit. */
export function amountIn(input: unknown, currency: string): RequestRow['amount'] {
  const { amount } = (input ?? {}) as { readonly amount?: unknown }
  return moneyOf(amount, currency)
}

export function moneyOf(value: unknown, currency: string): RequestRow['amount'] {
  if (typeof value === 'object' && value !== null && 'amount' in value) {
    const { amount, currency: own } = value as { amount: unknown; currency?: unknown }
    return moneyOf(amount, typeof own === 'string' ? own : currency)
  }
  if (typeof value !== 'number' && (typeof value !== 'string' || value.trim() === '')) return null
  return Number.isFinite(Number(value)) ? { amount: Number(value).toFixed(2), currency } : null
}
