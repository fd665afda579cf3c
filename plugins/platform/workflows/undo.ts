import { type HandlerContext, NotFoundError, StateConflictError } from '@runwaycrm/sdk'
import type { Workflow } from './definition.ts'
import { pinned } from './definitions.ts'
import { hasEnded } from './run-state.ts'
import { findRun, runEntity, type StateRow, toState } from './tables.ts'

interface Reverted {
  /** Null for a job that takes back very many. */
  readonly changeSetId: string | null
  readonly reverted?: number
  readonly skipped?: number
  readonly conflicts?: readonly object[]
  readonly jobId?: string
  readonly matched?: number
}

interface Changes {
  find(input: { readonly id: string }): Promise<{
    readonly state: 'open' | 'done' | 'reverted'
    readonly counts: Readonly<Record<string, number>>
    readonly revertedBy: string | null
  }>
  revert(input: { readonly id: string; readonly onConflict: 'stop' | 'skip' }): Promise<Reverted>
}

const changesOf = (ctx: HandlerContext) => ctx.services.get<Changes>('kernel.changes', 1)

/** What of a run stays where it is when its writes are taken back. */
export interface Stays {
  readonly mails: number
  readonly requests: number
  readonly notifications: number
}

/**
 * Takes back all that a run wrote, what it changed last first, with the rights of whoever asks: all of it, or with
 * `skip` all but what others changed since. What left the house stays, and is told.
 *
 * @throws ChangeConflictError with `conflicts`, and nothing is taken back.
 */
export async function undo(
  { id, onConflict = 'stop' }: { readonly id: string; readonly onConflict?: 'stop' | 'skip' },
  ctx: HandlerContext,
): Promise<Reverted & { readonly stays: Stays | null }> {
  await ctx.records.get(runEntity, id, { fields: ['id'] })
  // Of one that ended long ago nothing is kept but what it wrote.
  const row = await findRun(ctx.as(null), id)
  if (row && !hasEnded(row)) throw new StateConflictError('The run is under way. Cancel it first.')
  if (row?.origin.root !== undefined) {
    throw new StateConflictError('Another run began this one: take that one back.')
  }
  const written = await writtenBy(ctx, id)
  if (!written)
    throw new StateConflictError('The run wrote nothing that is there to be taken back.')
  const answer = await changesOf(ctx).revert({ id, onConflict })
  return { ...answer, stays: row && (await staysOf(ctx.as(null), row)) }
}

/** What the run wrote, as one change; null when that is nothing, or nothing that may be read. */
export async function writtenBy(ctx: HandlerContext, run: string) {
  try {
    const { state, counts, revertedBy } = await changesOf(ctx).find({ id: run })
    return { state, counts, revertedBy }
  } catch (error) {
    if (error instanceof NotFoundError) return null
    throw error
  }
}

const own = 'platform.workflows'
const most = 1_000

/** Of it and of the runs that it waited for, which are taken back with it. */
async function staysOf(plugin: HandlerContext, row: StateRow): Promise<Stays> {
  const all = await Promise.all(
    [row, ...(await runsWithin(plugin, row))].map((one) => stepsStay(plugin, one)),
  )
  const sum = (name: keyof Stays) => all.reduce((total, one) => total + one[name], 0)
  return {
    mails: sum('mails'),
    requests: sum('requests'),
    notifications: sum('notifications'),
  }
}

/** Runs that it or one of its parts waited for, and those that these waited for. */
async function runsWithin(plugin: HandlerContext, { run }: StateRow): Promise<StateRow[]> {
  const found: StateRow[] = []
  let runs = [run]
  while (runs.length > 0 && found.length < most) {
    const states = await plugin.tables.select('state', { where: { run: runs } })
    const where = { parent: states.map(({ id }) => id), whole: true }
    const begun = states.length > 0 ? await plugin.tables.select('state', { where }) : []
    found.push(...begun.map(toState))
    runs = begun.map((one) => String(one['run']))
  }
  return found
}

/** Of its steps that are through, those that reach people and other systems. */
async function stepsStay(plugin: HandlerContext, row: StateRow): Promise<Stays> {
  const workflow = await pinned(plugin, row.workflow, row.hash)
  const steps = await plugin.tables.select('step', {
    where: { run: row.run, status: 'done' },
    limit: most,
  })
  const stays = { mails: 0, requests: 0, notifications: 0 }
  for (const { step, output } of steps) {
    const { sent, told } = (output ?? {}) as { readonly sent?: unknown; readonly told?: unknown }
    const type = workflow.steps[String(step)]?.type
    if (type === `${own}:mail`) stays.mails += Number(sent ?? 0)
    if (type === `${own}:notify`) stays.notifications += Number(told ?? 0)
    if (type === `${own}:http` || isOutside(plugin, workflow, String(step))) stays.requests += 1
  }
  return stays
}

function isOutside(plugin: HandlerContext, { steps }: Workflow, key: string): boolean {
  const { type, settings } = steps[key] ?? {}
  if (type !== `${own}:action`) return false
  return plugin.model.action(String(settings?.['action'] ?? ''))?.risk === 'external'
}
