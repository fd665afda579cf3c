import type { HandlerContext } from '@runwaycrm/sdk'
import { askByChannels } from './channels.ts'
import { linksFor } from './links.ts'
import { askedOf, type Member } from './people.ts'
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

/** Tells whom it waits for, in the app and by mail, where they may decide at once. */
export async function tell(
  { approval, hash }: { readonly approval: string; readonly hash: string },
  ctx: HandlerContext,
): Promise<void> {
  const row = await findRequest(ctx, approval)
  if (row?.status !== 'pending' || row.hash !== hash) return
  const members = await askedOf(ctx, row)
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
    await askByChannels(inside, row, members)
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
  const to = row.kind === 'form' ? null : linksFor(ctx, row, member)
  const links = to
    ? [
        `${ctx.t('mail.approve')}\n${to.approved}`,
        `${ctx.t('mail.reject')}\n${to.rejected}`,
        ctx.t('mail.links'),
      ]
    : []
  await ctx.services.get<Mail>('mail', 1).send({
    to: member.email,
    subject: ctx.t(row.kind === 'form' ? 'mail.formSubject' : 'mail.subject', { title: row.title }),
    text: [...lines, ctx.t('mail.until', { until }), url, ...links].join('\n\n'),
    layout: 'brand',
    action: { label: ctx.t('mail.open'), url },
    template: row.kind,
  })
}

function sayMoment({ org }: HandlerContext, moment: string): string {
  return new Date(moment).toLocaleString(org.locale, {
    ...{ dateStyle: 'medium', timeStyle: 'short', timeZone: org.timeZone },
  })
}
