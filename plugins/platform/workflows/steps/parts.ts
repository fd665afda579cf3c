import type { Filter } from '@runwaycrm/sdk'
import { enabledWorkflow, pin } from '../definitions.ts'
import { type NewPart, partsOf, startParts } from '../parts.ts'
import type { Outcome } from '../run-state.ts'
import { begin } from '../start-runs.ts'
import { manualOrigin, type StateRow } from '../tables.ts'
import { done, type StepCall, StepError, type StepExecutor, settingsOf } from './step-call.ts'

const waitForParts: Outcome = {
  kind: 'wait',
  waiting: { for: 'parts', until: null, event: null },
}

/** Goes several ways at once, and on when all have ended. */
export const parallel: StepExecutor = {
  where: 'inside',
  async run(call, ctx) {
    if (call.state.resumed?.by === 'parts') {
      return gather(await partsOf(ctx, call.row.id, call.partsKey))
    }
    const parts = branchesOf(call)
    if (parts.length === 0) return done({})
    await startParts(ctx, call.row, call.partsKey, parts)
    return { outcome: waitForParts }
  },
  inline: async (call, _, inParts) => gather(await inParts(branchesOf(call))),
}

function branchesOf(call: StepCall): NewPart[] {
  const { branches = {} } = (call.step.settings ?? {}) as { branches?: Record<string, string> }
  return Object.entries(branches).map(([placeKey, start], place): NewPart => {
    return { ...inherited(call), start, place, placeKey }
  })
}

interface Loop {
  /** A list that is there already. */
  readonly items?: unknown
  readonly entity?: string
  readonly filter?: Filter
  readonly sort?: string
  readonly do?: string
  /** Items that are under way at once. */
  readonly concurrency?: number
}
/** How far a loop is; kept as the step's output while it lasts. */
interface Progress {
  readonly cursor: string | null
  readonly count: number
  readonly failed: number
  readonly from: number
}

const usualConcurrency = 10
const mostConcurrency = 100

/** Does the same for each of a list or of all records that meet a filter, however many there are. */
export const forEach: StepExecutor = {
  where: 'inside',
  async run(call, ctx) {
    const settings = settingsOf<Loop>(call)
    const start = settings.do
    if (!start) throw new StepError('REQUIRED', 'The step does not say what to do for each.')
    const size = Math.max(1, Math.min(mostConcurrency, settings.concurrency ?? usualConcurrency))
    let progress = call.state.vars[progressName(call.key)] as Progress | undefined
    if (progress && call.state.resumed?.by === 'parts') {
      const parts = await partsOf(ctx, call.row.id, call.partsKey, progress.from)
      const failed = parts.filter(({ status }) => status === 'failed').length
      progress = {
        ...progress,
        count: progress.count + parts.length,
        failed: progress.failed + failed,
        from: progress.from + parts.length,
      }
      if (progress.cursor === null) return ended(call, progress)
    }
    const { items, cursor } = await nextItems(call, ctx, settings, size, progress)
    const kept: Progress = { ...(progress ?? { count: 0, failed: 0, from: 0 }), cursor }
    if (items.length === 0) return ended(call, kept)
    const parts = items.map((item, at): NewPart => {
      return { ...inherited(call), start, place: kept.from + at, ...item }
    })
    await startParts(ctx, call.row, call.partsKey, parts)
    return { outcome: waitForParts, keep: { [progressName(call.key)]: kept } }
  },
  async inline(call, ctx, inParts) {
    const settings = settingsOf<Loop>(call)
    const start = settings.do
    if (!start) throw new StepError('REQUIRED', 'The step does not say what to do for each.')
    const { items, cursor } = await nextItems(call, ctx, settings, mostDryItems, undefined)
    const parts = items.map((item, place): NewPart => {
      return { ...inherited(call), start, place, ...item }
    })
    const ended = await inParts(parts)
    const count = ended.length
    const broken = ended.filter(({ status }) => status === 'failed').length
    if (broken > 0) throw new StepError('PARTS_FAILED', `${broken} of ${count} failed.`)
    return done({ count, failed: 0, ...(cursor === null ? {} : { more: true }) })
  },
}

/** So many items are gone through in a dry run. */
const mostDryItems = 25

const progressName = (key: string) => `$each ${key}`

function ended(call: StepCall, { count, failed }: Progress) {
  const output = { count, failed }
  const vars = { [progressName(call.key)]: null }
  if (failed === 0) return done(output, { vars })
  throw new StepError('PARTS_FAILED', `${failed} of ${count} failed.`)
}

async function nextItems(
  call: StepCall,
  ctx: Parameters<StepExecutor['run']>[1],
  { items, entity, filter = {}, sort }: Loop,
  size: number,
  progress: Progress | undefined,
): Promise<{ items: readonly Partial<NewPart>[]; cursor: string | null }> {
  if (entity) {
    const { data, page } = await ctx.records.list(entity, {
      filter,
      limit: size,
      ...(sort ? { sort } : {}),
      ...(progress?.cursor ? { cursor: progress.cursor } : {}),
    })
    return { items: data.map((item) => ({ item })), cursor: page.nextCursor }
  }
  if (!Array.isArray(items)) {
    throw new StepError('WRONG_TYPE', `The step "${call.key}" has no list to go through.`)
  }
  const from = progress?.from ?? 0
  const some = items.slice(from, from + size)
  return {
    items: some.map((item) => ({ item })),
    cursor: from + size < items.length ? 'more' : null,
  }
}

const inherited = ({ state, row }: StepCall): Pick<NewPart, 'vars' | 'outputs' | 'subject'> => ({
  vars: state.vars,
  outputs: state.outputs,
  subject: row.subject,
})

function gather(parts: readonly StateRow[]) {
  const failed = parts.filter(({ status }) => status === 'failed' || status === 'cancelled')
  if (failed.length > 0) {
    const reasons = failed.map((part) => part.data.failure?.message ?? part.status)
    throw new StepError('PARTS_FAILED', reasons.join(' '))
  }
  const output = Object.fromEntries(
    parts.map((part) => [
      part.placeKey ?? part.place,
      { result: part.data.result, steps: part.data.outputs },
    ]),
  )
  return done(output)
}

/** Runs another workflow and, unless told not to, waits for its end. */
export const runWorkflow: StepExecutor = {
  where: 'inside',
  async run(call, ctx) {
    const { workflow: ref = '', input = {}, wait = true } = settingsOf<SubWorkflow>(call)
    if (call.state.resumed?.by === 'parts') {
      const [child] = await partsOf(ctx, call.row.id, call.partsKey)
      if (child?.status !== 'done') {
        const reason = child?.data.failure?.message ?? 'It was cancelled.'
        throw new StepError('PARTS_FAILED', reason)
      }
      return done(child.data.result)
    }
    const workflow = enabledWorkflow(ctx, ref)
    const run = {
      ...{ ref, workflow, subject: call.row.subject, cause: null, depth: call.row.depth + 1 },
      origin: {
        ...manualOrigin(ctx, input, 'workflow'),
        ...(wait ? { root: call.row.origin.root ?? call.row.run } : {}),
      },
      vars: input,
      ...(wait ? { parent: { state: call.row.id, step: call.partsKey } } : {}),
    }
    const plugin = ctx.as(null)
    const hashes = new Map([[workflow, await pin(plugin, ref, workflow)]])
    // What is told of a run stays when what runs wrote is taken back.
    const apart = { door: 'job', isApart: true } as const
    await plugin.transaction((inside) => begin(inside, [run], hashes), apart)
    return wait ? { outcome: waitForParts, input } : { ...done({ started: true }), input }
  },
  async inline(call, ctx, inParts) {
    const { workflow: ref = '', input = {} } = settingsOf<SubWorkflow>(call)
    const workflow = enabledWorkflow(ctx, ref)
    const [child] = await inParts([
      { start: workflow.start, place: 0, placeKey: ref, vars: input, workflow },
    ])
    if (child?.status !== 'done') {
      throw new StepError('PARTS_FAILED', child?.data.failure?.message ?? 'It did not end.')
    }
    return { ...done(child.data.result), input, uses: { runs: 1 } }
  },
}
interface SubWorkflow {
  readonly workflow?: string
  readonly input?: Readonly<Record<string, unknown>>
  readonly wait?: boolean
}
