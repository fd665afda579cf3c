import type pg from 'pg'
import type { Model } from '../../../kernel/model/model.ts'

/** What taking something back leaves other than it was: who wrote last, when and how often. */
const marks = ['version', 'updated_at', 'updated_by', 'deleted_at']

/** The records that an organisation had at a moment, deleted ones among them. */
export interface Snapshot {
  readonly ids: readonly string[]
  /** A fingerprint of their values, links and indexed copies, by table. */
  readonly hashes: ReadonlyMap<string, string>
}

/** Compares the records of organisations with what they were. */
export function createRecordsHash(admin: pg.Client, orgId: string, model: Model) {
  const tables = [...new Set([...model.entities.values()].map(({ table }) => table))].sort()
  const idsOf = tables.map((name) => `select id from ${name} where org_id = $1`)
  const sum = (name: string, row: string, where: string) =>
    `select '${name}' as name, count(*) || ':' || coalesce(sum(hashtextextended(${row}, 0)::numeric), 0) as hash
     from ${name} t where t.org_id = $1 and ${where}`
  const withoutMarks = `(jsonb_strip_nulls(to_jsonb(t) - '{${marks.join()}}'::text[]))::text`
  const text = [
    ...tables.map((name) =>
      sum(name, `${withoutMarks} || (t.deleted_at is null)::text`, 't.id = any($2)'),
    ),
    sum('tenant.link', 'to_jsonb(t)::text', 't.from_id = any($2)'),
    sum('tenant.slot', withoutMarks, 't.record_id = any($2)'),
    sum('tenant.unique_value', 'to_jsonb(t)::text', 't.record_id = any($2)'),
  ].join('\nunion all ')

  async function hashes(ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const { rows } = await admin.query<{ name: string; hash: string }>({
      name: `records ${orgId}`,
      text,
      values: [orgId, ids],
    })
    return new Map(rows.map(({ name, hash }) => [name, hash]))
  }

  return {
    async take(): Promise<Snapshot> {
      const { rows } = await admin.query<{ id: string }>(idsOf.join('\nunion all '), [orgId])
      const ids = rows.map(({ id }) => id)
      return { ids, hashes: await hashes(ids) }
    },
    hashes,
    /** Records that are there and were not then, by table. */
    async strangers({ ids }: Snapshot): Promise<readonly string[]> {
      const living = tables.map(
        (name) =>
          `select '${name} ' || id as one from ${name} where org_id = $1 and deleted_at is null and id <> all ($2)`,
      )
      const { rows } = await admin.query<{ one: string }>(living.join('\nunion all '), [orgId, ids])
      return rows.map(({ one }) => one)
    },
  }
}
