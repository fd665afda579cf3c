import type { Entity, Field } from '../model/model.ts'
import type { RecordSql } from './record-sql.ts'
import { storedText } from './relations.ts'
import type { TransactionContext } from './transactions.ts'
import { ofEntity } from './write-checks.ts'

export type Match = { readonly id: string } | 'several'

/**
 * Records that have one of the values, by the value's text, as far as the actor may see them. One that
 * is invisible counts as missing: creating it then tells that the value is taken, and no more.
 */
export async function findMatches(
  ctx: TransactionContext,
  entity: Entity,
  field: Field,
  keys: readonly string[],
  sql: RecordSql,
): Promise<Map<string, Match>> {
  const matches = new Map<string, Match>()
  const right = ctx.ability.condition('read', entity.ref)
  if (keys.length === 0 || right === false || field.storage.in === 'computed') return matches
  const params: unknown[] = [ctx.org.id, keys]
  const visible = right === true ? '' : ` and ${sql.condition(ctx, entity, right, 't', params)}`
  // In the type of the column, so that its index serves; the text of a value is its way back.
  const value = field.storage.in === 'column' ? field.storage.class : 'text'
  const { rows } = await ctx.tx.one<{ id: string; key: string }>({
    text: `select t.id, ${storedText(field, 't')}::text as key from ${entity.table} t
 where t.org_id = $1 and ${storedText(field, 't')} = any($2::text[]::${value}[]) and t.deleted_at is null${ofEntity(entity, 't')}${visible}`,
    values: params,
  })
  for (const { id, key } of rows) matches.set(key, matches.has(key) ? 'several' : { id })
  return matches
}
