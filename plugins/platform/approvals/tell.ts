import type { HandlerContext } from '@runwaycrm/sdk'
import { decidersOf, isOwnAboveLimit, type Member } from './people.ts'
import { approvalEntity, findRequest, type RequestRow } from './request.ts'
import { sayShown } from './say.ts'

interface Mail {
  send(mail: {
    readonly to: string
    readonly subject: string
    readonly text: string
    readonly layout: 'brand'
    readonly action: { readonly label: string; readonly url: string }
    readonly template: string
  }): Promise<unknown>
}

export const linkPath = '/approvals/decide/:token'

/** Tells whom it waits for, in the app and by mail, where they may decide at once. */
export async function tell(
  { approval, hash }: { readonly approval: string; readonly hash: string },
  ctx: HandlerContext,
): Promise<void> {
  const row = await findRequest(ctx, approval)
  if (row?.status !== 'pending' || row.hash !== hash) return
  const members: Member[] = []
  for (const member of await decidersOf(ctx, row)) {
    if (!(await isOwnAboveLimit(ctx, row, member.id))) members.push(member)
  }
  if (members.length === 0) return
  await ctx.transaction(async (inside) => {
    const asked = { approvalId: approval, hash, title: row.title, kind: row.kind }
    const by = { byUserId: row.askerUser, byName: row.asker.name }
    await inside.events.emit(
      'requested',
      { ...asked, ...by, userIds: members.map(({ id }) => id) },
      { entity: approvalEntity, id: approval },
    )
    for (const member of members) await mailTo(inside, row, member)
  })
}

async function mailTo(ctx: HandlerContext, row: RequestRow, member: Member): Promise<void> {
  if (member.email === null) return
  const url = `${ctx.environment('RUNWAY_PUBLIC_URL') ?? ''}/approvals/${row.approval}`
  const until = sayMoment(ctx, row.expiresAt)
  const lines =
    row.kind === 'form'
      ? [ctx.t('mail.form', { name: row.asker.name, title: row.title })]
      : [ctx.t('mail.asked', { name: row.asker.name, title: row.title }), ...sayShown(ctx, row)]
  const links =
    row.kind === 'form'
      ? []
      : [
          `${ctx.t('mail.approve')}\n${linkTo(ctx, row, member, 'approved')}`,
          `${ctx.t('mail.reject')}\n${linkTo(ctx, row, member, 'rejected')}`,
          ctx.t('mail.links'),
        ]
  await ctx.services.get<Mail>('mail', 1).send({
    to: member.email,
    subject: ctx.t(row.kind === 'form' ? 'mail.formSubject' : 'mail.subject', { title: row.title }),
    text: [...lines, ctx.t('mail.until', { until }), url, ...links].join('\n\n'),
    layout: 'brand',
    action: { label: ctx.t('mail.open'), url },
    template: row.kind,
  })
}

/** Good for one decision of one member on what is asked now. */
function linkTo(
  ctx: HandlerContext,
  { approval, hash, expiresAt }: RequestRow,
  { id }: Member,
  decision: string,
): string {
  const left = (Date.parse(expiresAt) - Date.now()) / 86_400_000
  const days = Math.max(1, Math.ceil(left))
  return ctx.publicLink(linkPath, `${approval} ${id} ${decision} ${hash}`, { days })
}

function sayMoment({ org }: HandlerContext, moment: string): string {
  return new Date(moment).toLocaleString(org.locale, {
    ...{ dateStyle: 'medium', timeStyle: 'short', timeZone: org.timeZone },
  })
}
