import { type HandlerContext, inBunches, type Row, StateConflictError } from '@runwaycrm/sdk'
import { askForAlert } from './alert.ts'
import { gather } from './gather.ts'
import type { RunState, Waiting } from './run-state.ts'

export const runEntity = 'platform.workflows:run'

/** What a run is about, and what began it; the same for all its parts. */
export interface Origin {
  /** Key of the trigger in the workflow; null when somebody or something called it. */
  readonly trigger: string | null
  /** `record.created`, `schedule`, `manual`, `workflow`, … */
  readonly type: string
  readonly at: string
  readonly changes?: Readonly<Record<string, { readonly from: unknown; readonly to: unknown }>>
  readonly payload?: unknown
  /** Of one that another run waits for: the run with which it is taken back. */
  readonly root?: string
  readonly by?: { readonly type: string; readonly id: string | null; readonly name: string } | null
}

/** Of what somebody or something calls, with what it is given. */
export const manualOrigin = (
  { now, actor }: HandlerContext,
  payload: unknown,
  type: 'manual' | 'agent' | 'workflow' = 'manual',
): Origin => ({ trigger: null, type, at: now.toISOString(), payload, by: actor })

/** A row of `state`: one run, or one part of a run. */
export interface StateRow {
  readonly id: string
  /** The record that people see; parts have that of the whole. */
  readonly run: string
  readonly workflow: string
  readonly hash: string
  readonly parent: string | null
  readonly parentStep: string | null
  /** Whether it has a record of its own. */
  readonly whole: boolean
  /** Which item or branch of the parent's step it is. */
  readonly place: number
  readonly placeKey: string | null
  readonly depth: number
  readonly status: RunState['status']
  readonly step: string | null
  readonly subject: { readonly entity: string; readonly id: string } | null
  readonly origin: Origin
  readonly item: unknown
  readonly data: RunState
  /** Rises with every change: who was taken for dead changes nothing any more. */
  readonly version: number
  readonly touchedAt: string
}

/** One try of one step, as it is shown. */
export interface StepRow {
  readonly run: string
  readonly state: string
  readonly step: string
  readonly position: number
  readonly attempt: number
  readonly status: 'done' | 'failed' | 'waiting'
  readonly input: unknown
  readonly output: unknown
  readonly error: unknown
  /** Which rules held, on which values. */
  readonly why: unknown
  readonly startedAt: Date
  readonly ms: number
}

export interface WaitRow {
  readonly id: string
  readonly state: string
  readonly event: string
  readonly entity: string | null
  readonly record: string | null
  readonly match: Readonly<Record<string, unknown>>
}

export async function findState(ctx: HandlerContext, id: string): Promise<StateRow | null> {
  const [row] = await ctx.tables.select('state', { where: { id }, limit: 1 })
  return row ? toState(row) : null
}

const findMany = gather(
  async (asks: readonly { readonly ctx: HandlerContext; readonly id: string }[]) => {
    const ids = asks.map(({ id }) => id)
    const rows = await (asks[0] as (typeof asks)[0]).ctx.tables.select('state', {
      where: { id: ids },
    })
    const found = new Map(rows.map((row) => [row['id'], toState(row)]))
    return ids.map((id) => found.get(id) ?? null)
  },
)

/** The same outside a transaction, together with the rows that others look for at this moment. */
export const findStateTogether = (ctx: HandlerContext, id: string): Promise<StateRow | null> =>
  findMany(ctx.org.id, { ctx, id })

/** The row of a run whose record people see, not one of its parts. */
export async function findRun(ctx: HandlerContext, run: string): Promise<StateRow | null> {
  const [row] = await ctx.tables.select('state', { where: { run, whole: true }, limit: 1 })
  return row ? toState(row) : null
}

export const toState = (row: Row): StateRow => row as unknown as StateRow

export type NewState = Omit<StateRow, 'id' | 'status' | 'step' | 'version' | 'touchedAt'> & {
  readonly cause: string | null
}

/** Each row and a job that carries it on, in the transaction of whatever begins them. */
export async function beginStates(ctx: HandlerContext, states: readonly NewState[]): Promise<void> {
  const made = await ctx.tables.insert(
    'state',
    states.map((one) => ({
      ...one,
      status: one.data.status,
      step: one.data.step,
      subjectId: one.subject?.id ?? null,
      version: 1,
      touchedAt: new Date(),
    })),
  )
  const ready = made.filter(({ status }) => status === 'ready').map(({ id }) => id as string)
  const size = ready.length < manyAtOnce ? 1 : perJob
  await ctx.jobs.enqueueMany(
    'advance',
    inBunches(ready, size).map(([state, ...more]) => ({
      payload: more.length > 0 ? { states: [state, ...more] } : { state },
    })),
  )
}

/** Where so many begin at once, a few share a job: the queue has less to do. */
const manyAtOnce = 20
const perJob = 5

/** Somebody else changed the run meanwhile: cancelled it, or took it over. */
export class RunMovedOnError extends StateConflictError {
  constructor() {
    super('The run went on at the same moment. Look at where it is now and try again.')
    this.name = 'RunMovedOnError'
  }
}

const tries = 10

/**
 * For those who change a run whoever carries it on: when it moved on at the same moment, they look again.
 *
 * @param work reads the run and changes it, all or nothing.
 * @throws RunMovedOnError when it moved on ten times.
 */
export async function asItIsNow<T>(work: () => Promise<T>): Promise<T> {
  for (let round = 1; ; round++) {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof RunMovedOnError) || round === tries) throw error
    }
  }
}

/**
 * Writes what a run is now and what its steps did; the row that waits for something wakes by it.
 *
 * @param ctx inside the transaction in which the effects of the steps are written.
 * @throws RunMovedOnError and so undoes that transaction.
 */
export async function keepState(
  ctx: HandlerContext,
  row: StateRow,
  data: RunState,
  steps: readonly StepRow[],
): Promise<StateRow> {
  const touchedAt = new Date()
  const kept = {
    ...{ ...row, data, status: data.status, step: data.step },
    ...{ version: row.version + 1, touchedAt: touchedAt.toISOString() },
  }
  await ctx.tables.add('step', steps as never)
  const changed = await ctx.tables.update(
    'state',
    { id: row.id, version: row.version },
    {
      data,
      status: data.status,
      step: data.step,
      version: kept.version,
      touchedAt,
    },
  )
  if (changed === 0) throw new RunMovedOnError()
  if (data.status === 'failed') await askForAlert(ctx, row)
  if (row.data.waiting?.event) await ctx.tables.delete('wait', { state: row.id })
  if (data.waiting) await waitFor(ctx, kept, data.waiting)
  return kept
}

async function waitFor(
  ctx: HandlerContext,
  { id }: StateRow,
  { event, until }: Waiting,
): Promise<void> {
  if (event) {
    await ctx.tables.add('wait', [
      {
        state: id,
        event: event.event,
        entity: event.record?.entity ?? null,
        record: event.record?.id ?? null,
        match: event.match,
      },
    ])
  }
  if (until !== null) {
    await ctx.jobs.enqueue('advance', { state: id, at: until }, { at: new Date(until) })
  }
}
