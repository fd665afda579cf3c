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
  const named = (column: string) => `${column} @> $2::jsonb and ${column} ->> 'name' <> 'Erased'`
  const statements = tables.map(({ name, columns }) => ({
    text: `update tenant.${name} set ${columns
      .map(
        (column) => `${column} = case when ${named(column)}
        then jsonb_set(${column}, '{name}', '"Erased"') else ${column} end`,
      )
      .join(
        ', ',
      )} where org_id = $1 and (${columns.map((column) => `(${named(column)})`).join(' or ')})`,
    values: [ctx.org.id, actor],
  }))
  const answers = await ctx.tx.run(statements)
  const { rows } = await ctx.tx.one<{ count: number }>({
    text: 'select kernel.forget_author($1) as count',
    values: [member],
  })
  return answers.reduce((sum, { rowCount }) => sum + rowCount, rows[0]?.count ?? 0)
}
