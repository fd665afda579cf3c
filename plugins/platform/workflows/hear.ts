import { type EventNews, type HandlerContext, inBunches, type RecordData } from '@runwaycrm/sdk'
import { resume } from './advance.ts'
import { asWorkflow, pinned } from './definitions.ts'
import { hasEnded } from './run-state.ts'
import { orgOf, readRecords, readSubject, scopeOf } from './scope.ts'
import { type NewRun, startRuns } from './start-runs.ts'
import { asItIsNow, findState, keepState, type StateRow, type WaitRow } from './tables.ts'
import { ruleScope, testRule } from './test-rule.ts'
import { type EventTrigger, eventTriggers } from './triggers.ts'

/** What workflows are to hear of now: what begins one, and what runs wait for. */
export async function wanted(_: null, ctx: HandlerContext): Promise<readonly string[]> {
  return [...eventTriggers(ctx).keys(), ...(await waitedFor(ctx))]
}

/** As the events themselves are called, those of one entity with it. */
async function waitedFor(ctx: HandlerContext): Promise<readonly string[]> {
  const names: string[] = []
  for await (const event of valuesOf(ctx, 'event', {})) {
    const where = { event, entity: null }
    const [ofAny] = await ctx.tables.select('wait', { where, limit: 1 })
    if (ofAny) names.push(event)
    else
      for await (const entity of valuesOf(ctx, 'entity', { event }))
        names.push(`${event} ${entity}`)
  }
  return names
}

/** Each value once, the next after the last: of one event very many may wait. */
async function* valuesOf(
  ctx: HandlerContext,
  column: 'event' | 'entity',
  where: object,
): AsyncGenerator<string> {
  let after = ''
  for (;;) {
    const beyond = { ...where, [column]: { $gt: after } }
    const [next] = await ctx.tables.select('wait', { where: beyond, sort: column, limit: 1 })
    if (!next) return
    after = String(next[column])
    yield after
  }
}

/** Begins the runs that events begin, and wakes those that wait for them. */
export async function hear(
  { events }: { readonly events: readonly EventNews[] },
  ctx: HandlerContext,
): Promise<void> {
  const triggers = eventTriggers(ctx)
  const hits = events.flatMap((event) =>
    (triggers.get(nameOf(event)) ?? [])
      .filter((one) => concerns(one, event))
      .map((trigger) => ({ trigger, event })),
  )
  const runs = await runsOf(ctx, hits)
  if (runs.length > 0) await startRuns(ctx, runs)
  await wakeWaiting(ctx, events)
}

const nameOf = ({ event, entity }: EventNews): string =>
  event.startsWith('record.') ? `${event} ${entity}` : event

function concerns({ fields, match }: EventTrigger, event: EventNews): boolean {
  const isMeant = Object.entries(match).every(([member, value]) => event.payload[member] === value)
  if (!isMeant) return false
  if (event.event !== 'record.updated' || fields.length === 0) return true
  return event.fields.some((field) => fields.includes(field))
}

interface Hit {
  readonly trigger: EventTrigger
  readonly event: EventNews
}

async function runsOf(ctx: HandlerContext, hits: readonly Hit[]): Promise<NewRun[]> {
  if (hits.length === 0) return []
  const depths = await depthsOf(ctx, hits)
  const records = await recordsOf(ctx, hits)
  const runs: NewRun[] = []
  for (const { trigger, event } of hits) {
    const { ref, key, workflow } = trigger
    const record = event.id === null ? null : (records.get(keyOf(ref, event.id)) ?? null)
    const changes = event.changes ?? {}
    if (trigger.trigger.when && !(await holds(ctx, trigger, event, record))) continue
    runs.push({
      ref,
      workflow,
      subject: event.entity && event.id ? { entity: event.entity, id: event.id } : null,
      origin: {
        trigger: key,
        type: event.event,
        at: event.at,
        changes,
        payload: event.payload,
        by: event.actor,
      },
      cause: `${ref} ${key} ${event.seq}`,
      depth: 1 + (event.actor?.type === 'workflow' ? (depths.get(event.actor.id ?? '') ?? 0) : 0),
    })
  }
  return runs
}

/** A condition that cannot be told lets the run begin: it fails where people see why. */
async function holds(
  ctx: HandlerContext,
  { trigger, workflow }: EventTrigger,
  event: EventNews,
  record: RecordData | null,
): Promise<boolean> {
  const facts = {
    ...{ record, change: event.changes ?? {}, vars: {}, steps: {}, org: orgOf(ctx) },
    trigger: { type: event.event, at: event.at, payload: event.payload, by: event.actor },
  }
  try {
    return (await testRule(trigger.when, ruleScope(ctx, workflow, facts))).holds
  } catch (error) {
    ctx.log.warn('the condition of a trigger cannot be told', { workflow: workflow.label, error })
    return true
  }
}

/** Workflows that lead to one another are counted along. */
async function depthsOf(ctx: HandlerContext, hits: readonly Hit[]) {
  const runs = new Set(
    hits.flatMap(({ event: { actor } }) =>
      actor?.type === 'workflow' && actor.id ? actor.id : [],
    ),
  )
  if (runs.size === 0) return new Map<string, number>()
  const rows = await ctx.tables.select('state', { where: { run: [...runs], whole: true } })
  return new Map(rows.map((row) => [String(row['run']), Number(row['depth'])]))
}

/** Read once for all triggers of one kind, as the workflow sees them. */
async function recordsOf(ctx: HandlerContext, hits: readonly Hit[]) {
  const found = new Map<string, RecordData>()
  const asked = Map.groupBy(
    hits.filter(({ trigger, event }) => trigger.trigger.when && event.id !== null),
    ({ trigger }) => trigger.ref,
  )
  for (const [ref, some] of asked) {
    const { trigger, event } = some[0] as Hit
    const acting = asWorkflow(ctx, ref, trigger.workflow)
    const ids = [...new Set(some.map(({ event: one }) => one.id as string))]
    const records = await readRecords(acting, trigger.workflow, event.entity as string, ids)
    for (const [id, record] of records) found.set(keyOf(ref, id), record)
  }
  return found
}

const keyOf = (ref: string, id: string) => `${ref} ${id}`

/** Runs that wait for one of these events go on. */
async function wakeWaiting(ctx: HandlerContext, events: readonly EventNews[]): Promise<void> {
  const names = [...new Set(events.map(({ event }) => event))]
  const ids = [...new Set(events.flatMap(({ id }) => id ?? []))]
  const records = [null, ...inBunches(ids, idsAtOnce)]
  for (const record of records) {
    for await (const wait of waitsFor(ctx, { event: names, record })) {
      for (const event of events) if (isFor(wait, event)) await wake(ctx, wait, event)
    }
  }
}

const idsAtOnce = 500
const waitsAtOnce = 1_000

/** All of them, however many: those that come meanwhile wait for what comes after. */
async function* waitsFor(ctx: HandlerContext, where: object): AsyncGenerator<WaitRow> {
  let after = nobody
  for (;;) {
    ctx.signal.throwIfAborted()
    const rows = (await ctx.tables.select('wait', {
      where: { ...where, id: { $gt: after } },
      sort: 'id',
      limit: waitsAtOnce,
    })) as unknown as readonly WaitRow[]
    yield* rows
    if (rows.length < waitsAtOnce) return
    after = rows.at(-1)?.id ?? nobody
  }
}
const nobody = '00000000-0000-0000-0000-000000000000'

function isFor({ event, entity, record, match }: WaitRow, news: EventNews): boolean {
  if (event !== news.event) return false
  if (entity !== null && entity !== news.entity) return false
  if (record !== null && record !== news.id) return false
  return Object.entries(match ?? {}).every(([name, value]) => news.payload[name] === value)
}

/** The rule that a run waits with, over the record as it is now. */
async function meets(ctx: HandlerContext, row: StateRow, trigger: object): Promise<boolean> {
  const when = row.data.waiting?.event?.when
  if (!when) return true
  const workflow = await pinned(ctx, row.workflow, row.hash)
  const acting = asWorkflow(ctx, row.run, workflow)
  const record = await readSubject(acting, workflow, row.subject)
  const facts = { ...scopeOf(acting, row, row.data, record), trigger }
  return (await testRule(when, ruleScope(acting, workflow, facts))).holds
}

async function wake(ctx: HandlerContext, wait: WaitRow, news: EventNews): Promise<void> {
  const { event, entity, id, at, payload, actor, changes = {} } = news
  const resumed = {
    by: 'event',
    payload: { type: event, at, payload, by: actor, entity, id, changes },
  } as const
  // It was paused, went on, or its time was over at the same moment: whether it still waits is asked anew.
  await asItIsNow(() => ctx.transaction((inside) => wakeOnce(inside, wait, resumed)))
}

async function wakeOnce(
  inside: HandlerContext,
  wait: WaitRow,
  resumed: { readonly by: 'event'; readonly payload: object },
): Promise<void> {
  const row = await findState(inside, wait.state)
  if (row?.data.waiting?.event?.event !== wait.event || hasEnded(row)) return
  if (!(await meets(inside, row, resumed.payload))) return
  const data = resume({ ...row.data, status: 'waiting' }, resumed)
  // A run that rests hears of it now, and goes on when somebody says so.
  const rests = row.status === 'paused' && { status: row.status }
  await keepState(inside, row, { ...data, ...rests }, [])
  if (!rests) await inside.jobs.enqueue('advance', { state: row.id })
}
