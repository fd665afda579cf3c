import type { HandlerContext } from '@runwaycrm/sdk'
import { ticketEntity } from './settings.ts'

/** Flags what is late and not flagged yet. Begins again where it was stopped. */
export async function checkSla(_input: object, ctx: HandlerContext) {
  const now = ctx.now.toISOString()
  let flagged = 0
  for (;;) {
    const { data } = await ctx.records.list(ticketEntity, {
      filter: {
        status: { $in: ['new', 'open'] },
        $or: [
          {
            firstResponseAt: null,
            firstResponseBreached: { $ne: true },
            firstResponseDue: { $lt: now },
          },
          { resolutionBreached: { $ne: true }, resolutionDue: { $lt: now } },
        ],
      },
      fields: [
        'firstResponseAt',
        'firstResponseDue',
        'firstResponseBreached',
        'resolutionDue',
        'resolutionBreached',
      ],
      sort: 'resolutionDue',
      limit: 200,
    })
    if (data.length === 0) return { flagged }
    const { results } = await ctx.records.bulk(ticketEntity, {
      update: data.map((ticket) => ({
        id: ticket.id,
        version: ticket.version,
        firstResponseBreached:
          ticket['firstResponseBreached'] === true ||
          (!ticket['firstResponseAt'] && String(ticket['firstResponseDue']) < now),
        resolutionBreached: String(ticket['resolutionDue']) < now,
        sla: 'breached',
      })),
      atomic: false,
    })
    flagged += results.filter(({ status }) => status === 'updated').length
    // Others were faster, or the caller may not change some; the next check finds what is left.
    if (results.some(({ status }) => status === 'failed')) return { flagged }
  }
}
