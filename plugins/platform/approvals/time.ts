import { ApprovalStaleError, type HandlerContext } from '@runwaycrm/sdk'
import { type Present, presentFor } from './absences.ts'
import { carryOut, giveUp } from './carry-out.ts'
import { end } from './decide.ts'
import { giveTo } from './hand-on.ts'
import { findMember, settingsOf } from './people.ts'
import { findRequest, isOver, type RequestRow } from './request.ts'
import type { Decider } from './shown.ts'

interface ApprovalJob {
  readonly approval: string
}

/** Nobody decided in time: it goes to who decides for one who is away, to their manager, or to the role that is named. */
export async function due({ approval }: ApprovalJob, ctx: HandlerContext): Promise<void> {
  const row = await findRequest(ctx, approval)
  if (row?.status !== 'pending' || row.escalated || isOver(row, new Date())) return
  const to = await higher(ctx, row)
  if (!to) return
  await ctx
    .transaction((inside) =>
      giveTo(inside, row, to.decider, { escalated: true }, { standsInForId: to.standsInFor }),
    )
    .catch(unlessDecided)
}

async function higher(ctx: HandlerContext, row: RequestRow): Promise<Present | null> {
  const own = [row.askerUser, row.causeUser]
  const isOther = ({ assignee, role }: Decider) =>
    (assignee !== row.assignee || role !== row.role) &&
    (assignee === null || !own.includes(assignee))
  const named = row.escalateTo === null ? [] : [{ assignee: null, role: row.escalateTo }]
  const { escalateTo } = await settingsOf(ctx)
  const usual = escalateTo ? [{ assignee: null, role: escalateTo }] : []
  const member = row.assignee === null ? null : await findMember(ctx, row.assignee)
  const manager = member?.managerId ? await findMember(ctx, member.managerId) : null
  const above = manager ? [{ assignee: manager.id, role: null }] : []
  // Who has gone away since they were asked has somebody who decides for them.
  const instead = row.assignee === null ? [] : [{ assignee: row.assignee, role: null }]
  for (const one of [...instead, ...above, ...named, ...usual]) {
    const present = await presentFor(ctx, one, own)
    if (isOther(present.decider)) return present
  }
  return null
}

/** Silence is no consent: what nobody decided ends, and what waits for it hears so. */
export async function expire({ approval }: ApprovalJob, ctx: HandlerContext): Promise<void> {
  const row = await findRequest(ctx, approval)
  if (row?.status !== 'pending' || !isOver(row, new Date())) return
  await ctx.transaction((inside) => end(inside, row, { status: 'expired' })).catch(unlessDecided)
}

/** Somebody decided at the same moment. */
function unlessDecided(error: unknown): void {
  if (!(error instanceof ApprovalStaleError)) throw error
}

export async function carryOutLater({ approval }: ApprovalJob, ctx: HandlerContext): Promise<void> {
  if (await carryOut(ctx, approval)) return
  const row = await findRequest(ctx, approval)
  if (row?.status === 'approved' && row.action !== null && row.settledAt === null) {
    throw new Error('It is done by somebody else now; looked at again later.')
  }
}

export async function carryOutNever(
  {
    payload,
    problem,
  }: { readonly payload: ApprovalJob; readonly problem: { code: string; detail: string } },
  ctx: HandlerContext,
): Promise<void> {
  await giveUp(ctx, payload.approval, problem)
}
