import type { HandlerContext, RouteReply, RouteRequest } from '@runwaycrm/sdk'
import type { Workflow } from './definition.ts'
import { pinned } from './definitions.ts'
import { drawWorkflow } from './draw.ts'
import { cancel, retry, start } from './manage.ts'
import { runEntity, toState } from './tables.ts'
import { toolOf } from './tool.ts'
import { writtenBy } from './undo.ts'

const mostSteps = 1_000

/** All workflows of the organisation, with how their runs of late went. */
export async function listWorkflows(_: RouteRequest, ctx: HandlerContext): Promise<RouteReply> {
  const all = ctx.model.contributions<Workflow>('workflows')
  const since = new Date(ctx.now.getTime() - 30 * 86_400_000).toISOString()
  const { data } = await ctx.records.aggregate(runEntity, {
    filter: { startedAt: { $gte: since } },
    groupBy: [{ field: 'workflow' }, { field: 'status' }],
    measures: { runs: { count: '*' } },
    limit: 1_000,
  })
  const runs = Map.groupBy(data, (row) => String(row['workflow']))
  return {
    status: 200,
    body: {
      data: [...all].map(([ref, workflow]) => {
        const { label, entity = null, enabled = true, triggers = {}, steps } = workflow
        return {
          ...{ ref, label, entity, enabled, tool: toolOf(workflow) },
          triggers: Object.values(triggers).map(({ type }) => type),
          steps: Object.keys(steps).length,
          runs: Object.fromEntries(
            (runs.get(ref) ?? []).map((row) => [String(row['status']), Number(row['runs'])]),
          ),
        }
      }),
    },
  }
}

export async function startWorkflow(
  { params, body }: RouteRequest,
  ctx: HandlerContext,
): Promise<RouteReply> {
  const { input, records, dryRun, trigger } = (body ?? {}) as {
    readonly trigger?: string
    readonly input?: Readonly<Record<string, unknown>>
    readonly records?: { readonly entity: string; readonly ids: readonly string[] }
    readonly dryRun?: boolean
  }
  const asked = {
    workflow: params['ref'] as string,
    ...(records ? { records } : {}),
    ...(input ? { input } : {}),
  }
  const named = trigger === undefined ? {} : { trigger }
  if (dryRun)
    return { status: 200, body: await ctx.actions.run('platform.workflows:dry_run', asked) }
  return { status: 202, body: await start({ ...asked, ...named }, ctx) }
}

export async function cancelRun(
  { params }: RouteRequest,
  ctx: HandlerContext,
): Promise<RouteReply> {
  return { status: 200, body: await cancel({ id: params['id'] as string }, ctx) }
}

export async function retryRun(
  { params, body }: RouteRequest,
  ctx: HandlerContext,
): Promise<RouteReply> {
  const { from } = (body ?? {}) as { readonly from?: string }
  const asked = { id: params['id'] as string, ...(from === undefined ? {} : { from }) }
  return { status: 200, body: await retry(asked, ctx) }
}

/** A run with its definition and all that its steps did, in order. */
export async function runDetail(
  { params }: RouteRequest,
  ctx: HandlerContext,
): Promise<RouteReply> {
  const id = params['id'] as string
  const run = await ctx.records.get(runEntity, id)
  const plugin = ctx.as(null)
  const rows = await plugin.tables.select('state', { where: { run: id }, sort: 'id' })
  const states = rows.map(toState)
  const whole = states.find((one) => one.whole)
  const workflow = whole && (await pinned(plugin, whole.workflow, whole.hash))
  const steps = await plugin.tables.select('step', {
    where: { run: id },
    sort: 'id',
    limit: mostSteps,
  })
  return {
    status: 200,
    body: {
      run,
      workflow: workflow
        ? { ref: whole.workflow, definition: workflow, graph: drawWorkflow(ctx, workflow) }
        : null,
      state: whole
        ? {
            status: whole.status,
            step: whole.step,
            waiting: whole.data.waiting,
            failure: whole.data.failure,
            origin: whole.origin,
            result: whole.data.result,
          }
        : null,
      parts: states
        .filter((one) => !one.whole)
        .map(({ id: part, parentStep, place, placeKey, status, step }) => ({
          ...{ id: part, step: parentStep?.split('#')[0], place, placeKey, status, at: step },
        })),
      steps,
      written: await writtenBy(ctx, id),
      isSwept: !whole,
    },
  }
}
