import type { EntityInfo, Filter, HandlerContext, RecordData } from '@runwaycrm/sdk'
import { findPairs, type Pair } from './find-pairs.ts'
import { type EntityRules, entityFor, rulesOf } from './rules.ts'

export interface FindInput {
  readonly entity: string
  readonly recordId?: string
  readonly filter?: Filter
  readonly limit?: number
}

interface Group {
  readonly score: number
  readonly records: readonly { readonly id: string; readonly title: string }[]
  readonly reasons: readonly {
    readonly field: string
    readonly label: string
    readonly points: number
  }[]
}

/** Records that are compared in one go; they are held in memory. */
const mostRecords = 10_000

/**
 * Compares the newest records that the caller may see, as they may see them, and answers those that are
 * likely about the same thing, in groups, the surest first.
 *
 * @throws NotFoundError for `recordId`.
 */
export async function findDuplicates(input: FindInput, ctx: HandlerContext) {
  const entity = entityFor(ctx, input.entity)
  const rules = rulesOf(ctx, entity)
  const fields = [
    ...new Set([entity.titleField, ...rules.fields.map(({ field }) => field.apiName)]),
  ]
  const readable = fields.filter((name) =>
    entity.fields.some((field) => field.apiName === name && field.can.read),
  )
  const asked = input.recordId
    ? await ctx.records.get(entity.ref, input.recordId, { fields: readable })
    : null
  const { records, complete } = await load(ctx, entity, readable, input.filter)
  // The oldest first, and the record that was asked about among them.
  const all = asked && !records.some(({ id }) => id === asked.id) ? [...records, asked] : records
  all.reverse()
  const only = asked ? all.findIndex(({ id }) => id === asked.id) : null
  const pairs = findPairs(all, rules, only)
  const groups = only === null ? grouped(pairs) : pairs.map((pair) => [pair])
  return {
    entity: entity.plural,
    groups: groups
      .map((some) => describe(some, all, entity, rules))
      .sort((a, b) => b.score - a.score || b.records.length - a.records.length)
      .slice(0, input.limit ?? 25),
    compared: all.length,
    complete,
  }
}

async function load(
  ctx: HandlerContext,
  entity: EntityInfo,
  fields: readonly string[],
  filter: Filter | undefined,
): Promise<{ records: RecordData[]; complete: boolean }> {
  const records: RecordData[] = []
  let cursor: string | undefined
  do {
    const page = await ctx.records.list(entity.ref, {
      ...(filter ? { filter } : {}),
      ...(cursor ? { cursor } : {}),
      fields,
      limit: 200,
    })
    records.push(...page.data)
    cursor = page.page.nextCursor ?? undefined
  } while (cursor && records.length < mostRecords)
  return { records, complete: cursor === undefined }
}

/** Records that hang together through any of the pairs. */
function grouped(pairs: readonly Pair[]): Pair[][] {
  const leader = new Map<number, number>()
  const find = (at: number): number => {
    const next = leader.get(at) ?? at
    return next === at ? at : find(next)
  }
  for (const { a, b } of pairs) leader.set(find(b), find(a))
  return [...Map.groupBy(pairs, ({ a }) => find(a)).values()]
}

/** A group is as sure as the weakest pair that holds it together. */
function describe(
  pairs: readonly Pair[],
  records: readonly RecordData[],
  entity: EntityInfo,
  { fields }: EntityRules,
): Group {
  const members = [...new Set(pairs.flatMap(({ a, b }) => [a, b]))].sort((a, b) => a - b)
  const points = new Map<string, number>()
  for (const { reasons } of pairs)
    for (const one of reasons)
      points.set(one.field, Math.max(points.get(one.field) ?? 0, one.points))
  const labelOf = (name: string) =>
    fields.find(({ field }) => field.apiName === name)?.field.label ?? name
  return {
    score: Math.min(...pairs.map(({ score }) => score)),
    records: members.map((at) => {
      const record = records[at] as RecordData
      return { id: record.id, title: String(record[entity.titleField] ?? '') }
    }),
    reasons: [...points]
      .map(([field, value]) => ({ field, label: labelOf(field), points: value }))
      .sort((a, b) => b.points - a.points),
  }
}
