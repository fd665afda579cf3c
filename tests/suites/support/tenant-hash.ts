import type pg from 'pg'

/** Columns that a visit of the owner changes, or the kernel in the background; nobody else's business. */
const restless = ['last_used_at', 'last_seen_at', 'sent_at', 'seq', 'claimed_until', 'lease_until']

/**
 * A fingerprint of everything that belongs to one organisation, in every table that has its id, whatever
 * the order of its rows.
 */
export async function createTenantHash(
  admin: pg.Client,
): Promise<(orgId: string) => Promise<ReadonlyMap<string, string>>> {
  const { rows } = await admin.query<{ name: string; columns: string[] }>(
    `select c.oid::regclass::text as name, array_agg(a.attname::text order by a.attnum) as columns
     from pg_class c join pg_namespace n on n.oid = c.relnamespace
       join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
     where n.nspname in ('tenant', 'directory') and c.relkind in ('r', 'p') and not c.relispartition
     group by c.oid having bool_or(a.attname = 'org_id') order by 1`,
  )
  const parts = rows.map(({ name, columns }) => {
    const steady = columns.filter((column) => !restless.includes(column))
    return `select '${name}' as name, count(*) || ':' || coalesce(sum(hashtextextended(row(${steady
      .map((column) => `t."${column}"`)
      .join(', ')})::text, 0)::numeric), 0) as hash from ${name} t where t.org_id = $1`
  })
  const text = parts.join('\nunion all ')
  return async (orgId) => {
    const found = await admin.query<{ name: string; hash: string }>({
      name: 'tenant_hash',
      text,
      values: [orgId],
    })
    return new Map(found.rows.map((row) => [row.name, row.hash]))
  }
}

/** The tables in which two fingerprints differ. */
export function changedTables(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): string[] {
  return [...after].flatMap(([name, hash]) => (before.get(name) === hash ? [] : [name]))
}
