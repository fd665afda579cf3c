import type { RetryPolicy, Workflow } from './definition.ts'
import type { Failure, Outcome, Resumed, RunState } from './run-state.ts'

/**
 * The core of the engine: what a run is after a try of its step. Nothing is read or written here, so that a
 * simulation can go through any order of outcomes.
 *
 * @param state `ready`, at a step of the workflow.
 * @param now milliseconds since the epoch. @param random in [0, 1).
 */
export function advance(
  workflow: Workflow,
  state: RunState,
  outcome: Outcome,
  { now, random }: { readonly now: number; readonly random: number },
): RunState {
  const key = state.step as string
  const step = workflow.steps[key]
  if (outcome.kind === 'wait') {
    return { ...state, status: 'waiting', waiting: outcome.waiting, resumed: null }
  }
  if (outcome.kind === 'failed') {
    const attempt = state.attempt + 1
    if (mayTryAgain(step?.retry, outcome, attempt)) {
      const until = new Date(now + backoffMs(step?.retry, attempt, random)).toISOString()
      return {
        ...{ ...state, status: 'waiting', attempt, resumed: null },
        waiting: { for: 'retry', until, event: null },
      }
    }
    const { code, message } = outcome
    return fail(workflow, state, { step: key, code, message })
  }
  const passed: RunState = {
    ...state,
    outputs: { ...state.outputs, [key]: outcome.output ?? null },
    vars: outcome.vars ? { ...state.vars, ...outcome.vars } : state.vars,
    done: [...state.done, key],
  }
  if (outcome.end) {
    const { result, failure } = outcome.end
    if (failure !== undefined) {
      return giveUp(workflow, passed, { step: key, code: 'STOPPED', message: failure })
    }
    return end({ ...passed, result })
  }
  const to = outcome.to === undefined ? (step?.next ?? null) : outcome.to
  // What is made up for ends with the failure that began it, one step after the other.
  return to === null && state.failure ? makeUp(workflow, passed) : goTo(passed, to)
}

/** A wait is over. A state that waits for something else, or not at all, stays as it is. */
export function resume(state: RunState, resumed: Resumed): RunState {
  if (state.status !== 'waiting' || !state.waiting) return state
  const { waiting } = state
  const fits =
    resumed.by === 'time'
      ? waiting.until !== null
      : waiting.for === (resumed.by === 'event' ? 'event' : 'parts')
  if (!fits) return state
  const isRetry = waiting.for === 'retry'
  const kept = isRetry ? null : { ...resumed, until: waiting.until }
  return { ...state, status: 'ready', waiting: null, resumed: kept }
}

export function cancel(state: RunState): RunState {
  if (state.status === 'done' || state.status === 'cancelled') return state
  return { ...state, status: 'cancelled', waiting: null, resumed: null }
}

/**
 * Takes up a run that failed, at the step that failed or at an earlier one. What is run a second time has
 * effects of its own; the step that failed keeps the keys of those that it may have had.
 */
export function retryFrom(state: RunState, from = state.failure?.step ?? state.step): RunState {
  if (from === null) return state
  const again = state.done.filter((step) => step === from)
  const rounds = again.length > 0 ? { [from]: (state.rounds[from] ?? 0) + again.length } : {}
  return {
    ...state,
    ...{ status: 'ready', step: from, attempt: 0, waiting: null, resumed: null, failure: null },
    rounds: { ...state.rounds, ...rounds },
    done: state.done.filter((step) => step !== from),
  }
}

/** Backwards from the latest step through those that say what makes up for them; then the run is parked. */
function makeUp(workflow: Workflow, state: RunState): RunState {
  const done = [...state.done]
  for (let key = done.pop(); key !== undefined; key = done.pop()) {
    const to = workflow.steps[key]?.compensate
    if (to !== undefined) return goTo({ ...state, done }, to)
  }
  return { ...state, status: 'failed', step: state.failure?.step ?? null, waiting: null, done: [] }
}

function fail(workflow: Workflow, state: RunState, failure: Failure): RunState {
  const { onError } = workflow.steps[failure.step] ?? {}
  if (onError !== undefined && !state.failure) {
    const error = { code: failure.code, message: failure.message }
    return goTo({ ...state, outputs: { ...state.outputs, [failure.step]: { error } } }, onError)
  }
  return giveUp(workflow, state, failure)
}

/** Makes up for what is through, where steps say how, and parks the run. */
function giveUp(workflow: Workflow, state: RunState, failure: Failure): RunState {
  // A failure while another is made up for ends it there: nobody guesses what is left of it.
  if (state.failure) return { ...state, status: 'failed', waiting: null, resumed: null }
  const failed = { ...state, failure }
  const isAnything = state.done.some((key) => workflow.steps[key]?.compensate !== undefined)
  if (isAnything) return makeUp(workflow, failed)
  return { ...failed, status: 'failed', waiting: null, resumed: null }
}

function goTo(state: RunState, to: string | null): RunState {
  if (to === null) return end(state)
  return {
    ...state,
    ...{ status: 'ready', step: to, attempt: 0, waiting: null, resumed: null },
    position: state.position + 1,
  }
}

function end(state: RunState): RunState {
  return {
    ...state,
    ...{ status: 'done', step: null, attempt: 0, waiting: null, resumed: null },
    position: state.position + 1,
  }
}

const usualAttempts = 3
const usualBackoffSeconds = 5
const longestBackoffMs = 86_400_000

function mayTryAgain(
  { attempts = usualAttempts, errors }: RetryPolicy = {},
  { code, isPassing }: { readonly code: string; readonly isPassing: boolean },
  attempt: number,
): boolean {
  if (attempt >= attempts) return false
  return errors ? errors.includes(code) : isPassing
}

/** Doubles each time; a tenth at random keeps what failed together from coming back together. */
function backoffMs(
  { backoffSeconds = usualBackoffSeconds }: RetryPolicy = {},
  attempt: number,
  random: number,
): number {
  const ms = backoffSeconds * 1000 * 2 ** (attempt - 1)
  return Math.min(longestBackoffMs, ms) * (1 + random / 10)
}
