import {
  type HandlerContext,
  NotFoundError,
  ownWords,
  type RecordData,
  sayTo,
} from '@runwaycrm/sdk'
import { assertOpen } from './escalate-ticket.ts'
import { replyEntity, slaSettings, ticketEntity } from './settings.ts'

interface Suggested {
  readonly articleId: string
  readonly title: string
  readonly excerpt: string
}

/**
 * Puts template and public articles together; the same ticket gives the same draft. It goes to a customer, so it is
 * in the organisation's language, whoever asked for it.
 */
export async function draftReply({ ticketId }: { readonly ticketId: string }, ctx: HandlerContext) {
  const ticket = await ctx.records.get(ticketEntity, ticketId)
  assertOpen(ticket['status'])
  const settings = await slaSettings(ctx)
  const own = (part: 'greeting' | 'closing') =>
    ownWords(ctx, `settings.sla.schema.properties.${part}.default`, settings[part])
  const articles = await articlesFor(ctx, ticketId)
  const slots: Readonly<Record<string, string>> = {
    name: await nameOf(ctx, ticket),
    subject: String(ticket['subject']),
    agent: ctx.principal.name,
  }
  const fill = (text: string) =>
    text.replaceAll(/\{(\w+)\}/g, (whole, slot: string) => slots[slot] ?? whole)
  const text = [
    fill(own('greeting')),
    ...(articles.length > 0
      ? articles.map(({ title, excerpt }) => `${title}\n${excerpt}`)
      : [ctx.t('draft.looking')]),
    fill(own('closing')),
  ].join('\n\n')
  const draft = await ctx.records.create(replyEntity, {
    name: `Re: ${ticket['subject']}`,
    ticketId,
    type: 'email',
    body: text,
    ownerId: ticket['ownerId'] ?? null,
  })
  return { ticketId, draftId: draft.id, text, articles, ai: false, note: sayTo(ctx)('draft.note') }
}

/** Only what the public may read goes to a customer. */
async function articlesFor(ctx: HandlerContext, ticketId: string): Promise<readonly Suggested[]> {
  if (!ctx.model.entity('crm.knowledge:article')) return []
  const input = { ticketId, visibility: 'public', limit: 2 }
  const answer = await ctx.actions.run('crm.knowledge:suggest_articles', input)
  return (answer as { readonly articles: readonly Suggested[] }).articles
}

async function nameOf(ctx: HandlerContext, ticket: RecordData): Promise<string> {
  const { contactId } = ticket as { readonly contactId?: string | null }
  const nobody = ctx.t('draft.nobody')
  if (!contactId) return nobody
  try {
    const contact = await ctx.records.get('crm.contacts:contact', contactId)
    return String(contact['name'] ?? nobody)
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error
    return nobody
  }
}
