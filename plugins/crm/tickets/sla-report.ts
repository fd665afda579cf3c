import {
  dayIn,
  type Filter,
  type HandlerContext,
  momentsOf,
  type PastPeriod,
  type Period,
  percentOf,
  rangeOf,
  sayTo,
} from '@runwaycrm/sdk'
import { priorities, ticketEntity } from './settings.ts'

const isOpen: Filter = { status: { $nin: ['resolved', 'closed'] } }

/** Tickets that were opened in a period, as far as the reader may see them. */
export async function slaReport(
  input: { readonly period?: Period | PastPeriod; readonly priority?: string },
  ctx: HandlerContext,
) {
  const today = dayIn(ctx.now, ctx.org.timeZone)
  const range = rangeOf(input.period ?? 'this_month', today)
  const some = input.priority ? { priority: input.priority } : {}
  const { data } = await ctx.records.aggregate(ticketEntity, {
    filter: { openedAt: momentsOf(range, ctx.org.timeZone), ...some },
    groupBy: [{ field: 'priority' }],
    measures: {
      opened: { count: '*' },
      answered: { count: '*', filter: { firstResponseAt: { $exists: true } } },
      answeredLate: { count: '*', filter: { firstResponseBreached: true } },
      resolved: { count: '*', filter: { resolvedAt: { $exists: true } } },
      resolvedLate: { count: '*', filter: { resolutionBreached: true } },
      firstResponseMinutes: { avg: 'firstResponseMinutes' },
      resolutionMinutes: { avg: 'resolutionMinutes' },
    },
  })
  const byPriority = priorities.flatMap((priority) => {
    const row = data.find((one) => one['priority'] === priority)
    return row ? [{ priority, ...figuresOf(row) }] : []
  })
  const { data: late } = await ctx.records.list(ticketEntity, {
    filter: { ...isOpen, ...some, sla: 'breached' },
    sort: 'resolutionDue',
    limit: 20,
  })
  const sum = (name: 'opened' | 'answeredLate' | 'resolvedLate') =>
    byPriority.reduce((total, row) => total + row[name], 0)
  const opened = sum('opened')
  const say = sayTo(ctx)
  return {
    ...range,
    opened,
    firstResponseInTimePercent: percentOf(opened - sum('answeredLate'), opened),
    resolutionInTimePercent: percentOf(opened - sum('resolvedLate'), opened),
    byPriority,
    late: late.map((ticket) => ({
      ticketId: ticket.id,
      number: ticket['number'],
      subject: ticket['subject'],
      priority: ticket['priority'],
      resolutionDue: ticket['resolutionDue'],
      ownerId: ticket['ownerId'] ?? null,
    })),
    summary:
      opened === 0
        ? [say('sla.none')]
        : [
            say('sla.some', {
              opened,
              answered: sum('answeredLate'),
              resolved: sum('resolvedLate'),
            }),
          ],
  }
}

function figuresOf(row: Readonly<Record<string, unknown>>) {
  const number = (name: string) => Number(row[name] ?? 0)
  const average = (name: string) => (row[name] == null ? null : Math.round(number(name)))
  return {
    opened: number('opened'),
    answered: number('answered'),
    answeredLate: number('answeredLate'),
    resolved: number('resolved'),
    resolvedLate: number('resolvedLate'),
    firstResponseMinutes: average('firstResponseMinutes'),
    resolutionMinutes: average('resolutionMinutes'),
  }
}
