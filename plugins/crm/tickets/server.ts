import { defineHandlers, type HandlerContext } from '@runwaycrm/sdk'
import { checkSla } from './check-sla.ts'
import { createTicket } from './create-ticket.ts'
import { draftReply } from './draft-reply.ts'
import { escalateTicket, resolveTicket } from './escalate-ticket.ts'
import { fillReply } from './fill-reply.ts'
import { followSla } from './follow-sla.ts'
import { replyToTicket } from './reply-to-ticket.ts'
import { seedSample } from './sample.ts'
import { slaReport } from './sla-report.ts'

export const handlers = defineHandlers({
  followSla,
  fillReply,
  createTicket,
  escalateTicket,
  resolveTicket,
  replyToTicket,
  draftReply,
  slaReport,
  checkSla,
  async checkJob(_input: unknown, ctx: HandlerContext) {
    await checkSla({}, ctx)
  },
  seedSample,
})
