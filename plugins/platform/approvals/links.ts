import {
  ApprovalStaleError,
  ForbiddenError,
  type HandlerContext,
  NotFoundError,
  type RouteReply,
  type RouteRequest,
} from '@runwaycrm/sdk'
import { type Decision, decide } from './decide.ts'
import { assertMayDecide, findMember, type Member } from './people.ts'
import { findRequest, isOver, type RequestRow } from './request.ts'
import { sayShown } from './say.ts'
import { conflictsOf } from './shown.ts'

const linkPath = '/approvals/decide/:token'

/** Good for one decision of one member on what is asked now. */
export function linksFor(
  ctx: HandlerContext,
  { approval, hash, expiresAt }: RequestRow,
  { id }: Pick<Member, 'id'>,
): Readonly<Record<Decision, string>> {
  const left = (Date.parse(expiresAt) - Date.now()) / 86_400_000
  const days = Math.max(1, Math.ceil(left))
  const to = (decision: Decision) =>
    ctx.publicLink(linkPath, `${approval} ${id} ${decision} ${hash}`, { days })
  return { approved: to('approved'), rejected: to('rejected') }
}

/** What a mailed link is about; programs that look at mails open every link, so nothing is decided yet. */
export async function linkPage(request: RouteRequest, ctx: HandlerContext): Promise<RouteReply> {
  const { row, member, decision, hash } = await subjectOf(request, ctx)
  const refused = await problemOf(ctx, row, member, hash)
  if (refused) return plain(ctx, refused)
  const { title, asker } = row
  return {
    status: 200,
    page: {
      title,
      text: [ctx.t('mail.asked', { name: asker.name, title }), ...sayShown(ctx, row)],
      button: ctx.t(decision === 'approved' ? 'page.approve' : 'page.reject'),
    },
  }
}

export async function linkDecide(request: RouteRequest, ctx: HandlerContext): Promise<RouteReply> {
  const { row, member, decision, hash } = await subjectOf(request, ctx)
  const refused = await problemOf(ctx, row, member, hash)
  if (refused) return plain(ctx, refused)
  try {
    const { problem } = await decide(ctx, row.approval, { decision, hash }, member)
    const done = decision === 'approved' ? 'page.approved' : 'page.rejected'
    return plain(ctx, problem ? 'page.failed' : done, 200)
  } catch (error) {
    if (error instanceof ApprovalStaleError) return plain(ctx, 'page.stale')
    if (error instanceof ForbiddenError) return plain(ctx, 'page.others')
    throw error
  }
}

async function subjectOf({ params }: RouteRequest, ctx: HandlerContext) {
  const [approval = '', userId = '', decision, hash = ''] = (params['subject'] ?? '').split(' ')
  if (decision !== 'approved' && decision !== 'rejected') throw new NotFoundError()
  const row = await findRequest(ctx, approval)
  const member = await findMember(ctx, userId)
  if (!row || !member) throw new NotFoundError()
  return { row, member, decision: decision as Decision, hash }
}

/** The key of the text that says why the link does nothing now; null when it does. */
async function problemOf(
  ctx: HandlerContext,
  row: RequestRow,
  member: Member,
  hash: string,
): Promise<string | null> {
  if (row.status !== 'pending') return 'page.decided'
  if (isOver(row, new Date())) return 'page.over'
  try {
    await assertMayDecide(ctx, row, member)
  } catch {
    return 'page.others'
  }
  if (hash !== row.hash || (await conflictsOf(ctx, row.shown)).length > 0) return 'page.stale'
  return null
}

/** The page is for people, so it is a page whatever it says. */
const plain = (ctx: HandlerContext, key: string, status = 409): RouteReply => ({
  status,
  page: { title: ctx.t(`${key}.title`), text: [ctx.t(`${key}.text`)] },
})
