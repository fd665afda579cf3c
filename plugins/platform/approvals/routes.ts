import {
  ForbiddenError,
  type HandlerContext,
  NotFoundError,
  type RouteReply,
  type RouteRequest,
} from '@runwaycrm/sdk'
import { type Decision, decide, submit } from './decide.ts'
import { isDecider, isOwnAboveLimit, type Member } from './people.ts'
import { approvalEntity, findRequest, isOver } from './request.ts'
import { conflictsOf } from './shown.ts'

const most = 200

/** Takes a decision. What does not exist and what somebody may not see are one and the same answer. */
export async function decideRoute(
  { params, body }: RouteRequest,
  ctx: HandlerContext,
): Promise<RouteReply> {
  const id = params['id'] as string
  await ctx.records.get(approvalEntity, id, { fields: ['id'] })
  const decision = body as { decision: Decision; hash: string; comment?: string | null }
  return { status: 200, body: await decide(ctx.as(null), id, decision, personOf(ctx)) }
}

export async function submitRoute(
  { params, body }: RouteRequest,
  ctx: HandlerContext,
): Promise<RouteReply> {
  const id = params['id'] as string
  await ctx.records.get(approvalEntity, id, { fields: ['id'] })
  const answers = body as { answers: Readonly<Record<string, unknown>>; hash: string }
  return { status: 200, body: await submit(ctx.as(null), id, answers, personOf(ctx)) }
}

/** A yes or no is a person's: keys and what acts by itself give none. */
function personOf({ principal }: HandlerContext): Pick<Member, 'id' | 'roles' | 'name'> {
  const { type, userId, roles, name } = principal
  if (type !== 'user' || userId === null) {
    throw new ForbiddenError('Only a member who is signed in decides.')
  }
  return { id: userId, roles, name }
}

/** What waits for whoever asks, the most urgent first. */
export async function waitingRoute(_: RouteRequest, ctx: HandlerContext): Promise<RouteReply> {
  const { userId, roles } = ctx.principal
  const mine = [
    ...(userId === null ? [] : [{ assigneeId: userId }]),
    ...(roles.length === 0 ? [] : [{ assigneeId: null, role: { $in: [...roles] } }]),
  ]
  if (mine.length === 0) return { status: 200, body: { data: [] } }
  const { data } = await ctx.records.list(approvalEntity, {
    filter: { status: 'pending', $or: mine },
    sort: 'dueAt,expiresAt,id',
    limit: most,
  })
  return { status: 200, body: { data } }
}

/** A request as it is now: what has changed since it was shown, and whether whoever asks may decide. */
export async function stateRoute(
  { params }: RouteRequest,
  ctx: HandlerContext,
): Promise<RouteReply> {
  const id = params['id'] as string
  const record = await ctx.records.get(approvalEntity, id)
  const plugin = ctx.as(null)
  const row = await findRequest(plugin, id)
  if (!row) throw new NotFoundError()
  const { type, userId, roles } = ctx.principal
  const isPending = row.status === 'pending' && !isOver(row, new Date())
  const waitsForMe =
    type === 'user' && userId !== null && isDecider(row, { id: userId, roles }) && isPending
  const isOwn = userId !== null && isPending && (await isOwnAboveLimit(plugin, row, userId))
  const isAsker = userId !== null && row.askerUser === userId
  return {
    status: 200,
    body: {
      record,
      mayDecide: waitsForMe && !isOwn,
      mayHandOn: isPending && !isOwn && (waitsForMe || ctx.isAdmin),
      reason: isOwn && waitsForMe ? 'own' : null,
      conflicts: isPending ? await conflictsOf(plugin, row.shown) : [],
      ...(isAsker || ctx.isAdmin ? { output: row.output ?? null } : {}),
    },
  }
}
