import {
  ForbiddenError,
  type HandlerContext,
  InvalidError,
  longestDryRunMs,
  NotFoundError,
} from '@runwaycrm/sdk'
import { advance } from './advance.ts'
import { countUses } from './count-uses.ts'
import type { Workflow } from './definition.ts'
import { asWorkflow, workflowsOf } from './definitions.ts'
import { drawWorkflow } from './draw.ts'
import type { NewPart } from './parts.ts'
import { failed } from './run-slice.ts'
import { hasEnded, newRunState, type Outcome, type RunState } from './run-state.ts'
import { readSubject } from './scope.ts'
import { stateOf } from './start-runs.ts'
import { executorOf } from './steps/executors.ts'
import { type StepCall, type StepResult, stepCall, type Uses } from './steps/step-call.ts'
import { manualOrigin, type StateRow } from './tables.ts'

interface DryRunInput {
  readonly workflow: string
  readonly records?: { readonly entity: string; readonly ids: readonly string[] }
  readonly input?: Readonly<Record<string, unknown>>
}

export interface DryStep {
  readonly step: string
  readonly part: string | null
  readonly status: 'done' | 'failed'
  readonly input: unknown
  readonly output: unknown
  readonly error: unknown
  readonly why: unknown
  /** Nothing of it happened: what is shown is what it usually comes to. */
  readonly assumed: boolean
}

/** Of `longestDryRunMs` the last bit is for the answer. */
const undoMs = 500
const mostSteps = 500

/**
 * What a workflow would do, on a real record: all of it in one transaction that is undone. Requests to the outside are
 * not sent, waits and people are assumed to end as they usually do.
 */
export async function dryRun(
  { workflow: ref, records, input = {} }: DryRunInput,
  ctx: HandlerContext,
): Promise<object> {
  if (!ctx.isAdmin) {
    throw new ForbiddenError('A dry run shows what the workflow may see, so only admins run it.')
  }
  const workflow = workflowsOf(ctx, true).get(ref)
  if (!workflow) throw new NotFoundError(`There is no workflow "${ref}".`)
  const entity = records && ctx.model.entity(records.entity)?.ref
  if (records && (entity !== workflow.entity || records.ids.length !== 1)) {
    const message = `A dry run is about one record of "${workflow.label}".`
    throw new InvalidError(message, {
      errors: [{ path: 'records', code: 'OUT_OF_RANGE', message }],
    })
  }
  const subject = entity ? { entity, id: records.ids[0] as string } : null
  if (subject) await ctx.records.get(subject.entity, subject.id, { fields: ['id'] })
  const row = {
    ...{ id: crypto.randomUUID(), run: crypto.randomUUID(), workflow: ref, hash: '' },
    ...{ parent: null, parentStep: null, whole: true, place: 0, placeKey: null, depth: 1 },
    ...{ status: 'ready', step: workflow.start, subject, item: null, version: 1 },
    origin: manualOrigin(ctx, input),
    data: newRunState(workflow.start, input),
    touchedAt: ctx.now.toISOString(),
  } as const satisfies StateRow
  return asWorkflow(ctx, row.run, workflow).transaction(
    async (inside) => {
      const until = performance.now() + longestDryRunMs - undoMs
      const run: DryRun = { inside, steps: [], uses: [], until, isCut: false }
      const state = await simulate(run, workflow, row, null)
      // Of a step that was cut off nobody knows what it wrote, and its transaction answers no more.
      const written = run.isCut ? [] : await inside.changes.written()
      // What stands in inboxes is somebody's alone, and is counted as told.
      const changes = written.filter(({ entity: of }) => !ctx.model.entity(of)?.isPrivate)
      return {
        graph: drawWorkflow(ctx, workflow),
        start: workflow.start,
        status: state.status,
        failure: state.failure,
        result: state.result,
        steps: run.steps,
        changes,
        costs: countUses(changes, run.uses),
        isPartial: run.isCut || run.steps.some(({ output }) => memberOf(output, 'more') === true),
      }
    },
    { isDryRun: true, label: workflow.label, door: 'workflow' },
  )
}

interface DryRun {
  readonly inside: HandlerContext
  readonly steps: DryStep[]
  readonly uses: Uses[]
  readonly until: number
  /** A step was going on when the time was over. */
  isCut: boolean
}

async function simulate(
  run: DryRun,
  workflow: Workflow,
  row: StateRow,
  part: string | null,
): Promise<RunState> {
  let state = row.data
  while (!hasEnded(state)) {
    if (performance.now() > run.until || run.steps.length >= mostSteps) {
      return outOfTime(state)
    }
    const key = state.step as string
    const record = await readSubject(run.inside, workflow, row.subject)
    const call = stepCall(run.inside, { workflow, row, state, record, isDryRun: true })
    const inParts = (parts: readonly NewPart[]) => runParts(run, call, parts)
    const result = await beforeEnd(run, tryStep(run, call, inParts))
    if (result === null) {
      run.isCut = true
      return outOfTime(state)
    }
    const outcome = settled(result.outcome)
    run.steps.push(shownStep(key, part, result, outcome))
    if (result.uses) run.uses.push(result.uses)
    // Nobody waits before a second try.
    state = advance(workflow, { ...state, attempt: 1_000 }, outcome, { now: Date.now(), random: 0 })
  }
  return state
}

function outOfTime(state: RunState): RunState {
  const message = `A dry run ends after ${longestDryRunMs / 1000} s or ${mostSteps} steps.`
  const step = state.step as string
  return { ...state, status: 'failed', failure: { step, code: 'TIMEOUT', message } }
}

/** Null when the time is over first; what is still going on then finds its transaction gone. */
async function beforeEnd<T>({ until }: DryRun, work: Promise<T>): Promise<T | null> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const end = new Promise<null>((resolve) => {
    timer = setTimeout(resolve, Math.max(0, until - performance.now()), null)
  })
  return Promise.race([work, end]).finally(() => clearTimeout(timer))
}

async function tryStep(
  { inside }: DryRun,
  call: StepCall,
  inParts: (parts: readonly NewPart[]) => Promise<readonly StateRow[]>,
): Promise<StepResult> {
  try {
    const executor = executorOf(inside, call.step.type)
    // A failure undoes what its own step wrote, and nothing else.
    return await inside.transaction(async (within) =>
      executor.inline ? executor.inline(call, within, inParts) : executor.run(call, within),
    )
  } catch (error) {
    return { outcome: failed(error) }
  }
}

/** What would wait goes on as if it had not come to anything. */
function settled(outcome: Outcome): Outcome {
  if (outcome.kind !== 'wait') return outcome
  return { kind: 'done', output: { assumed: true } }
}

async function runParts(
  run: DryRun,
  { workflow, key, row }: StepCall,
  parts: readonly NewPart[],
): Promise<readonly StateRow[]> {
  const ended: StateRow[] = []
  for (const one of parts) {
    const { workflow: other, vars = {}, outputs = {} } = one
    const depth = row.depth + (other ? 1 : 0)
    const state = other
      ? stateOf({ workflow: other, depth, vars })
      : { ...newRunState(one.start, vars), outputs }
    const inner: StateRow = {
      ...{ ...row, id: crypto.randomUUID(), whole: false, parent: row.id, data: state, depth },
      ...{ place: one.place, placeKey: one.placeKey ?? null, item: one.item ?? row.item },
      subject: one.subject ?? row.subject,
    }
    const name = `${key} ${one.placeKey ?? one.place + 1}`
    const data = await simulate(run, other ?? workflow, inner, name)
    ended.push({ ...inner, data, status: data.status })
  }
  return ended
}

const memberOf = (output: unknown, name: string): unknown =>
  typeof output === 'object' && output !== null ? Reflect.get(output, name) : undefined

function shownStep(
  step: string,
  part: string | null,
  { input, why }: StepResult,
  outcome: Outcome,
): DryStep {
  const output = outcome.kind === 'done' ? (outcome.output ?? null) : null
  const error = outcome.kind === 'failed' ? { code: outcome.code, message: outcome.message } : null
  const assumed = memberOf(output, 'assumed') === true
  return {
    ...{ step, part, status: error ? 'failed' : 'done', input: input ?? null, output, error },
    ...{ why: why ?? null, assumed },
  }
}
