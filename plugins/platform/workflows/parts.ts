import type { HandlerContext } from '@runwaycrm/sdk'
import type { Workflow } from './definition.ts'
import { newRunState, type RunState } from './run-state.ts'
import { beginStates, type StateRow, toState } from './tables.ts'

/** A part of a run that goes its own way: an item of a list, a branch. It shares the record that people see. */
export interface NewPart {
  readonly start: string
  readonly place: number
  readonly placeKey?: string
  readonly item?: unknown
  readonly vars?: RunState['vars']
  readonly outputs?: RunState['outputs']
  /** Of another workflow, in a dry run. */
  readonly workflow?: Workflow
  /** Another record than that of the whole. */
  readonly subject?: StateRow['subject']
}

/** Inside the transaction in which the parent begins to wait for them. */
export async function startParts(
  ctx: HandlerContext,
  parent: StateRow,
  step: string,
  parts: readonly NewPart[],
): Promise<void> {
  await beginStates(
    ctx,
    parts.map(({ start, place, placeKey, item, vars = {}, outputs = {}, subject }) => ({
      ...{ run: parent.run, workflow: parent.workflow, hash: parent.hash },
      ...{ parent: parent.id, parentStep: step, whole: false, place, placeKey: placeKey ?? null },
      ...{ depth: parent.depth, origin: parent.origin, cause: null },
      subject: subject ?? parent.subject,
      item: item ?? parent.item ?? null,
      data: { ...newRunState(start, vars), outputs },
    })),
  )
}

/** The parts that a step began, in order. */
export async function partsOf(
  ctx: HandlerContext,
  parent: string,
  step: string,
  from = 0,
): Promise<readonly StateRow[]> {
  const where = { parent, parentStep: step, place: { $gte: from } }
  const rows = await ctx.tables.select('state', { where, sort: 'place' })
  return rows.map(toState)
}

/**
 * Tells the parent that a part has ended, in the transaction in which it ends. The parent's row is locked first,
 * so of parts that end together one sees that it is the last.
 */
export async function tellParent(ctx: HandlerContext, part: StateRow): Promise<void> {
  if (part.parent === null) return
  await ctx.tables.update('state', { id: part.parent }, { touchedAt: new Date() })
  if (await hasParts(ctx, part.parent)) return
  await ctx.jobs.enqueue('advance', { state: part.parent, parts: true })
}

/** Whether some of its parts are under way. */
export async function hasParts(ctx: HandlerContext, parent: string): Promise<boolean> {
  const where = { parent, status: ['ready', 'waiting', 'paused'] }
  return (await ctx.tables.select('state', { where, limit: 1 })).length > 0
}
