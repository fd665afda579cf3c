import {
  ApprovalStaleError,
  type HandlerContext,
  InvalidError,
  NotFoundError,
} from '@runwaycrm/sdk'
import { presentFor } from './absences.ts'
import { ask } from './ask.ts'
import { end } from './decide.ts'
import { moneyOf } from './guard.ts'
import { causeOf, settingsOf } from './people.ts'
import { type Asker, type Form, findRequest, type RequestRow, toRequest } from './request.ts'
import { gatherShown } from './shown.ts'

const hourMs = 3_600_000
const atOnce = 500

/** What other plugins ask somebody for; they hear `platform.approvals:decided` with the id. */
export interface RequestInput {
  readonly kind?: RequestRow['kind']
  readonly title: string
  readonly text?: string | null
  readonly asker: Asker
  readonly record?: { readonly entity: string; readonly id: string } | null
  /** Of the record; the usual ones when it is left open. */
  readonly fields?: readonly string[]
  readonly assignee?: string | null
  readonly role?: string | null
  readonly amount?: unknown
  readonly dueAt?: string | null
  readonly expiresAt?: string | null
  readonly escalateTo?: string | null
  readonly form?: Form
  readonly run?: string | null
  readonly key?: string
}

/** @throws InvalidError when it goes to nobody. */
export async function request(input: RequestInput, ctx: HandlerContext) {
  const plugin = ctx.as(null)
  const settings = await settingsOf(plugin)
  const { assignee = null, record = null, asker, amount } = input
  const role = assignee === null ? (input.role ?? null) : null
  if (assignee === null && role === null) {
    const message = 'It says neither who decides nor which role.'
    throw new InvalidError(message, {
      errors: [{ path: 'assignee', code: 'REQUIRED', message }],
    })
  }
  const about = record && { entity: record.entity, ids: [record.id] }
  const causeUser = await causeOf(plugin, asker)
  const wanted = { assignee, role }
  const { decider, standsInFor } = await presentFor(plugin, wanted, [asker.userId, causeUser])
  const row = await ask(plugin, {
    ...{ kind: input.kind ?? 'approval', title: input.title, text: input.text ?? null },
    ...{ asker, about: record, form: input.form ?? null, run: input.run ?? null, ...decider },
    shown: await gatherShown(plugin, plugin, about, decider, input.fields),
    ...{ causeUser, standsInFor },
    amount: moneyOf(amount, plugin.org.currency),
    escalateTo: input.escalateTo ?? null,
    dueAt: input.dueAt ? new Date(input.dueAt) : null,
    expiresAt: input.expiresAt
      ? new Date(input.expiresAt)
      : new Date(plugin.now.getTime() + settings.expiresHours * hourMs),
    askKey: input.key ?? null,
  })
  return { approvalId: row.approval, expiresAt: new Date(row.expiresAt).toISOString() }
}

/** Takes back what is pending: one request, or all of a run. */
export async function cancel(
  { approvalId, run }: { readonly approvalId?: string; readonly run?: string },
  ctx: HandlerContext,
) {
  const plugin = ctx.as(null)
  if (approvalId === undefined && run === undefined) throw new NotFoundError()
  const about = approvalId === undefined ? { run } : { approval: approvalId }
  let cancelled = 0
  for (;;) {
    const query = { where: { status: 'pending', ...about }, limit: atOnce }
    const rows = await plugin.tables.select('request', query)
    for (const row of rows) if (await takeBack(plugin, toRequest(row))) cancelled++
    if (rows.length < atOnce) return { cancelled }
  }
}

/** @returns false when somebody decided at the same moment. */
async function takeBack(plugin: HandlerContext, row: RequestRow): Promise<boolean> {
  try {
    await plugin.transaction((inside) => end(inside, row, { status: 'cancelled' }))
    return true
  } catch (error) {
    if (error instanceof ApprovalStaleError) return false
    throw error
  }
}

/**
 * How a deed that waits for a yes stands: what to wait for while it does, else its output or why there is none.
 *
 * @throws NotFoundError
 */
export async function outcome(
  { approvalId }: { readonly approvalId: string },
  ctx: HandlerContext,
) {
  const row = await findRequest(ctx.as(null), approvalId)
  if (!row) throw new NotFoundError('There is no such approval.')
  const { status, settledAt, output, problem, comment, decidedBy: by } = row
  if (settledAt === null) {
    return { status, wait: { event: 'platform.approvals:settled', match: { approvalId } } }
  }
  return { status, output, problem, comment, by }
}
