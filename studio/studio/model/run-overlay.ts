import type { CanvasEdge, GraphOverlay, NodeState } from '../../graph/canvas-parts.ts'
import type { DryRun, RunDetail, StepTry } from '../api/workflows.ts'

/** The tries of each step, in the order in which they were made. */
export function triesByStep(steps: readonly StepTry[]): ReadonlyMap<string, readonly StepTry[]> {
  return Map.groupBy(steps, ({ step }) => step)
}

/** What a dry run did, as tries; a part of it goes its own way. */
export const triesOf = (steps: DryRun['steps']): readonly StepTry[] =>
  steps.map(({ part, assumed: _assumed, ...one }, position) => ({
    ...one,
    ...{ id: String(position), state: part ?? '', position, attempt: 1, startedAt: '', ms: 0 },
  }))

/** What a run did on its graph: how far each step came, which ways were taken, how long each took. */
export function overlayOf(
  { state, steps, workflow }: RunDetail,
  durationOf: (ms: number) => string,
): GraphOverlay {
  const tries = triesByStep(steps)
  const nodes: Record<string, NodeState> = {}
  const notes: Record<string, string> = {}
  for (const { key } of workflow?.graph.nodes ?? []) {
    const ofStep = tries.get(key)
    const last = ofStep?.at(-1)
    nodes[key] = last ? last.status : 'skipped'
    if (last && ofStep) notes[key] = durationOf(ofStep.reduce((sum, one) => sum + one.ms, 0))
  }
  const at = state?.step
  if (at && state.status === 'ready') nodes[at] = 'running'
  if (at && state.status === 'waiting') nodes[at] = 'waiting'
  return { nodes, edges: takenOf(workflow?.graph.edges ?? [], steps), notes }
}

/** From a step that is through to whatever came next in the same run or part. */
export function takenOf(edges: readonly CanvasEdge[], steps: readonly StepTry[]): CanvasEdge[] {
  const begun = new Set(steps.map(({ step }) => step))
  const after = new Map<string, Set<string>>()
  for (const part of Map.groupBy(steps, ({ state }) => state).values()) {
    part.forEach(({ step }, place) => {
      const next = part.slice(place + 1).find((one) => one.step !== step)
      if (next) after.set(step, (after.get(step) ?? new Set()).add(next.step))
    })
  }
  const firsts = new Set(
    [...Map.groupBy(steps, ({ state }) => state).values()].flatMap((part) => part[0]?.step ?? []),
  )
  return edges.filter(
    ({ from, to }) =>
      begun.has(from) && begun.has(to) && (after.get(from)?.has(to) || firsts.has(to)),
  )
}
