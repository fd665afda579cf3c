import { snakeCase, tableName } from '../database/entity-tables.ts'
import type { Statement } from '../database/postgres.ts'
import type { TransactionContext } from '../records/transactions.ts'
import { patternsOf } from './words.ts'

export interface FoundIn {
  readonly counts: Readonly<Record<string, number>>
  /** Files that rows of plugins name. */
  readonly files: readonly { readonly plugin: string; readonly ids: readonly string[] }[]
}

/**
 * Takes the person out of what the kernel and plugins keep beside records: by the ids of the records,
 * and by the words where no id is kept.
 *
 * @param ids of records that are about the person; `touched` are all from which something was taken.
 */
export async function forgetElsewhere(
  ctx: TransactionContext,
  { ids, touched }: { readonly ids: readonly string[]; readonly touched: readonly string[] },
  words: readonly string[],
): Promise<FoundIn> {
  const orgId = ctx.org.id
  const patterns = patternsOf(words)
  const wide = [...patterns, ...ids.map((id) => `%${id}%`)]
  const statements: Record<string, Statement> = {
    keys: {
      text: `delete from tenant.idempotency
        where org_id = $1 and (key ilike any ($2::text[]) or scope ilike any ($2::text[]))`,
      values: [orgId, patterns],
    },
    answers: {
      text: `update tenant.idempotency set body = '{"erased":true}', headers = null
        where org_id = $1 and body ilike any ($2::text[])`,
      values: [orgId, wide],
    },
    events: {
      text: `update tenant.outbox set payload = '{}'
        where org_id = $1 and event not like 'record.%' and (record_id = any($3::uuid[]) or payload::text ilike any ($2::text[]))`,
      values: [orgId, wide, ids],
    },
    jobs: {
      text: `update tenant.job set payload = null, error = null, state = case when state = 'ready' then 'cancelled' else state end,
          dedupe_key = null
        where org_id = $1 and (payload::text ilike any ($2::text[]) or error ilike any ($2::text[])
          or dedupe_key ilike any ($2::text[]))`,
      values: [orgId, patterns],
    },
    changes: {
      text: `update tenant.change_set set label = null, source = null
        where org_id = $1 and (label ilike any ($2::text[]) or source ilike any ($2::text[]))`,
      values: [orgId, patterns],
    },
    search: {
      text: 'select kernel.forget_search($1::uuid[]) as gone',
      values: [touched],
    },
  }
  const counts: Record<string, number> = {}
  for (const [place, statement] of Object.entries(statements)) {
    const { rows, rowCount } = await ctx.tx.one<{ gone?: number }>(statement)
    counts[place] = rows[0]?.gone ?? rowCount
  }
  const files: { plugin: string; ids: readonly string[] }[] = []
  for (const [ref, { plugin, key, definition }] of ctx.model.contributions.get('tables') ?? []) {
    const table = definition as PersonalTable
    if (table.personal !== true) continue
    const done = await forgetRows(ctx, tableName(plugin, key), table, patterns)
    counts[ref] = done.count
    if (done.files.length > 0) files.push({ plugin, ids: done.files })
  }
  return { counts, files }
}

interface PersonalTable {
  readonly personal?: boolean
  readonly columns: Readonly<
    Record<string, { readonly storage: string; readonly required?: boolean }>
  >
}

/** Rows that need a word of the person go, others lose it. What they name as file is looked into later. */
async function forgetRows(
  ctx: TransactionContext,
  table: string,
  { columns }: PersonalTable,
  patterns: readonly string[],
): Promise<{ readonly count: number; readonly files: readonly string[] }> {
  const texts = Object.entries(columns)
    .filter(([, { storage }]) => storage === 'text' || storage === 'jsonb')
    .map(([key, { required }]) => ({ key, column: `"${snakeCase(key)}"`, required }))
  const holds = ({ column }: { column: string }) => `${column}::text ilike any ($2::text[])`
  const required = texts.filter((one) => one.required)
  const optional = texts.filter((one) => !one.required)
  const values = [ctx.org.id, patterns]
  let count = 0
  if (required.length > 0) {
    const text = `delete from tenant.${table} where org_id = $1 and (${required.map(holds).join(' or ')})`
    count += (await ctx.tx.one({ text, values })).rowCount
  }
  if (optional.length > 0) {
    const emptied = optional.map(
      (one) => `${one.column} = case when ${holds(one)} then null else ${one.column} end`,
    )
    const text = `update tenant.${table} set ${emptied.join(', ')} where org_id = $1 and (${optional.map(holds).join(' or ')})`
    count += (await ctx.tx.one({ text, values })).rowCount
  }
  const named = texts.filter(({ key }) => key.endsWith('FileId') || key === 'fileId')
  if (named.length === 0) return { count, files: [] }
  const list = named.map(({ column }) => column).join(', ')
  const { rows } = await ctx.tx.one<{ id: string }>({
    text: `select f.id from tenant.${table} t cross join lateral unnest(array[${list}]) f (id)
      where t.org_id = $1 and f.id is not null`,
    values: [ctx.org.id],
  })
  return { count, files: rows.map(({ id }) => id) }
}
