import { tablesOf } from '../database/entity-tables.ts'
import type { Statement, Tx } from '../database/postgres.ts'
import type { Model } from '../model/model.ts'

/** A table whose rows an organisation takes along. */
export interface TenantTable {
  /** Without the schema, e.g. `crm_leads_lead`. */
  readonly name: string
  readonly columns: readonly string[]
  /** Columns that refer to rows of other tables of the list, or of the same. */
  readonly references: readonly { readonly column: string; readonly target: string }[]
}

/**
 * What stays behind: work under way, answers kept for a repeated request, what is made again from the
 * rest, and secrets. The organisation's own row goes in the header of a file.
 */
const staysBehind = new Set([
  'action_trace',
  'data_key',
  'idempotency',
  'job',
  'org_state',
  'outbox',
  'search',
  'search_state',
  'search_word',
  'secret',
])

/**
 * The tables of organisations as the catalogue has them, each behind those it refers to as far as there
 * are no circles. Operational tables of plugins are not among them, but those with `export`.
 */
export async function tenantTables(tx: Tx, model: Model): Promise<readonly TenantTable[]> {
  const operational = model.contributions.get('tables') ?? new Map()
  const kept = new Set(
    tablesOf(model)
      .filter(({ ref }) => operational.has(ref) && !isExported(operational.get(ref)?.definition))
      .map(({ name }) => name),
  )
  const { rows } = await tx.one<TenantTable>(selectTables)
  return inOrder(rows.filter(({ name }) => !staysBehind.has(name) && !kept.has(name)))
}

function isExported(definition: unknown): boolean {
  return (definition as { export?: boolean }).export === true
}

function inOrder(tables: readonly TenantTable[]): TenantTable[] {
  const waiting = new Map(tables.map((table) => [table.name, table]))
  const ordered: TenantTable[] = []
  while (waiting.size > 0) {
    const free = [...waiting.values()].filter(({ name, references }) =>
      references.every(({ target }) => target === name || !waiting.has(target)),
    )
    // A circle is cut at its first table; what it refers to there is set at the end.
    const next = free.length > 0 ? free : [[...waiting.values()][0]!]
    for (const table of next) {
      ordered.push(table)
      waiting.delete(table.name)
    }
  }
  return ordered
}

const selectTables: Statement = {
  text: `select c.relname::text as name,
    (select array_agg(a.attname::text order by a.attnum) from pg_attribute a
      where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '') as columns,
    coalesce((select jsonb_agg(jsonb_build_object('column', a.attname, 'target', r.relname) order by f.conname)
      from pg_constraint f join pg_class r on r.oid = f.confrelid
        join pg_attribute a on a.attrelid = c.oid and a.attnum = f.conkey[2]
      where f.conrelid = c.oid and f.contype = 'f' and f.conparentid = 0), '[]') as "references"
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where n.nspname = 'tenant' and c.relkind in ('r', 'p') and not c.relispartition
  order by 1`,
  values: [],
}
