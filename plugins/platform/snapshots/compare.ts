import type { EntityInfo, HandlerContext } from '@runwaycrm/sdk'
import { stepSize } from './snapshot.ts'

/** How the records of one object differ from their copies, by id. */
export interface Difference {
  /** Another version than the copy has; the values may still be the same. */
  readonly changed: readonly string[]
  /** Not there any more. */
  readonly missing: readonly string[]
  /** Made, or come back, since. */
  readonly added: readonly string[]
  readonly same: number
}

interface Version {
  readonly id: string
  readonly version: number
}

/** Walks copies and records side by side, both in the order of their ids. */
export async function difference(
  ctx: HandlerContext,
  snapshot: string,
  entity: EntityInfo,
): Promise<Difference> {
  const found = { changed: [] as string[], missing: [] as string[], added: [] as string[] }
  let same = 0
  const copies = copiesOf(ctx, snapshot, entity)
  const records = recordsOf(ctx, entity)
  let copy = await copies.next()
  let record = await records.next()
  while (!copy.done || !record.done) {
    if (record.done || (!copy.done && copy.value.id < record.value.id)) {
      found.missing.push((copy.value as Version).id)
      copy = await copies.next()
    } else if (copy.done || record.value.id < copy.value.id) {
      found.added.push(record.value.id)
      record = await records.next()
    } else {
      if (copy.value.version === record.value.version) same += 1
      else found.changed.push(record.value.id)
      copy = await copies.next()
      record = await records.next()
    }
  }
  return { ...found, same }
}

async function* copiesOf(
  ctx: HandlerContext,
  snapshot: string,
  { ref }: EntityInfo,
): AsyncGenerator<Version, void> {
  for (let after: string | null = null; ; ) {
    ctx.signal.throwIfAborted()
    const rows = await ctx.tables.select('copy', {
      where: { snapshot, entity: ref, ...(after ? { record: { $gt: after } } : {}) },
      sort: 'record',
      limit: 1000,
    })
    for (const row of rows) yield { id: String(row['record']), version: Number(row['version']) }
    if (rows.length < 1000) return
    after = String(rows.at(-1)?.['record'])
  }
}

async function* recordsOf(ctx: HandlerContext, { ref }: EntityInfo): AsyncGenerator<Version, void> {
  for (let cursor: string | null | undefined; cursor !== null; ) {
    ctx.signal.throwIfAborted()
    const { data, page } = await ctx.records.list(ref, {
      sort: 'id',
      fields: ['id'],
      limit: stepSize,
      ...(cursor ? { cursor } : {}),
    })
    yield* data
    cursor = page.nextCursor
  }
}
