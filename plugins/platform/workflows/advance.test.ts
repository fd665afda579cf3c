import { describe, expect, it } from 'vitest'
import { advance, cancel, resume, retryFrom } from './advance.ts'
import type { Workflow } from './definition.ts'
import { newRunState, type Outcome, type RunState } from './run-state.ts'

const at = { now: Date.parse('2026-03-18T12:00:00Z'), random: 0.5 }
const workflow: Workflow = {
  label: 'Test',
  start: 'a',
  steps: {
    a: { type: 'x', next: 'b', compensate: 'undoA' },
    b: { type: 'x', next: 'c', retry: { attempts: 2, backoffSeconds: 10 } },
    c: { type: 'x', onError: 'rescue' },
    undoA: { type: 'x' },
    rescue: { type: 'x' },
  },
}
const done = (output: unknown = null, more: object = {}): Outcome => ({
  kind: 'done',
  output,
  ...more,
})
const wrong = (isPassing = false): Outcome => ({
  kind: 'failed',
  code: 'HTTP_500',
  message: 'No answer.',
  isPassing,
})
const go = (state: RunState, ...outcomes: Outcome[]) =>
  outcomes.reduce((now, outcome) => advance(workflow, now, outcome, at), state)
const fresh = () => newRunState('a')

describe('a run', () => {
  it('goes from step to step, keeps what each gave, and ends after the last', () => {
    const state = go(fresh(), done(1), done(2), done(3))
    expect(state).toMatchObject({ status: 'done', step: null, outputs: { a: 1, b: 2, c: 3 } })
    expect(state.position).toBe(3)
  })

  it('waits longer before each further try of what may pass, and no longer than it may try', () => {
    const first = go(fresh(), done(), wrong(true))
    expect(first).toMatchObject({ status: 'waiting', step: 'b', attempt: 1 })
    expect(first.waiting).toMatchObject({ for: 'retry', until: '2026-03-18T12:00:10.500Z' })
    const again = resume(first, { by: 'time', payload: null })
    expect(again).toMatchObject({ status: 'ready', resumed: null })
    const second = go(again, wrong(true))
    expect(second).toMatchObject({ status: 'ready', step: 'undoA', failure: { step: 'b' } })
  })

  it('goes the way for errors where there is one', () => {
    const state = go(fresh(), done(), done(), wrong())
    expect(state).toMatchObject({ status: 'ready', step: 'rescue', failure: null })
    expect(state.outputs['c']).toEqual({ error: { code: 'HTTP_500', message: 'No answer.' } })
  })

  it('makes up for what is through when it fails, and is parked at the step that failed', () => {
    const failed = go(fresh(), done(), wrong())
    expect(failed).toMatchObject({ step: 'undoA', status: 'ready' })
    const parked = go(failed, done())
    expect(parked).toMatchObject({ status: 'failed', step: 'b', failure: { code: 'HTTP_500' } })
    expect(retryFrom(parked)).toMatchObject({ status: 'ready', step: 'b', failure: null })
  })

  it('gives effects of a step that is run a second time keys of their own, and keeps those of one that failed', () => {
    const parked = go(fresh(), done(), wrong())
    expect(retryFrom(parked).rounds).toEqual({})
    const ended = go({ ...fresh(), done: ['a'], status: 'failed', step: 'b' } as RunState)
    expect(retryFrom(ended, 'a').rounds).toEqual({ a: 1 })
  })

  it('hears only of what it waits for', () => {
    const waiting = go(fresh(), {
      kind: 'wait',
      waiting: { for: 'event', until: null, event: { event: 'x:y', record: null, match: {} } },
    })
    expect(resume(waiting, { by: 'time', payload: null })).toBe(waiting)
    expect(resume(waiting, { by: 'parts', payload: null })).toBe(waiting)
    expect(resume(waiting, { by: 'event', payload: 1 })).toMatchObject({
      status: 'ready',
      resumed: { by: 'event', payload: 1 },
    })
    expect(resume(cancel(waiting), { by: 'event', payload: 1 }).status).toBe('cancelled')
  })

  it('ends where a step says so, with what it gives or with a failure', () => {
    expect(go(fresh(), done(null, { end: { result: 7 } }))).toMatchObject({
      status: 'done',
      result: 7,
    })
    expect(go(fresh(), done(null, { end: { result: null, failure: 'No.' } }))).toMatchObject({
      step: 'undoA',
      failure: { code: 'STOPPED', message: 'No.' },
    })
  })
})
