import {
  type HandlerContext,
  NotFoundError,
  type PublicPage,
  type RouteReply,
  type RouteRequest,
} from '@runwaycrm/sdk'
import { preferenceEntity, topics } from './kinds.ts'
import { type Preferences, preferencesOf } from './preferences.ts'
import { readAs } from './read-as.ts'

/** Asks; programs that look at mails open every link, so nothing changes yet. */
export async function stopPage(request: RouteRequest, ctx: HandlerContext): Promise<RouteReply> {
  const { preferences } = await subjectOf(request, ctx)
  const isStopped = topics.every((topic) => preferences.mail[topic] === 'off')
  return { status: 200, page: pageOf(ctx, preferences, isStopped ? 'done' : 'ask') }
}

export async function stopMails(request: RouteRequest, ctx: HandlerContext): Promise<RouteReply> {
  const { userId, preferences } = await subjectOf(request, ctx)
  const off = Object.fromEntries(topics.map((topic) => [`${topic}Mail`, 'off']))
  const { data } = await ctx.records.list(preferenceEntity, {
    filter: { ownerId: userId },
    fields: ['id'],
    limit: 1,
  })
  if (data[0]) await ctx.records.update(preferenceEntity, data[0].id, off)
  else await ctx.records.create(preferenceEntity, { ...off, ownerId: userId })
  return { status: 200, page: pageOf(ctx, preferences, 'done') }
}

/** @throws NotFoundError when the person is gone. */
async function subjectOf({ params }: RouteRequest, ctx: HandlerContext) {
  const userId = params['subject'] ?? ''
  const preferences = (await preferencesOf(ctx, [userId])).get(userId)!
  if ((await readAs(ctx, userId, 'kernel:user', [userId])).size === 0) throw new NotFoundError()
  return { userId, preferences }
}

function pageOf(ctx: HandlerContext, { language }: Preferences, state: 'ask' | 'done'): PublicPage {
  const t = (key: string) => ctx.t(key, { org: ctx.org.name }, language)
  if (state === 'ask')
    return { language, title: t('stop.title'), text: [t('stop.ask')], button: t('stop.button') }
  return { language, title: t('stop.doneTitle'), text: [t('stop.done')] }
}
