import { findMember, type HandlerContext, invalidInput, recordOfInput } from '@runwaycrm/sdk'
import { type Priority, ticketEntity } from './settings.ts'

export interface CreateTicketInput {
  readonly subject: string
  readonly description?: string
  readonly contactId?: string
  readonly accountId?: string
  readonly email?: string
  readonly priority?: Priority
  readonly channel?: string
  readonly assignTo?: string
}

export async function createTicket(input: CreateTicketInput, ctx: HandlerContext) {
  const subject = input.subject.trim()
  if (subject === '') throw invalidInput('subject', 'REQUIRED', 'Say what it is about.')
  const contact = input.contactId
    ? await recordOfInput(ctx.records, 'crm.contacts:contact', input.contactId, 'contactId')
    : null
  if (input.accountId)
    await recordOfInput(ctx.records, 'crm.accounts:account', input.accountId, 'accountId')
  const owner = input.assignTo ? await findMember(ctx, input.assignTo, 'input.assignTo') : null
  const ticket = await ctx.records.create(ticketEntity, {
    subject,
    description: input.description?.trim() || null,
    contactId: contact?.id ?? null,
    accountId: input.accountId ?? contact?.['accountId'] ?? null,
    email: input.email ?? null,
    ...(input.priority ? { priority: input.priority } : {}),
    ...(input.channel ? { channel: input.channel } : {}),
    ...(owner ? { ownerId: owner.id } : {}),
  })
  return {
    ticketId: ticket.id,
    number: Number(ticket['number']),
    firstResponseDue: String(ticket['firstResponseDue']),
    resolutionDue: String(ticket['resolutionDue']),
  }
}
