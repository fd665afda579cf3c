import type {
  BulkRequest,
  BulkResult,
  EntityInfo,
  FieldValues,
  HandlerContext,
  OpenChangeSet,
} from '@runwaycrm/sdk'
import { type Difference, difference } from './compare.ts'
import {
  entitiesIn,
  keptFields,
  namesOf,
  note,
  ownLayer,
  readySnapshot,
  refuseOthers,
  snapshotEntity,
  stepSize,
} from './snapshot.ts'
import { changesTo } from './values.ts'

interface Input {
  readonly id: string
  readonly entities?: readonly string[]
  readonly added?: 'delete' | 'keep'
  readonly layer?: boolean
}

export async function preview(input: Input, ctx: HandlerContext) {
  refuseOthers(ctx)
  const snapshot = await readySnapshot(ctx, input.id)
  const objects = []
  for (const entity of entitiesIn(ctx, snapshot, input.entities)) {
    const found = await difference(ctx, input.id, entity)
    const values = await valuesToWrite(ctx, input.id, entity, found.changed)
    const changed = values.length
    const same = found.same + found.changed.length - changed
    const [deleted, added] = [found.missing.length, found.added.length]
    if (changed + deleted + added > 0) {
      const { labelPlural } = ctx.model.entity(entity.ref, ctx.language) ?? entity
      objects.push({ object: labelPlural, changed, deleted, added, same })
    }
  }
  const { revision: now } = await ownLayer(ctx).current(null)
  return { objects, revision: { then: Number(snapshot['revision']), now } }
}

/** What is published comes back first: values need their fields. The records follow in a job. */
export async function restore(input: Input, ctx: HandlerContext) {
  refuseOthers(ctx)
  const snapshot = await readySnapshot(ctx, input.id)
  entitiesIn(ctx, snapshot, input.layer ? undefined : input.entities)
  if (input.layer) {
    const { revision: now } = await ownLayer(ctx).current(null)
    const then = Number(snapshot['revision'])
    if (then !== now && then > 0) await ownLayer(ctx).restore({ revision: then })
  }
  await note(ctx, input.id, { status: 'restoring', outcome: null })
  await ctx.jobs.enqueue('bring_back', input)
  return { started: true }
}

/** So often what could not be written is tried again: a value may be free, or a record back, by then. */
const passes = 3

interface Tally {
  changed: number
  restored: number
  deleted: number
  /** Purged since: they cannot come back. */
  gone: number
  /** Of the last pass, in words. */
  refused: string[]
}

/** Comes back to the copies. Stopped in the middle, it goes on where it was: what is right already stays. */
export async function bringBack(input: Input, ctx: HandlerContext): Promise<void> {
  const snapshot = await ctx.records.get(snapshotEntity, input.id)
  const entities = entitiesIn(ctx, snapshot, input.entities)
  const label = `Back to "${String(snapshot['name'])}"`
  const tally: Tally = { changed: 0, restored: 0, deleted: 0, gone: 0, refused: [] }
  try {
    const change = await ctx.changes.open({ label, door: 'job', workflows: 'skip' })
    for (let pass = 0; pass < passes; pass++) {
      tally.refused = []
      tally.gone = 0
      let wrote = 0
      for (const entity of entities) {
        wrote += await bringBackEntity(ctx, change, input, entity, tally)
      }
      if (wrote === 0) break
    }
    await change.close()
  } catch (error) {
    if (!ctx.signal.aborted) {
      const outcome = `It stopped in the middle. ${inWords(tally)} Restore again to go on.`
      await note(ctx, input.id, { status: 'ready', outcome })
    }
    throw error
  }
  const restoredAt = new Date().toISOString()
  await note(ctx, input.id, { status: 'ready', restoredAt, outcome: inWords(tally) })
}

/** @returns how many records were written. */
async function bringBackEntity(
  ctx: HandlerContext,
  change: OpenChangeSet,
  { id, added }: Input,
  entity: EntityInfo,
  tally: Tally,
): Promise<number> {
  const found = await difference(ctx, id, entity)
  const write = writerFor(ctx, change, entity, tally)
  // What is new goes first, so that unique values are free.
  const deleted =
    added === 'keep'
      ? 0
      : await write(
          found.added.map((one) => ({ id: one })),
          'delete',
        )
  const { back, gone } = await deletedAmong(ctx, entity, found.missing)
  const restored = await write(
    back.map((one) => ({ id: one })),
    'restore',
  )
  const values = await valuesToWrite(ctx, id, entity, [...found.changed, ...back])
  const changed = await write(values, 'update')
  tally.deleted += deleted
  tally.restored += restored
  tally.changed += changed
  tally.gone += gone
  return deleted + restored + changed
}

function writerFor(ctx: HandlerContext, change: OpenChangeSet, entity: EntityInfo, tally: Tally) {
  return async (
    items: readonly ({ id: string } & FieldValues)[],
    op: 'delete' | 'restore' | 'update',
  ) => {
    let done = 0
    for (const some of inSteps(items)) {
      ctx.signal.throwIfAborted()
      const request = { [op]: some, atomic: false } as BulkRequest
      const { results } = await change.records.bulk(entity.ref, request)
      done += results.filter(({ status }) => status !== 'failed' && status !== 'unchanged').length
      tally.refused.push(...refusals(entity, results))
    }
    return done
  }
}

function refusals(entity: EntityInfo, results: BulkResult['results']): string[] {
  return results.flatMap(({ status, problem }) => {
    if (status !== 'failed' || !problem) return []
    const first = problem.errors?.[0]
    return [`${entity.label}: ${first ? `${first.path} ${first.message}` : problem.detail}`]
  })
}

/** Of records that are not there, those that can come back. */
async function deletedAmong(
  ctx: HandlerContext,
  entity: EntityInfo,
  missing: Difference['missing'],
) {
  const back: string[] = []
  for (const ids of inSteps(missing)) {
    const { data } = await ctx.records.list(entity.ref, {
      deleted: 'only',
      filter: { id: { $in: ids } },
      fields: ['id'],
      limit: stepSize,
    })
    back.push(...data.map(({ id }) => id))
  }
  return { back, gone: missing.length - back.length }
}

/** What the records lack of their copies. */
async function valuesToWrite(
  ctx: HandlerContext,
  snapshot: string,
  entity: EntityInfo,
  ids: readonly string[],
): Promise<({ id: string } & FieldValues)[]> {
  const fields = keptFields(entity)
  const wanted: ({ id: string } & FieldValues)[] = []
  for (const some of inSteps([...ids].sort())) {
    const { data } = await ctx.records.list(entity.ref, {
      filter: { id: { $in: some } },
      fields: namesOf(fields),
      limit: stepSize,
    })
    const records = new Map(data.map((record) => [record.id, record]))
    for await (const { record, values } of copiesBetween(ctx, snapshot, entity, some)) {
      // Copies of others lie between them.
      const now = records.get(record)
      const changes = now && changesTo(values, now, fields)
      if (changes) wanted.push({ id: record, ...changes })
    }
  }
  return wanted
}

async function* copiesBetween(
  ctx: HandlerContext,
  snapshot: string,
  { ref }: EntityInfo,
  ids: readonly string[],
) {
  const last = ids.at(-1)!
  for (let from: Readonly<Record<string, string>> = { $gte: ids[0]! }; ; ) {
    const rows = await ctx.tables.select('copy', {
      where: { snapshot, entity: ref, record: { ...from, $lte: last } },
      sort: 'record',
      limit: 1000,
    })
    for (const row of rows) {
      yield { record: String(row['record']), values: row['values'] as FieldValues }
    }
    if (rows.length < 1000) return
    from = { $gt: String(rows.at(-1)?.['record']) }
  }
}

function inSteps<T>(items: readonly T[]): T[][] {
  const steps: T[][] = []
  for (let at = 0; at < items.length; at += stepSize) steps.push(items.slice(at, at + stepSize))
  return steps
}

function inWords({ changed, restored, deleted, gone, refused }: Tally): string {
  const parts = [`${changed} set back, ${restored} brought back, ${deleted} deleted.`]
  if (gone > 0) parts.push(`${gone} were removed for good since and stay so.`)
  if (refused.length > 0) {
    parts.push(`${refused.length} could not be written: ${refused.slice(0, 3).join('; ')}`)
  }
  return parts.join(' ').slice(0, 2000)
}
