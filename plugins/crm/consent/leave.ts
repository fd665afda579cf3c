import {
  type HandlerContext,
  NotFoundError,
  type RouteReply,
  type RouteRequest,
} from '@runwaycrm/sdk'
import { purposeEntity } from './entities.ts'
import { latestConsent, setConsent } from './set-consent.ts'

/** Asks; programs that look at mails open every link, so nothing is withdrawn yet. */
export async function leavePage(request: RouteRequest, ctx: HandlerContext): Promise<RouteReply> {
  const { email, purpose } = await subjectOf(request, ctx)
  const words = wordsFor(ctx, email, String(purpose['name']))
  const consent = await latestConsent(ctx, { email, person: null }, purpose.id)
  if (consent?.['state'] === 'withdrawn') return { status: 200, page: words.done }
  return { status: 200, page: words.ask }
}

export async function leave(request: RouteRequest, ctx: HandlerContext): Promise<RouteReply> {
  const { email, purpose } = await subjectOf(request, ctx)
  const consent = await latestConsent(ctx, { email, person: null }, purpose.id)
  if (consent?.['state'] !== 'withdrawn') {
    const subject = { name: String(consent?.['name'] ?? email), email, person: null }
    await setConsent(ctx, subject, purpose, {
      state: 'withdrawn',
      source: 'unsubscribe_link',
      proof: 'Pressed the button of a link that was mailed to this address.',
      at: ctx.now.toISOString(),
    })
  }
  return { status: 200, page: wordsFor(ctx, email, String(purpose['name'])).done }
}

/** @throws NotFoundError when the purpose is gone. */
async function subjectOf({ params }: RouteRequest, ctx: HandlerContext) {
  const [purposeId = '', email = ''] = (params['subject'] ?? '').split(' ')
  if (email === '') throw new NotFoundError()
  return { email, purpose: await ctx.records.get(purposeEntity, purposeId) }
}

function wordsFor({ org }: HandlerContext, email: string, purpose: string) {
  if (org.locale.startsWith('de'))
    return {
      ask: {
        title: 'Abmelden',
        text: [`${email} erhält dann von ${org.name} nichts mehr zu „${purpose}“.`],
        button: 'Abmelden',
      },
      done: {
        title: 'Abgemeldet',
        text: [`${email} erhält von ${org.name} nichts mehr zu „${purpose}“.`],
      },
    }
  return {
    ask: {
      title: 'Unsubscribe',
      text: [`${org.name} will then send nothing more for “${purpose}” to ${email}.`],
      button: 'Unsubscribe',
    },
    done: {
      title: 'Unsubscribed',
      text: [`${org.name} sends nothing more for “${purpose}” to ${email}.`],
    },
  }
}
