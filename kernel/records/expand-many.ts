import type { RecordData } from '@runwaycrm/sdk'
import { isMany } from '../access/condition-tree.ts'
import type { RequestContext } from '../context/request-context.ts'
import type { Entity, Field } from '../model/model.ts'
import type { ExpandTree } from './expand.ts'
import { expandedName } from './projection.ts'

/** Records that an expanded many-relation gives at most, the first of its list. */
const expandLimit = 25

/** Those of the ids that the reader may see, with these paths expanded. */
export type FetchMany = (
  ctx: RequestContext,
  entity: Entity,
  ids: readonly string[],
  expand: readonly string[],
) => Promise<ReadonlyMap<string, RecordData>>

/** Whether something of the tree leads to several records, which no row of the page can hold. */
function expandsMany(tree: ExpandTree): boolean {
  return [...tree].some(([field, inner]) => isMany(field) || expandsMany(inner))
}

/**
 * Adds what expanded many-relations lead to, one question per relation for all records together. `null` where
 * the list itself is hidden from the reader.
 */
export async function attachMany(
  ctx: RequestContext,
  tree: ExpandTree,
  records: readonly RecordData[],
  fetch: FetchMany,
): Promise<readonly RecordData[]> {
  if (records.length === 0 || !expandsMany(tree)) return records
  let out = records
  for (const [field, inner] of tree) {
    const name = expandedName(field)
    const targets = isMany(field)
      ? await listsOf(ctx, field, inner, out, fetch)
      : await deeper(ctx, inner, name, out, fetch)
    out = out.map((record, at) => ({ ...record, [name]: targets[at] }))
  }
  return out
}

async function listsOf(
  ctx: RequestContext,
  field: Field,
  inner: ExpandTree,
  records: readonly RecordData[],
  fetch: FetchMany,
): Promise<readonly (readonly RecordData[] | null)[]> {
  const target = ctx.model.entities.get(field.target ?? '')
  const lists = records.map((record) => {
    const ids = record[field.apiName]
    return Array.isArray(ids) ? (ids.slice(0, expandLimit) as string[]) : null
  })
  const all = [...new Set(lists.flatMap((ids) => ids ?? []))]
  const found = target && all.length > 0 ? await fetch(ctx, target, all, pathsOf(inner)) : null
  return lists.map((ids) => ids?.flatMap((id) => found?.get(id) ?? []) ?? null)
}

/** What to-one relations lead to is in the records already; lists may hang on it. */
async function deeper(
  ctx: RequestContext,
  inner: ExpandTree,
  name: string,
  records: readonly RecordData[],
  fetch: FetchMany,
): Promise<readonly unknown[]> {
  const targets = records.map((record) => record[name] as RecordData | null)
  const there = targets.filter((target) => target !== null && target !== undefined)
  const full = (await attachMany(ctx, inner, there, fetch)).values()
  return targets.map((target) => (target ? full.next().value : target))
}

function pathsOf(tree: ExpandTree): string[] {
  return [...tree].flatMap(([field, inner]) => {
    const name = expandedName(field)
    return inner.size === 0 ? [name] : pathsOf(inner).map((path) => `${name}.${path}`)
  })
}
