import type { Rule } from '../definition.ts'
import { done, StepError, type StepExecutor, settingsOf } from './step-call.ts'

const unitMs = { minutes: 60_000, hours: 3_600_000, days: 86_400_000, seconds: 1_000 } as const

interface Wait {
  readonly for?: number
  readonly unit?: keyof typeof unitMs
  /** A moment, or a day. */
  readonly until?: string
}

/** Waits for a while, or until a moment. */
export const wait: StepExecutor = {
  where: 'memory',
  run(call, ctx) {
    if (call.state.resumed) return done({ until: ctx.now.toISOString() })
    const until = momentOf(settingsOf<Wait>(call), ctx.now)
    if (call.isDryRun || until.getTime() <= ctx.now.getTime()) {
      return done({ until: until.toISOString(), assumed: call.isDryRun })
    }
    return {
      outcome: {
        kind: 'wait',
        waiting: { for: 'time', until: until.toISOString(), event: null },
      },
      input: { until: until.toISOString() },
    }
  },
}

function momentOf({ for: count, unit = 'hours', until }: Wait, now: Date): Date {
  if (typeof until === 'string' && until !== '') {
    const moment = new Date(until)
    if (Number.isNaN(moment.getTime())) {
      throw new StepError('BAD_FORMAT', `"${until}" is no moment to wait for.`)
    }
    return moment
  }
  const length = Number(count)
  if (!Number.isFinite(length) || length < 0) {
    throw new StepError('BAD_FORMAT', 'The step does not say how long to wait.')
  }
  return new Date(now.getTime() + length * (unitMs[unit] ?? unitMs.hours))
}

interface WaitForEvent {
  readonly event?: string
  /** Only what happens to the record of the run. */
  readonly sameRecord?: boolean
  readonly match?: Readonly<Record<string, unknown>>
  readonly atMost?: Wait
  readonly timedOut?: string
  readonly when?: Rule
}

/** Waits until something happens, and no longer than a time. */
export const waitForEvent: StepExecutor = {
  where: 'memory',
  run(call, ctx) {
    const settings = settingsOf<WaitForEvent>(call)
    const { event, sameRecord = true, match = {}, atMost, timedOut } = settings
    const { resumed } = call.state
    if (resumed?.by === 'event') return done(resumed.payload)
    if (resumed?.by === 'time')
      return done({ timedOut: true }, { to: timedOut ?? call.step.next ?? null })
    if (call.isDryRun) return done({ assumed: true })
    if (!event) throw new StepError('REQUIRED', 'The step does not say what to wait for.')
    const { subject } = call.row
    const isOfRecord = sameRecord && event.startsWith('record.')
    const until = atMost ? momentOf(atMost, ctx.now).toISOString() : null
    const { when } = call.step.settings as WaitForEvent
    return {
      outcome: {
        kind: 'wait',
        waiting: {
          for: 'event',
          until,
          event: { event, record: isOfRecord ? subject : null, match, ...(when ? { when } : {}) },
        },
      },
      input: settings,
    }
  },
}
