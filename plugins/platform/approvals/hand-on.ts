import {
  ApprovalStaleError,
  ForbiddenError,
  type HandlerContext,
  InvalidError,
  StateConflictError,
} from '@runwaycrm/sdk'
import { changeRequest } from './ask.ts'
import { findMember, isDecider, isOwnAboveLimit } from './people.ts'
import { approvalEntity, findRequest, hashOf, isOver, type RequestRow } from './request.ts'
import { type Decider, narrowShown, presentShown } from './shown.ts'

/** Gives what waits for somebody to another member: by whom it waits for, or by an admin. */
export async function delegate(
  { id, to, comment }: { readonly id: string; readonly to: string; readonly comment?: string },
  ctx: HandlerContext,
) {
  await ctx.records.get(approvalEntity, id, { fields: ['id'] })
  const plugin = ctx.as(null)
  const row = await pending(plugin, id)
  const { userId, roles } = ctx.principal
  const isMine = userId !== null && isDecider(row, { id: userId, roles })
  if (!isMine && !ctx.isAdmin) throw new ForbiddenError('This waits for somebody else.')
  if (userId !== null && (await isOwnAboveLimit(plugin, row, userId))) {
    throw new ForbiddenError('Nobody chooses who decides what they asked for themselves.')
  }
  const member = await findMember(plugin, to)
  if (!member) {
    const message = 'There is no such member, or they are not active.'
    throw new InvalidError(message, { errors: [{ path: 'to', code: 'UNKNOWN_RECORD', message }] })
  }
  const given = await plugin.transaction((inside) =>
    giveTo(inside, row, { assignee: member.id, role: null }, comment ? { comment } : {}, {
      ...{ handedOnById: userId, standsInForId: null },
    }),
  )
  return { assigneeId: member.id, hash: given.hash }
}

/**
 * Asks again with the values as they are now, so that whoever decides may decide on those: by whom it waits for,
 * by who asked, or by an admin.
 */
export async function renew({ id }: { readonly id: string }, ctx: HandlerContext) {
  await ctx.records.get(approvalEntity, id, { fields: ['id'] })
  const plugin = ctx.as(null)
  const row = await pending(plugin, id)
  const { userId, roles } = ctx.principal
  const isMine =
    userId !== null && (isDecider(row, { id: userId, roles }) || row.askerUser === userId)
  if (!isMine && !ctx.isAdmin) throw new ForbiddenError('This waits for somebody else.')
  const decider = { assignee: row.assignee, role: row.role }
  const renewed = await plugin.transaction(async (inside) => {
    const present = await presentShown(inside, await narrowShown(inside, row.shown, decider))
    return showAgain(inside, row, present, {}, {})
  })
  return { hash: renewed.hash }
}

async function pending(plugin: HandlerContext, id: string): Promise<RequestRow> {
  const row = await findRequest(plugin, id)
  if (row?.status !== 'pending' || isOver(row, new Date())) {
    throw new StateConflictError('It waits for nobody any more.')
  }
  return row
}

/**
 * Inside a transaction. Whoever gets it is shown no more than they may read.
 *
 * @param moreShown what the record that people see says besides.
 */
export async function giveTo(
  inside: HandlerContext,
  row: RequestRow,
  decider: Decider,
  more: Readonly<Record<string, unknown>>,
  moreShown: Readonly<Record<string, unknown>> = {},
): Promise<RequestRow> {
  const shown = await narrowShown(inside, row.shown, decider)
  const { assignee, role } = decider
  const given = await showAgain(
    inside,
    row,
    shown,
    { ...more, assignee, role },
    { ...more, ...moreShown, ...{ assigneeId: assignee, role } },
  )
  await inside.jobs.enqueue('tell', { approval: given.approval, hash: given.hash, anew: true })
  return given
}

async function showAgain(
  inside: HandlerContext,
  row: RequestRow,
  shown: RequestRow['shown'],
  change: Readonly<Record<string, unknown>>,
  shownChange: Readonly<Record<string, unknown>>,
): Promise<RequestRow> {
  const hash = hashOf({ ...row, shown })
  const changed = await changeRequest(
    inside,
    row,
    { ...change, shown, hash },
    { ...shownChange, shown, hash },
  )
  if (!changed) throw new ApprovalStaleError('Somebody else was faster.')
  return changed
}
