import type { Entity } from '../model/model.ts'
import { pointersTo, pointingStatements } from '../records/pointers.ts'
import type { TransactionContext } from '../records/transactions.ts'
import { ofEntity } from '../records/write-checks.ts'
import type { FoundRecord, Tie } from './found-record.ts'
import { userEntity } from './member-names.ts'
import { personalFields } from './personal-values.ts'
import { patternsOf } from './words.ts'

/** The ids of records of whatever entity that lead to the person, the deleted among them. */
export async function findRelated(
  ctx: TransactionContext,
  target: Entity,
  id: string,
): Promise<readonly { readonly entity: Entity; readonly tie: Tie; readonly ids: string[] }[]> {
  const found: { entity: Entity; tie: Tie; ids: string[] }[] = []
  for (const entity of ctx.model.entities.values()) {
    const pointers = pointersTo(entity, target.ref)
    if (!pointers) continue
    const statements = pointingStatements(ctx.org.id, entity, pointers, [id], { deleted: true })
    const answers = await ctx.tx.run(statements)
    const ids = new Set(answers.flatMap(({ rows }) => rows.map((row) => String(row['id']))))
    ids.delete(id)
    if (ids.size > 0) found.push({ entity, tie: tieOf(entity, target), ids: [...ids] })
  }
  return found
}

/** A member works on records of others, and one person leads to another: a contact to whom they report. */
function tieOf(entity: Entity, target: Entity): Tie {
  const isOfOthers = target.ref === userEntity || entity.ref === target.ref
  return isOfOthers || personalFields(entity).length === 0 ? 'named' : 'about'
}

/** @param words only those in which one of them stands; null for all. */
export async function loadRecords(
  ctx: TransactionContext,
  entity: Entity,
  tie: Tie,
  ids: readonly string[],
  words: readonly string[] | null,
): Promise<FoundRecord[]> {
  const naming = words === null ? '' : ' and to_jsonb(t)::text ilike any ($3::text[])'
  const { rows } = await ctx.tx.one<{ row: FoundRecord['row'] }>({
    text: `select to_jsonb(t) as row from ${entity.table} t
      where t.org_id = $1 and t.id = any($2::uuid[])${ofEntity(entity, 't')}${naming}`,
    values: [ctx.org.id, ids, ...(words === null ? [] : [patternsOf(words)])],
  })
  return rows.map(({ row }) => ({ entity, id: String(row['id']), tie, row }))
}
