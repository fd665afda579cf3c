import { type HandlerContext, invalidInput, NotFoundError, type RecordData } from '@runwaycrm/sdk'
import { assertOpen } from './escalate-ticket.ts'
import { replyEntity, ticketEntity } from './settings.ts'

export interface ReplyInput {
  readonly ticketId: string
  readonly body?: string
  readonly draftId?: string
  readonly internal?: boolean
  readonly status?: string
}

/**
 * Answers whoever asked. Reply and ticket are written under the version that was looked at, and the mail
 * leaves last: two who answer at once send one, and a mail that is not taken leaves nothing behind.
 */
export async function replyToTicket(input: ReplyInput, ctx: HandlerContext) {
  const { ticketId, internal = false } = input
  const ticket = await ctx.records.get(ticketEntity, ticketId)
  if (!internal) assertOpen(ticket['status'])
  const draft = input.draftId ? await draftOf(ctx, input.draftId, ticketId) : null
  const body = input.body?.trim() || String(draft?.['body'] ?? '')
  if (body === '') throw invalidInput('body', 'REQUIRED', 'Write something, or name a draft.')
  const to = internal ? null : await addressOf(ctx, ticket)
  const now = ctx.now.toISOString()
  const isFirstResponse = !internal && !ticket['firstResponseAt']
  const status = internal
    ? (input.status ?? ticket['status'])
    : (input.status ?? 'waiting_customer')
  const replyId = await ctx.batch(async (records) => {
    const values = {
      body,
      type: internal ? 'note' : 'email',
      state: 'sent',
      sentAt: now,
      sentTo: to,
    }
    const reply = draft
      ? await records.update(replyEntity, draft.id, values, draft.version)
      : await records.create(replyEntity, {
          ...values,
          name: `Re: ${ticket['subject']}`,
          ticketId,
          ownerId: ticket['ownerId'] ?? null,
        })
    await records.update(
      ticketEntity,
      ticketId,
      { status, ...(isFirstResponse ? { firstResponseAt: now } : {}) },
      ticket.version,
    )
    if (to)
      await ctx.services.get('mail', 1)['send']!({
        to,
        subject: `Re: ${ticket['subject']} [T-${ticket['number']}]`,
        text: body,
        template: 'ticket-reply',
        layout: 'brand',
      })
    return reply.id
  })
  return { ticketId, replyId, status: String(status), isFirstResponse, to }
}

async function draftOf(ctx: HandlerContext, id: string, ticketId: string): Promise<RecordData> {
  const { data } = await ctx.records.list(replyEntity, {
    filter: { id, ticketId, state: 'draft' },
    limit: 1,
  })
  if (data[0]) return data[0]
  throw invalidInput('draftId', 'UNKNOWN_RECORD', 'This {ticket} has no such draft.')
}

/** @throws InvalidError when neither the ticket nor its contact has an address. */
async function addressOf(ctx: HandlerContext, ticket: RecordData): Promise<string> {
  if (typeof ticket['email'] === 'string') return ticket['email']
  const { contactId } = ticket as { readonly contactId?: string | null }
  if (contactId) {
    try {
      const contact = await ctx.records.get('crm.contacts:contact', contactId)
      if (typeof contact['email'] === 'string') return contact['email']
    } catch (error) {
      if (!(error instanceof NotFoundError)) throw error
    }
  }
  throw invalidInput('ticketId', 'REQUIRED', 'The {ticket} has no email address; add one to it.')
}
