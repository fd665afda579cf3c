import type { Entity, Field } from '../model/model.ts'
import { bindSql } from './bound-sql.ts'
import type { Codecs } from './fields.ts'
import { storedText } from './relations.ts'
import type { TransactionContext } from './transactions.ts'

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
  codecs: Codecs,
): Promise<Map<string, Match>> {
  const matches = new Map<string, Match>()
  if (keys.length === 0 || field.storage.in === 'computed') return matches
  const sql = bindSql(ctx, codecs, [ctx.org.id, keys])
  // In the type of the column, so that its index serves; the text of a value is its way back.
  const value = field.storage.in === 'column' ? field.storage.class : 'text'
  const text = `select t.id, ${storedText(field, 't')}::text as key from ${entity.table} t
 where t.org_id = $1 and ${storedText(field, 't')} = any($2::text[]::${value}[]) and ${sql.compiler.readable({ alias: 't', entity })}`
  const { rows } = await ctx.tx.one<{ id: string; key: string }>({ text, values: sql.values() })
  for (const { id, key } of rows) matches.set(key, matches.has(key) ? 'several' : { id })
  return matches
}
