import type { Entity } from '../model/model.ts'
import { pointersTo, pointingStatements } from '../records/pointers.ts'
import type { TransactionContext } from '../records/transactions.ts'
import { ofEntity } from '../records/write-checks.ts'
import type { FoundRecord, Tie } from './found-record.ts'
import { userEntity } from './member-names.ts'
import { personalFields } from './personal-values.ts'
import { patternsOf } from './words.ts'

export interface RelatedRecords {
  readonly entity: Entity
  readonly tie: Tie
  readonly ids: readonly string[]
}

/**
 * The ids of records of whatever entity that lead to the person, the deleted among them, and of those that
 * did once: these are about somebody else by now, so of them only what names the person goes.
 */
export async function findRelated(
  ctx: TransactionContext,
  target: Entity,
  id: string,
): Promise<readonly RelatedRecords[]> {
  const found: RelatedRecords[] = []
  const present = new Set([id])
  for (const entity of ctx.model.entities.values()) {
    const pointers = pointersTo(entity, target.ref)
    if (!pointers) continue
    const statements = pointingStatements(ctx.org.id, entity, pointers, [id], { deleted: true })
    const answers = await ctx.tx.run(statements)
    const ids = new Set(answers.flatMap(({ rows }) => rows.map((row) => String(row['id']))))
    ids.delete(id)
    if (ids.size > 0) found.push({ entity, tie: tieOf(entity, target), ids: [...ids] })
    for (const one of ids) present.add(one)
  }
  return [...found, ...(await findFormer(ctx, target, id, present))]
}

/** @param present those that lead there now. */
async function findFormer(
  ctx: TransactionContext,
  target: Entity,
  id: string,
  present: ReadonlySet<string>,
): Promise<RelatedRecords[]> {
  const keys = new Map<Entity, ReadonlySet<string>>()
  for (const entity of ctx.model.entities.values()) {
    const pointers = pointersTo(entity, target.ref)
    if (!pointers) continue
    const fields = [...pointers.relations, ...pointers.references]
    const parts = [...fields.flatMap(pointers.partsOf), ...pointers.links.map(({ part }) => part)]
    keys.set(entity, new Set(parts.map((part) => part.ledgerKey)))
  }
  const { rows } = await ctx.tx.one<{ entity: string; record_id: string; keys: string[] }>({
    text: `select l.entity, l.record_id, array_agg(distinct f.key) as keys from tenant.ledger l
        cross join lateral jsonb_each(l.fields) f (key, pair)
      where l.org_id = $1 and l.entity = any($2::text[]) and l.fields::text like $3 and f.pair::text like $3
      group by l.entity, l.record_id`,
    values: [ctx.org.id, [...keys.keys()].map(({ ref }) => ref), `%${id}%`],
  })
  return [...keys].flatMap(([entity, own]): RelatedRecords[] => {
    const ids = rows
      .filter((row) => row.entity === entity.ref && row.keys.some((key) => own.has(key)))
      .map((row) => row.record_id)
      .filter((one) => !present.has(one))
    return ids.length > 0 ? [{ entity, tie: 'named', ids }] : []
  })
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
