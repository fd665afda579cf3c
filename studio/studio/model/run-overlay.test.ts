import { expect, it } from 'vitest'
import type { RunDetail, StepTry } from '../api/workflows.ts'
import { overlayOf } from './run-overlay.ts'

const one = (step: string, status: StepTry['status'], state = 'run', ms = 5): StepTry => ({
  ...{ id: `${step} ${status}`, state, step, position: 0, attempt: 1, status },
  ...{ input: null, output: null, error: null, why: null, startedAt: '', ms },
})
const detail = (steps: readonly StepTry[], at: string | null, status: string): RunDetail => ({
  run: { id: 'r', version: 1 },
  workflow: {
    ref: 't:x',
    definition: { label: 'X', start: 'a' },
    graph: {
      nodes: ['a', 'b', 'c', 'each', 'item'].map((key) => ({ key, label: key })),
      edges: [
        { from: 'a', to: 'b' },
        { from: 'a', to: 'c' },
        { from: 'b', to: 'each' },
        { from: 'each', to: 'item' },
      ],
    },
  },
  state: {
    ...{ status, step: at, waiting: null, failure: null, result: null },
    origin: { type: 'manual', at: '' },
  },
  parts: [],
  steps,
  ...{ written: null, isSwept: false },
})

it('colours what was done, is under way and was left out, and the ways that were taken', () => {
  const told = overlayOf(
    detail(
      [
        one('a', 'done'),
        one('b', 'failed'),
        one('b', 'done', 'run', 7),
        one('each', 'waiting'),
        one('item', 'done', 'part'),
      ],
      'each',
      'waiting',
    ),
    (ms) => `${ms} ms`,
  )
  expect(told.nodes).toEqual({
    ...{ a: 'done', b: 'done', c: 'skipped', each: 'waiting', item: 'done' },
  })
  expect(told.notes).toMatchObject({ a: '5 ms', b: '12 ms' })
  expect(told.edges).toEqual([
    { from: 'a', to: 'b' },
    { from: 'b', to: 'each' },
    { from: 'each', to: 'item' },
  ])
})
