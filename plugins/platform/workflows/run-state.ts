import type { Rule } from './definition.ts'

/** Where a run is. All of it is JSON: it is kept after every step. */
export interface RunState {
  /**
   * `ready`: the step is to be run now. `waiting`: for a time, an event, a retry or for its parts. `failed`: parked
   * with a reason, and may be taken up again.
   */
  readonly status: 'ready' | 'waiting' | 'paused' | 'done' | 'failed' | 'cancelled'
  /** The step to run, or that waits; null once it ended. */
  readonly step: string | null
  /** Tries of this step so far. */
  readonly attempt: number
  /** How many steps ended before this one: orders what is shown of a run. */
  readonly position: number
  readonly waiting: Waiting | null
  /** What the wait ended with, for the step that waited. */
  readonly resumed: Resumed | null
  /** Outputs by step, for the steps that follow. */
  readonly outputs: Readonly<Record<string, unknown>>
  readonly vars: Readonly<Record<string, unknown>>
  /** Steps that are through, in order: made up for backwards when the run fails. */
  readonly done: readonly string[]
  /** How often a step was through before it was taken up again; part of the key of its effects. */
  readonly rounds: Readonly<Record<string, number>>
  readonly failure: Failure | null
  /** What the run gives to whoever started it. */
  readonly result: unknown
}

export interface Waiting {
  readonly for: 'time' | 'retry' | 'event' | 'parts'
  /** Moment in ISO; with an event, until when it is waited for. */
  readonly until: string | null
  readonly event: WaitedEvent | null
}

export interface WaitedEvent {
  /** `record.updated`, or a plugin's event by its reference. */
  readonly event: string
  /** Only of this record. */
  readonly record: { readonly entity: string; readonly id: string } | null
  /** Values that members of the payload must have. */
  readonly match: Readonly<Record<string, unknown>>
  /** A rule that has to hold when it happens. */
  readonly when?: Rule
}

export interface Resumed {
  readonly by: 'time' | 'event' | 'parts'
  readonly payload: unknown
  /** Until when was waited: a step that waits on keeps to it. */
  readonly until?: string | null
}

export interface Failure {
  readonly step: string
  readonly code: string
  readonly message: string
}

/** How one try of a step ended. */
export type Outcome =
  | {
      readonly kind: 'done'
      readonly output: unknown
      /** The step to go on with, where that is not `next`; null ends the run. */
      readonly to?: string | null
      readonly vars?: Readonly<Record<string, unknown>>
      /** The run ends here, and gives this. */
      readonly end?: { readonly result: unknown; readonly failure?: string }
    }
  | { readonly kind: 'wait'; readonly waiting: Waiting }
  | {
      readonly kind: 'failed'
      readonly code: string
      readonly message: string
      /** Whether it may be different next time. */
      readonly isPassing: boolean
    }

export function newRunState(start: string, vars: RunState['vars'] = {}): RunState {
  return {
    ...{ status: 'ready', step: start, attempt: 0, position: 0, waiting: null, resumed: null },
    ...{ outputs: {}, vars, done: [], rounds: {}, failure: null, result: null },
  }
}

export const hasEnded = ({ status }: Pick<RunState, 'status'>): boolean =>
  status === 'done' || status === 'failed' || status === 'cancelled'
