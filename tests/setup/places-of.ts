import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import type pg from 'pg'
import type { TestApp } from './test-app.ts'

/**
 * Every table of the database, as the catalogue has them, in which a row of the organisation holds the
 * text, with how many. Tables that are nobody's are looked at whole.
 */
export async function placesOf(
  admin: pg.Client,
  orgId: string,
  text: string,
): Promise<Record<string, number>> {
  const { rows: tables } = await admin.query<{ name: string; texts: string; own: boolean }>(
    `select c.oid::regclass::text as name, string_agg(format(case when t.typname = 'bytea' then $$encode(t.%I, 'escape')$$
        else 't.%I::text' end, a.attname), $$, ' ', $$) as texts,
        bool_or(a.attname = 'org_id') as own
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
        join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        join pg_type t on t.oid = a.atttypid
      where n.nspname in ('tenant', 'directory') and c.relkind in ('r', 'p') and not c.relispartition
      group by 1`,
  )
  const parts = tables.map(
    ({ name, texts, own }) =>
      `select '${name}' as name, count(*)::int as n from ${name} t where concat(${texts}) collate "C" ilike $1${own ? ' and t.org_id = $2' : ''}`,
  )
  const { rows } = await admin.query<{ name: string; n: number }>(
    `select * from (${parts.join(' union all ')}) p where p.n > 0 and $2::uuid is not null`,
    [`%${text}%`, orgId],
  )
  return Object.fromEntries(rows.map(({ name, n }) => [name, n]))
}

/** Files below the data folder of the organisation that hold the text. */
export async function filesWith(app: TestApp, orgId: string, text: string): Promise<string[]> {
  const folder = path.join(app.config.dataDir, 'files', orgId)
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  const found: string[] = []
  for (const entry of entries) {
    if (!entry.isFile()) continue
    const place = path.join(entry.parentPath, entry.name)
    if ((await readFile(place, 'utf8')).includes(text)) found.push(place)
  }
  return found
}
