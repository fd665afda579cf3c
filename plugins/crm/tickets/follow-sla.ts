import type { FieldValues, HookChange, HookContext, HookOutcome } from '@runwaycrm/sdk'
import { addBusinessMinutes, businessMinutesBetween } from './business-hours.ts'
import type { Priority, SlaSettings } from './settings.ts'

/** The clock runs in these; in all others it stands. */
const running = ['new', 'open']
const ended = ['resolved', 'closed']
const moves = [
  'status',
  'priority',
  'openedAt',
  'firstResponseAt',
  'resolvedAt',
  'pausedSince',
  'pausedMinutes',
]

/**
 * Keeps the times of a ticket in step with its status and priority, whoever changes them: a drag on the
 * board, an import, an action. While the clock stands, what is due moves on by as much.
 */
export function followSla(change: HookChange, ctx: HookContext): HookOutcome | undefined {
  const { before, values, operation } = change
  // What is taken back has its times from then.
  if (ctx.door === 'revert') return undefined
  if (operation === 'update' && !moves.some((name) => values[name] !== undefined)) return undefined
  const ticket = { ...before, ...values }
  const clock = ctx.settings as unknown as SlaSettings
  return { set: slaOf(ticket, { now: ctx.now, clock, timeZone: ctx.org.timeZone }) }
}

interface SlaOptions {
  readonly now: Date
  readonly clock: SlaSettings
  readonly timeZone: string
}

/** All times and flags that follow from status, priority and when it was opened, answered and solved. */
function slaOf(ticket: FieldValues, { now, clock, timeZone }: SlaOptions): FieldValues {
  const between = (from: string, to: string) =>
    businessMinutesBetween(new Date(from), new Date(to), clock, timeZone)
  const nowText = now.toISOString()
  const status = textOf(ticket['status']) ?? 'new'
  const isEnded = ended.includes(status)
  const openedAt = textOf(ticket['openedAt']) ?? nowText
  const firstResponseAt = textOf(ticket['firstResponseAt'])
  const resolvedAt = isEnded ? (textOf(ticket['resolvedAt']) ?? nowText) : null
  let pausedMinutes = Number(ticket['pausedMinutes'] ?? 0)
  let pausedSince = textOf(ticket['pausedSince'])
  if (!running.includes(status)) pausedSince ??= resolvedAt ?? nowText
  else if (pausedSince) {
    pausedMinutes += between(pausedSince, nowText)
    pausedSince = null
  }
  const target = clock.targets[(textOf(ticket['priority']) ?? 'normal') as Priority]
  const due = (minutes: number) =>
    addBusinessMinutes(new Date(openedAt), minutes + pausedMinutes, clock, timeZone)
  // Waiting after the first response does not make that response later.
  const firstResponseDue =
    (firstResponseAt && textOf(ticket['firstResponseDue'])) || due(target.firstResponse)
  const resolutionDue = due(target.resolution)
  const reached = pausedSince ?? nowText
  const firstResponseBreached = (firstResponseAt ?? reached) > firstResponseDue
  const resolutionBreached = (resolvedAt ?? reached) > resolutionDue
  const isBreached = firstResponseBreached || resolutionBreached
  return {
    openedAt,
    resolvedAt,
    pausedMinutes,
    pausedSince,
    firstResponseDue,
    resolutionDue,
    firstResponseBreached,
    resolutionBreached,
    firstResponseMinutes: firstResponseAt ? between(openedAt, firstResponseAt) : null,
    resolutionMinutes: resolvedAt
      ? Math.max(0, between(openedAt, resolvedAt) - pausedMinutes)
      : null,
    sla: isBreached ? 'breached' : isEnded ? 'met' : pausedSince ? 'paused' : 'on_track',
  }
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null
}
