import { expect, it } from 'vitest'
import { advance, cancel, resume } from '../../plugins/platform/workflows/advance.ts'
import type { Step, Workflow } from '../../plugins/platform/workflows/definition.ts'
import {
  hasEnded,
  newRunState,
  type Outcome,
  type RunState,
} from '../../plugins/platform/workflows/run-state.ts'
import { suiteRandom, suiteRuns, suiteTimeoutMs } from './support/scale.ts'

/**
 * The core of the workflow engine through orders of events that nobody would think of: outcomes, failures, waits,
 * cancels, and crashes between any two moments. The store keeps what was committed and nothing else; what reaches
 * the outside is counted by its key.
 */
const { next: random, chance, pick } = suiteRandom('workflows')

/** They are quick, so the deep run has twice as many as of other things. */
const schedules = suiteRuns > 2_000 ? 2 * suiteRuns : suiteRuns

it(`ends every run, once and on a way through its graph, in ${schedules} schedules`, {
  timeout: suiteTimeoutMs,
}, () => {
  for (let n = 0; n < schedules; n++) simulate(randomWorkflow(), n)
})

function randomWorkflow(): Workflow {
  const size = 1 + Math.floor(random() * 8)
  const names = Array.from({ length: size }, (_, i) => `s${i}`)
  const later = (i: number) => names.slice(i + 1)
  const steps = names.map((name, i): [string, Step] => {
    const rest = later(i)
    return [
      name,
      {
        type: pick(['inside', 'outside', 'memory', 'wait']),
        ...(rest.length > 0 && chance(0.85) ? { next: pick(rest) } : {}),
        ...(rest.length > 0 && chance(0.3) ? { onError: pick(rest) } : {}),
        ...(chance(0.3) ? { compensate: 'undo' } : {}),
        ...(chance(0.5) ? { retry: { attempts: 1 + Math.floor(random() * 3) } } : {}),
      },
    ]
  })
  return {
    label: 'Random',
    start: 's0',
    steps: { ...Object.fromEntries(steps), undo: { type: 'inside' } },
  }
}

interface Store {
  /** What was committed. */
  state: RunState
  /** Effects in the database, by key: they are there with the state or not at all. */
  readonly inside: string[]
}

function simulate(workflow: Workflow, n: number): void {
  const store: Store = { state: newRunState(workflow.start), inside: [] }
  /** What other systems applied, each key once however often it is sent. */
  const outside = new Map<string, number>()
  const passed: string[] = []
  let moments = 0
  while (!hasEnded(store.state)) {
    if (++moments > 2_000)
      throw new Error(`Schedule ${n} does not end: ${JSON.stringify(store.state)}`)
    const { state } = store
    if (chance(0.01)) {
      store.state = cancel(state)
      continue
    }
    if (state.status === 'waiting') {
      store.state = wakeUp(state)
      continue
    }
    const key = state.step as string
    const step = workflow.steps[key] as Step
    const effect = `${key}:${state.rounds[key] ?? 0}:${state.failure ? 'after' : ''}${state.done.length}`
    const outcome = outcomeOf(step, state)
    const next = advance(workflow, state, outcome, { now: 0, random: random() })
    if (step.type === 'outside') outside.set(effect, (outside.get(effect) ?? 0) + 1)
    // The worker dies before the commit: nothing of it is there, and the step is tried again.
    if (chance(0.1)) continue
    if (outcome.kind === 'done') {
      if (step.type === 'inside') store.inside.push(effect)
      passed.push(key)
      expect(next.outputs[key]).toBe(outcome.output)
    }
    store.state = next
  }
  expect(new Set(store.inside).size).toBe(store.inside.length)
  const { state } = store
  if (state.status === 'done') {
    expect(state.step).toBeNull()
    expect(passed.at(-1)).toBeDefined()
  }
  if (state.status === 'failed') expect(state.failure).not.toBeNull()
  expect(advanceIsOver(state)).toBe(true)
}

/** What has ended hears of nothing any more. */
function advanceIsOver(state: RunState): boolean {
  const by = pick(['time', 'event', 'parts'] as const)
  return resume(state, { by, payload: null }) === state
}

function wakeUp(state: RunState): RunState {
  const by = pick(['time', 'event', 'parts'] as const)
  const woken = resume(state, { by, payload: { by } })
  if (woken !== state)
    expect(woken).toMatchObject({ status: 'ready', waiting: null, step: state.step })
  return woken
}

function outcomeOf(step: Step, state: RunState): Outcome {
  if (step.type === 'wait' && !state.resumed && chance(0.8)) {
    const until = chance(0.5) ? '2026-03-18T12:00:00.000Z' : null
    const event = { event: 'x:y', record: null, match: {} }
    return {
      kind: 'wait',
      waiting: { for: until === null ? 'event' : pick(['time', 'event']), until, event },
    }
  }
  if (chance(0.2)) {
    return { kind: 'failed', code: 'X', message: 'Because.', isPassing: chance(0.5) }
  }
  if (chance(0.05)) {
    const failure = chance(0.5) ? { failure: 'No.' } : {}
    return { kind: 'done', output: random(), end: { result: 1, ...failure } }
  }
  return { kind: 'done', output: random() }
}
