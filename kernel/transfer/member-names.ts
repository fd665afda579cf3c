import type { TransactionContext } from '../records/transactions.ts'

export const userEntity = 'kernel:user'

/**
 * Takes the name of a member from wherever it stands beside what they did: who made or changed records,
 * history, settings. Their id stays. Asks the catalogue, so that a new table needs no word here.
 *
 * @returns rows that had it.
 */
export async function forgetNames(ctx: TransactionContext, member: string): Promise<number> {
  const { rows: tables } = await ctx.tx.one<{ name: string; columns: readonly string[] }>({
    text: `select quote_ident(c.relname) as name, array_agg(quote_ident(a.attname) order by a.attnum) as columns
      from pg_class c join pg_namespace n on n.oid = c.relnamespace and n.nspname = 'tenant'
        join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
          and a.atttypid = 'jsonb'::regtype
      where c.relkind in ('r', 'p') and not c.relispartition and has_table_privilege(c.oid, 'update')
      group by c.oid, c.relname order by 1`,
    values: [],
  })
  const actor = JSON.stringify({ type: 'user', id: member })
  const named = (value: string) => `${value} @> $2::jsonb and ${value} ->> 'name' <> 'Erased'`
  // One who did it, or a list of those who did.
  const listed = (column: string) =>
    `jsonb_typeof(${column}) = 'array' and ${column} @> jsonb_build_array($2::jsonb)`
  const erased = (value: string) => `jsonb_set(${value}, '{name}', '"Erased"')`
  const forget = (column: string) => `${column} = case when ${named(column)} then ${erased(column)}
      when ${listed(column)} then (select jsonb_agg(case when ${named('e')} then ${erased('e')} else e end)
        from jsonb_array_elements(${column}) e)
      else ${column} end`
  const holds = (column: string) => `(${named(column)}) or (${listed(column)})`
  const statements = tables.map(({ name, columns }) => ({
    text: `update tenant.${name} set ${columns.map(forget).join(', ')}
      where org_id = $1 and (${columns.map(holds).join(' or ')})`,
    values: [ctx.org.id, actor],
  }))
  const answers = await ctx.tx.run(statements)
  const { rows } = await ctx.tx.one<{ count: number }>({
    text: 'select kernel.forget_author($1) as count',
    values: [member],
  })
  return answers.reduce((sum, { rowCount }) => sum + rowCount, rows[0]?.count ?? 0)
}
