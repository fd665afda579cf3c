import type { EntityInfo, HandlerContext } from '@runwaycrm/sdk'
import {
  chosenEntities,
  keptFields,
  namesOf,
  note,
  ownLayer,
  refuseOthers,
  snapshotEntity,
  stepSize,
} from './snapshot.ts'

interface Input {
  readonly name?: string
  readonly entities?: readonly string[]
}

/** Says what is to be copied, and leaves the copying to a job. */
export async function take(input: Input, ctx: HandlerContext): Promise<{ readonly id: string }> {
  refuseOthers(ctx)
  return begin(ctx, input, 'person')
}

export async function begin(
  ctx: HandlerContext,
  { name, entities }: Input,
  origin: 'person' | 'schedule',
): Promise<{ readonly id: string }> {
  const chosen = chosenEntities(ctx, entities).map(({ ref }) => ref)
  const { revision } = await ownLayer(ctx).current(null)
  const takenAt = ctx.now.toISOString()
  const { id } = await ctx.records.create(snapshotEntity, {
    name: name ?? `${takenAt.slice(0, 10)} ${takenAt.slice(11, 16)} UTC`,
    status: 'taking',
    origin,
    revision,
    takenAt,
    records: 0,
  })
  await ctx.jobs.enqueue('copy', { id, entities: chosen })
  return { id }
}

interface CopyJob {
  readonly id: string
  /** References. */
  readonly entities: readonly string[]
}

/** Copies record after record. One that is stopped in the middle begins anew. */
export async function copyRecords({ id, entities }: CopyJob, ctx: HandlerContext): Promise<void> {
  await ctx.tables.delete('copy', { snapshot: id })
  const counts: Record<string, number> = {}
  try {
    for (const ref of entities) {
      const entity = ctx.model.entity(ref)
      if (!entity) continue
      counts[ref] = await copyEntity(ctx, id, entity)
    }
  } catch (error) {
    if (!ctx.signal.aborted) {
      await note(ctx, id, { status: 'failed', outcome: 'It was not taken: see the log.' })
    }
    throw error
  }
  const records = Object.values(counts).reduce((sum, n) => sum + n, 0)
  await note(ctx, id, { status: 'ready', counts, records, outcome: null })
}

async function copyEntity(ctx: HandlerContext, id: string, entity: EntityInfo): Promise<number> {
  const fields = namesOf(keptFields(entity))
  let count = 0
  for (let cursor: string | null | undefined; cursor !== null; ) {
    ctx.signal.throwIfAborted()
    const { data, page } = await ctx.records.list(entity.ref, {
      sort: 'id',
      fields,
      limit: stepSize,
      ...(cursor ? { cursor } : {}),
    })
    await ctx.tables.insert(
      'copy',
      data.map(({ id: record, version, ...values }) => ({
        snapshot: id,
        entity: entity.ref,
        record,
        version,
        values,
      })),
    )
    count += data.length
    cursor = page.nextCursor
    ctx.events.progress('snapshots', { id, entity: entity.ref, records: count })
  }
  return count
}
