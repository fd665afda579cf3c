import type { RequestContext } from '../context/request-context.ts'
import type { Statement } from '../database/postgres.ts'
import type { Entity } from '../model/model.ts'
import { bindSql } from './bound-sql.ts'
import type { Codecs } from './fields.ts'
import type { FieldChange } from './ledger-values.ts'
import { storageOf } from './storage-columns.ts'

/** Runs a statement in the transaction of the context, or in one of its own. */
export type RunRows = <R>(statement: Statement) => Promise<readonly R[]>

/**
 * Of the ids of each entity those of living records that the actor sees.
 *
 * @param wanted ids by the reference of their entity.
 * @param lock holds the records until the transaction ends.
 */
export async function seenTargets(
  ctx: RequestContext,
  wanted: ReadonlyMap<string, ReadonlySet<string>>,
  codecs: Codecs,
  run: RunRows,
  lock = false,
): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const seen = new Map<string, ReadonlySet<string>>()
  for (const [ref, ids] of wanted) {
    const target = ctx.model.entities.get(ref)
    if (!target || ids.size === 0 || !ctx.ability.can('read', ref)) continue
    const sql = bindSql(ctx, codecs, [ctx.org.id, [...ids]])
    const rows = await run<{ id: string }>({
      text: `select r.id from ${target.table} r where r.org_id = $1 and r.id = any($2::uuid[])
 and ${sql.compiler.readable({ alias: 'r', entity: target })} order by r.id${lock ? ' for key share of r' : ''}`,
      values: sql.values(),
    })
    seen.set(ref, new Set(rows.map((row) => row.id)))
  }
  return seen
}

type Changes = Readonly<Record<string, FieldChange>>

/**
 * Changes of records with the ids left out that the reader may not see, or that are deleted. A change of
 * which nothing is left to see is no change.
 */
export async function showLinkChanges(
  ctx: RequestContext,
  entity: Entity,
  entries: readonly Changes[],
  codecs: Codecs,
  run: RunRows,
): Promise<readonly Changes[]> {
  const { links } = storageOf(entity)
  if (links.length === 0) return entries
  const wanted = new Map<string, Set<string>>()
  for (const { field, target } of links)
    for (const changes of entries) {
      const change = changes[field.apiName]
      const ids = wanted.get(target) ?? new Set()
      for (const id of [...listOf(change?.from), ...listOf(change?.to)]) ids.add(id)
      wanted.set(target, ids)
    }
  const seen = await seenTargets(ctx, wanted, codecs, run)
  return entries.map((changes) => {
    const shown: Record<string, FieldChange> = { ...changes }
    for (const { field, target } of links) {
      const change = changes[field.apiName]
      if (!change) continue
      const visible = (value: unknown) => listOf(value).filter((id) => seen.get(target)?.has(id))
      const [from, to] = [visible(change.from), visible(change.to)]
      if (from.join() === to.join()) delete shown[field.apiName]
      else shown[field.apiName] = { from: change.from === null ? null : from, to }
    }
    return shown
  })
}

function listOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? (value as string[]) : []
}
