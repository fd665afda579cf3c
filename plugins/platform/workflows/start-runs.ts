import type { HandlerContext } from '@runwaycrm/sdk'
import { askForAlert } from './alert.ts'
import type { Workflow } from './definition.ts'
import { pin } from './definitions.ts'
import { newRunState, type RunState } from './run-state.ts'
import { beginStates, type Origin, runEntity, type StateRow } from './tables.ts'

export interface NewRun {
  readonly ref: string
  readonly workflow: Workflow
  readonly subject: StateRow['subject']
  readonly origin: Origin
  /** Names what it is for: a second run for the same cause is never made. Null makes one whenever it is asked. */
  readonly cause: string | null
  /** How many workflows led to one another until here. */
  readonly depth: number
  readonly vars?: RunState['vars']
  readonly parent?: { readonly state: string; readonly step: string }
}

/** Longer chains are a circle, or are as good as one. */
const deepest = 8
const atOnce = 500

/**
 * Begins runs: each is there, with the job that carries it, once this returns, and none is there twice.
 *
 * @returns ids of the records of those that began.
 */
export async function startRuns(
  ctx: HandlerContext,
  runs: readonly NewRun[],
): Promise<readonly string[]> {
  const ids: string[] = []
  for (let at = 0; at < runs.length; at += atOnce) {
    const some = runs.slice(at, at + atOnce)
    const hashes = await pinAll(ctx, some)
    ids.push(...(await ctx.transaction((inside) => begin(inside, some, hashes), { door: 'job' })))
  }
  return ids
}

async function pinAll(ctx: HandlerContext, runs: readonly NewRun[]) {
  const hashes = new Map<Workflow, string>()
  for (const { ref, workflow } of runs) {
    if (!hashes.has(workflow)) hashes.set(workflow, await pin(ctx, ref, workflow))
  }
  return hashes
}

/** Inside a transaction. Also begins the run of a workflow that another one calls. */
export async function begin(
  ctx: HandlerContext,
  runs: readonly NewRun[],
  hashes: ReadonlyMap<Workflow, string>,
): Promise<readonly string[]> {
  const fresh = await withoutBusy(ctx, await withoutKnown(ctx, runs))
  if (fresh.length === 0) return []
  const begun = fresh.map((run) => ({ run, data: stateOf(run) }))
  const create = begun.map(({ run, data }) => recordOf(run, data))
  const { results } = await ctx.records.bulk(runEntity, { create })
  const ids = results.map(({ id }) => id as string)
  await beginStates(
    ctx,
    begun.map(({ run, data }, at) => ({
      ...{ run: ids[at] as string, workflow: run.ref, hash: hashes.get(run.workflow) as string },
      ...{ parent: run.parent?.state ?? null, parentStep: run.parent?.step ?? null, whole: true },
      ...{ place: 0, placeKey: null, item: null, data },
      ...{ depth: run.depth, cause: run.cause, subject: run.subject, origin: run.origin },
    })),
  )
  for (const { run, data } of begun) {
    if (data.status !== 'failed') continue
    await askForAlert(ctx, { workflow: run.ref, parent: run.parent?.state ?? null, whole: true })
  }
  return ids
}

/** Failed from the start where workflows led to one another too often. */
export function stateOf({
  workflow,
  depth,
  vars,
}: Pick<NewRun, 'workflow' | 'depth' | 'vars'>): RunState {
  const state = newRunState(workflow.start, vars)
  if (depth <= deepest) return state
  const message = `Workflows started one another ${deepest} times in a row, most likely in a circle.`
  return {
    ...state,
    status: 'failed',
    failure: { step: workflow.start, code: 'TOO_DEEP', message },
  }
}

function recordOf({ ref, workflow, origin, subject }: NewRun, state: RunState) {
  return {
    name: workflow.label,
    workflow: ref,
    status: state.status === 'failed' ? 'failed' : 'running',
    trigger: origin.type,
    startedAt: origin.at,
    ...(subject ? { about: subject } : {}),
    ...(state.failure ? { error: state.failure.message } : {}),
  }
}

/** What was told twice, by the relay or by a schedule, began once. */
async function withoutKnown(ctx: HandlerContext, runs: readonly NewRun[]) {
  const causes = runs.flatMap(({ cause }) => cause ?? [])
  if (causes.length === 0) return runs
  const rows = await ctx.tables.select('state', { where: { cause: causes } })
  const known = new Set(rows.map(({ cause }) => cause))
  return runs.filter(({ cause }) => {
    if (cause === null) return true
    if (known.has(cause)) return false
    known.add(cause)
    return true
  })
}

/** Workflows that want one run of a record at a time leave out what comes meanwhile. */
async function withoutBusy(ctx: HandlerContext, runs: readonly NewRun[]) {
  const careful = runs.filter(({ workflow, subject }) => workflow.overlap === 'skip' && subject)
  if (careful.length === 0) return runs
  // Whoever begins one at the same moment waits until this one is there: the row is locked until then.
  const refs = [...new Set(careful.map(({ ref }) => ref))].sort()
  for (const workflow of refs) {
    await ctx.tables.update('definition', { workflow }, { workflow })
  }
  const rows = await ctx.tables.select('state', {
    where: {
      workflow: refs,
      subjectId: careful.map(({ subject }) => subject?.id),
      status: ['ready', 'waiting', 'paused'],
      whole: true,
    },
  })
  const busy = new Set(rows.map((row) => `${row['workflow']} ${row['subjectId']}`))
  return runs.filter((run) => {
    if (run.workflow.overlap !== 'skip' || !run.subject) return true
    const key = `${run.ref} ${run.subject.id}`
    if (busy.has(key)) return false
    busy.add(key)
    return true
  })
}
