import { type HandlerContext, NotFoundError, type RecordData } from '@runwaycrm/sdk'
import { assertOpen } from './escalate-ticket.ts'
import { replyEntity, slaSettings, ticketEntity } from './settings.ts'

interface Suggested {
  readonly articleId: string
  readonly title: string
  readonly excerpt: string
}

const note =
  'No AI is configured: the text is the template of the settings with the articles that share most words with the ticket.'

/** Puts template and public articles together; the same ticket gives the same draft. */
export async function draftReply({ ticketId }: { readonly ticketId: string }, ctx: HandlerContext) {
  const ticket = await ctx.records.get(ticketEntity, ticketId)
  assertOpen(ticket['status'])
  const { greeting, closing } = await slaSettings(ctx)
  const articles = await articlesFor(ctx, ticketId)
  const slots: Readonly<Record<string, string>> = {
    name: await nameOf(ctx, ticket),
    subject: String(ticket['subject']),
    agent: ctx.principal.name,
  }
  const fill = (text: string) =>
    text.replaceAll(/\{(\w+)\}/g, (whole, slot: string) => slots[slot] ?? whole)
  const text = [
    fill(greeting),
    ...(articles.length > 0
      ? articles.map(({ title, excerpt }) => `${title}\n${excerpt}`)
      : ['We are looking into it and will come back to you.']),
    fill(closing),
  ].join('\n\n')
  const draft = await ctx.records.create(replyEntity, {
    name: `Re: ${ticket['subject']}`,
    ticketId,
    type: 'email',
    body: text,
    ownerId: ticket['ownerId'] ?? null,
  })
  return { ticketId, draftId: draft.id, text, articles, ai: false, note }
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
  if (!contactId) return 'there'
  try {
    const contact = await ctx.records.get('crm.contacts:contact', contactId)
    return String(contact['name'] ?? 'there')
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error
    return 'there'
  }
}
