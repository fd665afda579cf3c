import { type HandlerContext, InvalidError, StateConflictError } from '@runwaycrm/sdk'
import { cancel as cancelled, retryFrom } from './advance.ts'
import { enabledWorkflow, pinned } from './definitions.ts'
import { mirror } from './mirror.ts'
import { type AdvanceJob, advanceAlone } from './run-slice.ts'
import { hasEnded, type RunState } from './run-state.ts'
import { startRuns } from './start-runs.ts'
import { withdrawApprovals } from './steps/action.ts'
import {
  asItIsNow,
  findRun,
  findState,
  keepState,
  manualOrigin,
  runEntity,
  type StateRow,
  toState,
} from './tables.ts'
import { calledBy } from './tool.ts'

interface Start {
  readonly workflow: string
  readonly records?: { readonly entity: string; readonly ids: readonly string[] }
  readonly input?: Readonly<Record<string, unknown>>
  /** Key of the trigger, where the workflow may be called by more than one. */
  readonly trigger?: string
}

const most = 1_000

/** Begins a workflow because somebody asks for it: on one record, on each of a selection, or on none. */
export async function start(
  { workflow: ref, records, input: given = {}, trigger: named }: Start,
  ctx: HandlerContext,
): Promise<{ runs: readonly string[] }> {
  const workflow = enabledWorkflow(ctx, ref)
  const asked = { input: given, ...(named === undefined ? {} : { trigger: named }) }
  const { trigger, type, input } = await calledBy(ctx, workflow, asked)
  const entity = records && ctx.model.entity(records.entity)?.ref
  if (records && entity !== workflow.entity) {
    const message = `"${workflow.label}" is not about these records.`
    throw new InvalidError(message, {
      errors: [{ path: 'records.entity', code: 'OUT_OF_RANGE', message }],
    })
  }
  const ids = [...new Set(records?.ids ?? [])]
  if (ids.length > most) {
    const message = `A workflow begins on at most ${most} records at once.`
    throw new InvalidError(message, {
      errors: [{ path: 'records.ids', code: 'OUT_OF_RANGE', message }],
    })
  }
  await assertVisible(ctx, entity, ids)
  const origin = { ...manualOrigin(ctx, input, type), trigger }
  const subjects = entity ? ids.map((one) => ({ entity, id: one })) : [null]
  const runs = subjects.map((subject) => ({
    ...{ ref, workflow, subject, origin, cause: null, depth: 1, vars: input },
  }))
  return { runs: await startRuns(ctx.as(null), runs) }
}

async function assertVisible(
  ctx: HandlerContext,
  entity: string | undefined,
  ids: readonly string[],
): Promise<void> {
  if (!entity) return
  const seen = new Set<string>()
  for (let at = 0; at < ids.length; at += 200) {
    const filter = { id: { $in: ids.slice(at, at + 200) } }
    const { data } = await ctx.records.list(entity, { filter, fields: ['id'], limit: 200 })
    for (const { id } of data) seen.add(id)
  }
  const errors = ids.flatMap((id, at) =>
    seen.has(id)
      ? []
      : [
          {
            path: `records.ids[${at}]`,
            code: 'UNKNOWN_RECORD' as const,
            message: 'There is no such record, or you may not read it.',
          },
        ],
  )
  if (errors.length > 0) throw new InvalidError('Some of the records are not there.', { errors })
}

/** The run itself, for whoever may read its record. */
export async function stateOf(ctx: HandlerContext, id: string): Promise<StateRow> {
  await ctx.records.get(runEntity, id, { fields: ['id'] })
  const row = await findRun(ctx.as(null), id)
  if (!row)
    throw new StateConflictError('The run ended long ago: what it was is not kept any more.')
  return row
}

interface Change {
  readonly state: RunState
  readonly beside?: (inside: HandlerContext) => Promise<unknown>
}

/** @param decide says what the run becomes, or refuses; asked again when it moved on meanwhile. */
async function change(
  ctx: HandlerContext,
  id: string,
  decide: (row: StateRow) => Change | Promise<Change>,
): Promise<StateRow> {
  const plugin = ctx.as(null)
  const kept = await asItIsNow(async () => {
    const row = await stateOf(ctx, id)
    const { state, beside } = await decide(row)
    return plugin.transaction(async (inside) => {
      const one = await keepState(inside, row, state, [])
      await beside?.(inside)
      return one
    })
  })
  await mirror(plugin, kept)
  return kept
}

/** Ends a run where it is, with all its parts; what it did stays. */
export async function cancel({ id }: { readonly id: string }, ctx: HandlerContext) {
  await change(ctx, id, (row) => {
    if (hasEnded(row)) throw new StateConflictError('The run has ended already.')
    return { state: cancelled(row.data), beside: (inside) => cancelParts(inside, row.run) }
  })
  return { status: 'cancelled' }
}

async function cancelParts(inside: HandlerContext, run: string): Promise<void> {
  // A list in a list has more of them than are read at once.
  for (;;) {
    const where = { run, whole: false, status: ['ready', 'waiting', 'paused'] }
    const parts = await inside.tables.select('state', { where })
    if (parts.length === 0) break
    for (const part of parts.map(toState)) await keepState(inside, part, cancelled(part.data), [])
  }
  await withdrawApprovals(inside, run)
}

/** Lets a run rest before its next step. */
export async function pause({ id }: { readonly id: string }, ctx: HandlerContext) {
  await change(ctx, id, ({ status, data }) => {
    if (status !== 'ready' && status !== 'waiting') {
      throw new StateConflictError('Only a run that is under way can be paused.')
    }
    return { state: { ...data, status: 'paused' } }
  })
  return { status: 'paused' }
}

/** Goes on with a run that was paused. */
export async function proceed({ id }: { readonly id: string }, ctx: HandlerContext) {
  const { status } = await change(ctx, id, (row) => {
    if (row.status !== 'paused') throw new StateConflictError('The run is not paused.')
    const { waiting } = row.data
    return {
      state: { ...row.data, status: waiting ? 'waiting' : 'ready' },
      // Its parts may have ended meanwhile; who has to wait on does.
      beside: (inside) =>
        inside.jobs.enqueue('advance', { state: row.id, parts: waiting?.for === 'parts' }),
    }
  })
  return { status }
}

/** Takes up a run that failed: at the step that failed, or at one before it. */
export async function retry(
  { id, from }: { readonly id: string; readonly from?: string },
  ctx: HandlerContext,
) {
  await change(ctx, id, async (row) => {
    if (row.status !== 'failed')
      throw new StateConflictError('Only a run that failed is tried again.')
    if (from !== undefined) await assertStep(ctx, row, from)
    return {
      state: retryFrom(row.data, from),
      beside: (inside) => inside.jobs.enqueue('advance', { state: row.id }),
    }
  })
  return { status: 'running' }
}

async function assertStep(ctx: HandlerContext, row: StateRow, from: string): Promise<void> {
  const workflow = await pinned(ctx.as(null), row.workflow, row.hash)
  if (Object.hasOwn(workflow.steps, from)) return
  const message = `The workflow has no step "${from}".`
  throw new InvalidError(message, { errors: [{ path: 'from', code: 'UNKNOWN_OPTION', message }] })
}

/** One that is begun again belongs to no other. */
function originOf({ origin }: StateRow): StateRow['origin'] {
  const { root: _root, ...own } = origin
  return own
}

const isCalled = (type: string) => type === 'manual' || type === 'agent'

/** Begins the same once more, with the workflow as it is now. */
export async function replay({ id }: { readonly id: string }, ctx: HandlerContext) {
  const row = await stateOf(ctx, id)
  const workflow = enabledWorkflow(ctx, row.workflow)
  const [run] = await startRuns(ctx.as(null), [
    {
      ...{ ref: row.workflow, workflow, subject: row.subject, cause: null, depth: 1 },
      origin: { ...originOf(row), at: ctx.now.toISOString(), by: ctx.actor },
      vars: (isCalled(row.origin.type) ? row.origin.payload : {}) as RunState['vars'],
    },
  ])
  return { run: run ?? null }
}

/** The job that carries a run is dead: the run is parked with the reason and can be taken up again. */
export async function park({ payload, problem }: DeadJob, ctx: HandlerContext): Promise<void> {
  // One of them was to blame, at most: the others are not to be parked for it.
  if ('states' in payload) return advanceAlone(payload.states, ctx)
  const kept = await asItIsNow(async () => {
    const row = await findState(ctx, payload.state)
    // Parked by one that died before anybody could see it.
    if (row?.status === 'failed') return row
    if (row?.status !== 'ready') return
    const failure = { step: row.step ?? '', code: problem.code, message: problem.detail }
    const state = { ...row.data, status: 'failed', failure } as const
    return ctx.transaction((inside) => keepState(inside, row, state, []))
  })
  if (kept?.whole) await mirror(ctx, kept)
}

export interface DeadJob {
  readonly payload: AdvanceJob
  readonly problem: { readonly code: string; readonly detail: string }
}
