import { createGate, type HandlerContext, type RecordData, RunwayError } from '@runwaycrm/sdk'
import { advance, resume } from './advance.ts'
import type { Workflow } from './definition.ts'
import { asWorkflow, pinned } from './definitions.ts'
import { mirror } from './mirror.ts'
import { hasParts, tellParent } from './parts.ts'
import { hasEnded, type Outcome, type RunState } from './run-state.ts'
import { readSubjectTogether } from './scope.ts'
import { executorOf } from './steps/executors.ts'
import { PassingError } from './steps/outside.ts'
import {
  type StepCall,
  StepError,
  type StepExecutor,
  type StepResult,
  stepCall,
} from './steps/step-call.ts'
import {
  findStateTogether,
  keepState,
  RunMovedOnError,
  type StateRow,
  type StepRow,
} from './tables.ts'

export type AdvanceJob = OneRun | { readonly states: readonly string[] }

interface OneRun {
  readonly state: string
  /** A moment that was waited for. */
  readonly at?: string
  /** Its parts have ended. */
  readonly parts?: boolean
}

/** Runs that write hold a connection each; people's requests need some too. */
const writing = createGate(6)

/** After so long the run lets others of its kind go on. */
const sliceMs = 20_000

/** Runs that share a job go on beside one another. One that cannot goes on in a job of its own. */
export async function advanceRun(job: AdvanceJob, ctx: HandlerContext): Promise<void> {
  if ('state' in job) return advanceOne(job, ctx)
  const ends = await Promise.allSettled(job.states.map((state) => advanceOne({ state }, ctx)))
  ctx.signal.throwIfAborted()
  await advanceAlone(
    job.states.filter((_, at) => ends[at]?.status === 'rejected'),
    ctx,
  )
}

export async function advanceAlone(states: readonly string[], ctx: HandlerContext): Promise<void> {
  await ctx.jobs.enqueueMany(
    'advance',
    states.map((state) => ({ payload: { state } })),
  )
}

/**
 * Carries a run on until it waits or ends. What only looks is kept with the next step that writes; what
 * reaches other systems begins after all before it is kept.
 */
async function advanceOne(job: OneRun, ctx: HandlerContext): Promise<void> {
  const found = await findStateTogether(ctx, job.state)
  if (!found) return
  const state = await woken(found, job, ctx)
  if (state.status === 'ready') await runSlice(found, state, ctx)
  // A worker that died between the end of a run and its record left the record behind.
  else if (hasEnded(found) && found.whole) await mirror(ctx, found)
}

/** What the run is once the job is heard of; kept with the step that follows. */
async function woken(
  { id, data }: StateRow,
  { at, parts }: OneRun,
  ctx: HandlerContext,
): Promise<RunState> {
  if (data.status !== 'waiting') return data
  const isDue = at !== undefined && data.waiting?.until === at
  const by = parts ? 'parts' : isDue ? 'time' : null
  if (by === null || (by === 'parts' && (await hasParts(ctx, id)))) return data
  return resume(data, { by, payload: null })
}

async function runSlice(row: StateRow, state: RunState, ctx: HandlerContext): Promise<void> {
  const workflow = await pinned(ctx, row.workflow, row.hash)
  const acting = asWorkflow(ctx, row.run, workflow)
  const run: Slice = { ctx, acting, workflow, row, state, steps: [] }
  const until = performance.now() + sliceMs
  let record: RecordData | null | undefined
  try {
    while (run.state.status === 'ready') {
      if (performance.now() > until) {
        await keep(run)
        await ctx.jobs.enqueue('advance', { state: row.id })
        return
      }
      record ??= await readSubjectTogether(acting, workflow, row)
      const isOnlyLooking = await step(run, record)
      // What was written may have changed it.
      if (!isOnlyLooking) record = undefined
    }
    if (run.steps.length > 0 || run.state !== run.row.data) await keep(run)
  } catch (error) {
    if (error instanceof RunMovedOnError) return
    throw error
  }
  if (hasEnded(run.state) || run.state.status === 'waiting') {
    if (run.row.whole) await mirror(ctx, run.row)
  }
}

interface Slice {
  readonly ctx: HandlerContext
  readonly acting: HandlerContext
  readonly workflow: Workflow
  row: StateRow
  state: RunState
  /** Of steps that are through and not kept yet. */
  steps: StepRow[]
}

/** Writes down how far it is, with no effect beside it. */
async function keep(run: Slice): Promise<void> {
  const work = (inside: HandlerContext) => keepAndTell(inside, run.row, run.state, run.steps)
  run.row = await writing(() => run.ctx.transaction(work, { door: 'job' }))
  run.steps = []
}

async function keepAndTell(
  inside: HandlerContext,
  row: StateRow,
  state: RunState,
  steps: readonly StepRow[],
): Promise<StateRow> {
  const kept = await keepState(inside, row, state, steps)
  if (hasEnded(state)) await tellParent(inside, kept)
  return kept
}

/** @returns whether the step only looked. */
async function step(run: Slice, record: RecordData | null): Promise<boolean> {
  const { ctx, acting, workflow, row, state } = run
  const call = stepCall(ctx, { workflow, row, state, record, isDryRun: false })
  const startedAt = new Date()
  const began = performance.now()
  const through = (result: StepResult): readonly [RunState, StepRow] => {
    const next = advance(workflow, withKept(state, result), result.outcome, {
      now: Date.now(),
      random: acting.random(),
    })
    return [next, stepRow(row, state, result, startedAt, performance.now() - began)]
  }
  let executor: StepExecutor
  let where: string
  try {
    executor = executorOf(acting, call.step.type)
    where = typeof executor.where === 'function' ? executor.where(call, acting) : executor.where
    if (where === 'inside') {
      const work = async (inside: HandlerContext) => {
        const result = await executor.run(call, inside)
        const [next, shown] = through(result)
        const kept = await keepAndTell(inside, run.row, next, [...run.steps, shown])
        run.state = next
        return kept
      }
      const parent = row.origin.root ?? row.run
      run.row = await writing(() =>
        acting.transaction(work, { label: workflow.label, door: 'workflow', parent }),
      )
      run.steps = []
      return false
    }
    if (where === 'outside' && run.steps.length > 0) await keep(run)
    const [next, shown] = through(await inTime(call, executor, acting))
    run.state = next
    run.steps.push(shown)
    if (where === 'outside') await keep(run)
    return where === 'memory'
  } catch (error) {
    if (error instanceof RunMovedOnError || acting.signal.aborted) throw error
    const [next, shown] = through({ outcome: failed(error) })
    run.state = next
    run.steps.push(shown)
    await keep(run)
    return false
  }
}

/** What a step that waits keeps for itself, e.g. how far a loop is. */
function withKept(state: RunState, { keep: kept }: StepResult): RunState {
  return kept ? { ...state, vars: { ...state.vars, ...kept } } : state
}

const usualTimeoutSeconds = 120

async function inTime(
  call: StepCall,
  executor: StepExecutor,
  acting: HandlerContext,
): Promise<StepResult> {
  const seconds = call.step.timeoutSeconds ?? usualTimeoutSeconds
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new PassingError('TIMEOUT', `The step took longer than ${seconds} s.`)),
      seconds * 1000,
    )
  })
  try {
    return await Promise.race([executor.run(call, acting), late])
  } finally {
    clearTimeout(timer)
  }
}

/** Errors of the caller's making are the same next time; what else went wrong may pass. */
export function failed(error: unknown): Extract<Outcome, { kind: 'failed' }> {
  if (error instanceof PassingError) return outcomeOf(error.code, error.message, true)
  if (error instanceof StepError) return outcomeOf(error.code, error.message, false)
  if (error instanceof RunwayError) {
    const details = error.errors?.map(({ path, message }) => `${path}: ${message}`).join(' ')
    // Others who changed the same record at the same moment are through by the next time.
    const isPassing = error.status >= 500 || [409, 412, 429].includes(error.status)
    return outcomeOf(error.code, details || error.message, isPassing)
  }
  const message = error instanceof Error ? error.message : String(error)
  return outcomeOf('FAILED', message.slice(0, 1000), true)
}

const outcomeOf = (code: string, message: string, isPassing: boolean) =>
  ({ kind: 'failed', code, message, isPassing }) as const

function stepRow(
  row: StateRow,
  state: RunState,
  { outcome, input, why }: StepResult,
  startedAt: Date,
  ms: number,
): StepRow {
  const isFailed = outcome.kind === 'failed'
  return {
    run: row.run,
    state: row.id,
    step: state.step as string,
    position: state.position,
    attempt: state.attempt + 1,
    status: outcome.kind === 'wait' ? 'waiting' : outcome.kind,
    input: input ?? null,
    output: outcome.kind === 'done' ? (outcome.output ?? null) : null,
    error: isFailed ? { code: outcome.code, message: outcome.message } : null,
    why: why ?? null,
    startedAt,
    ms,
  }
}
