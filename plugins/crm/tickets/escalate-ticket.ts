import { findMember, type HandlerContext, StateConflictError } from '@runwaycrm/sdk'
import { type Priority, priorities, ticketEntity } from './settings.ts'

/** One level and one priority up, and to somebody who decides. */
export async function escalateTicket(
  input: { readonly ticketId: string; readonly reason: string; readonly assignTo?: string },
  ctx: HandlerContext,
) {
  const { ticketId } = input
  const ticket = await ctx.records.get(ticketEntity, ticketId)
  assertOpen(ticket['status'])
  const member = input.assignTo ? await findMember(ctx, input.assignTo, 'input.assignTo') : null
  const ownerId = member?.id ?? (await managerOf(ctx, ticket['ownerId']))
  const at = priorities.indexOf(ticket['priority'] as Priority)
  const priority = priorities[Math.min(at + 1, priorities.length - 1)]!
  const level = Number(ticket['escalationLevel'] ?? 0) + 1
  await ctx.records.update(
    ticketEntity,
    ticketId,
    {
      priority,
      escalationLevel: level,
      escalatedAt: ctx.now.toISOString(),
      escalationReason: input.reason.trim(),
      ...(ownerId ? { ownerId } : {}),
    },
    ticket.version,
  )
  return { ticketId, level, priority, ownerId: ownerId ?? ticket['ownerId'] ?? null }
}

export async function resolveTicket(
  { ticketId, resolution }: { readonly ticketId: string; readonly resolution: string },
  ctx: HandlerContext,
) {
  const ticket = await ctx.records.get(ticketEntity, ticketId)
  assertOpen(ticket['status'])
  const resolved = await ctx.records.update(
    ticketEntity,
    ticketId,
    { status: 'resolved', resolution: resolution.trim() },
    ticket.version,
  )
  return { ticketId, status: 'resolved', inTime: resolved['resolutionBreached'] !== true }
}

/** @throws StateConflictError for one that is solved. */
export function assertOpen(status: unknown): void {
  if (status === 'resolved' || status === 'closed')
    throw new StateConflictError(`This {ticket} is ${status}; open it again first.`)
}

async function managerOf(ctx: HandlerContext, ownerId: unknown): Promise<string | null> {
  if (typeof ownerId !== 'string') return null
  const { data } = await ctx.records.list('kernel:user', { filter: { id: ownerId }, limit: 1 })
  const managerId = data[0]?.['managerId']
  return typeof managerId === 'string' ? managerId : null
}
