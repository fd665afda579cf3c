import { findMember, type HandlerContext, InvalidError, NotFoundError } from '@runwaycrm/sdk'
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
  if (subject === '') throw invalid('subject', 'REQUIRED', 'Say what it is about.')
  const contact = input.contactId
    ? await find(ctx, 'crm.contacts:contact', input.contactId, 'contactId')
    : null
  if (input.accountId) await find(ctx, 'crm.accounts:account', input.accountId, 'accountId')
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

async function find(ctx: HandlerContext, entity: string, id: string, input: string) {
  try {
    return await ctx.records.get(entity, id)
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error
    throw invalid(input, 'UNKNOWN_RECORD', 'There is no such record, or you may not read it.')
  }
}

function invalid(name: string, code: 'REQUIRED' | 'UNKNOWN_RECORD', message: string) {
  return new InvalidError(message, { errors: [{ path: `input.${name}`, code, message }] })
}
