import type { RecordData } from '@runwaycrm/sdk'
import type { Statement, Tx } from '../database/postgres.ts'
import type { Entity } from '../model/model.ts'
import { keptWord, type SearchRow, searchRow, termsOf, wordsOfRow } from './search-row.ts'

/** One writer of an organisation's index at a time, so that no word goes while somebody brings it. */
export function lockIndex(orgId: string): Statement {
  return {
    name: 'search_lock',
    text: `select pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended($1, 10))`,
    values: [`search ${orgId}`],
  }
}

/** The records in the index; those of `gone` are taken out of it. */
export interface IndexChange {
  readonly records: readonly { readonly entity: Entity; readonly record: RecordData }[]
  readonly gone: readonly string[]
}

/**
 * Writes what can be found of these records, as they are now. Runs in a transaction that holds the lock,
 * which was taken before the records were read: so nothing older ever covers anything newer, and doing it
 * again changes nothing.
 */
export async function writeIndex(orgId: string, tx: Tx, change: IndexChange): Promise<void> {
  const rows = change.records.map(({ entity, record }) => searchRow(entity, record))
  const ids = [...rows.map(({ id }) => id), ...change.gone]
  if (ids.length === 0) return
  const { rows: present } = await tx.one<{ id: string; title: string; words: string }>({
    name: 'search_present',
    text: `select record_id as id, title, words from tenant.search
      where org_id = $1 and record_id = any ($2::uuid[])`,
    values: [orgId, ids],
  })
  const before = new Map(present.map((row) => [row.id, row]))
  // Most changes of a record change nothing that is searched.
  const changed = rows.filter((row) => {
    const old = before.get(row.id)
    return !old || old.words !== row.words || old.title !== row.title
  })
  const gone = change.gone.filter((id) => before.has(id))
  const now = new Set(changed.flatMap(({ words }) => wordsOfRow(words)))
  const statements: Statement[] = []
  if (changed.length > 0) {
    const [, unknown] = await tx.run([putRows(orgId, changed), unknownWords(orgId, now)])
    const words = unknown!.rows.map((row) => String(row['word']))
    if (words.length > 0) statements.push(putWords(orgId, words))
  }
  if (gone.length > 0) {
    statements.push({
      name: 'search_forget',
      text: 'select kernel.forget_search($1)',
      values: [gone],
    })
  }
  const dropped = new Set<string>()
  for (const { id } of changed) {
    for (const word of wordsOfRow(before.get(id)?.words ?? '')) {
      if (!now.has(word)) dropped.add(word)
    }
  }
  if (dropped.size > 0) {
    statements.push({
      name: 'search_forget_words',
      text: 'select kernel.forget_search_words($1)',
      values: [[...dropped]],
    })
  }
  if (statements.length > 0) await tx.run(statements)
}

function putRows(orgId: string, rows: readonly SearchRow[]): Statement {
  return {
    name: 'search_put',
    text: `insert into tenant.search as s (org_id, record_id, entity, version, title, words, terms)
        select $1, r.id, r.entity, r.version, r.title, r.words, r.terms
          from jsonb_to_recordset($2::jsonb)
            r (id uuid, entity text, version bigint, title text, words text, terms bigint[])
        on conflict (org_id, record_id) do update
          set entity = excluded.entity, version = excluded.version, title = excluded.title,
              words = excluded.words, terms = excluded.terms
          where excluded.version >= s.version`,
    values: [
      orgId,
      JSON.stringify(rows.map((row) => ({ ...row, terms: termsOf(orgId, row.words) }))),
    ],
  }
}

/** Most words of a record are known from others. */
function unknownWords(orgId: string, words: ReadonlySet<string>): Statement {
  return {
    name: 'search_unknown_words',
    text: `select w.word from unnest($2::text[]) w (word)
      where not exists (
        select from tenant.search_word k where k.org_id = $1 and k.word = w.word collate "C"
      )`,
    values: [orgId, [...words]],
  }
}

function putWords(orgId: string, words: readonly string[]): Statement {
  return {
    name: 'search_put_words',
    text: `insert into tenant.search_word (org_id, word, term, near)
        select $1, w.word, w.term, w.near
          from jsonb_to_recordset($2::jsonb) w (word text, term bigint, near integer[])
        on conflict do nothing`,
    values: [orgId, JSON.stringify(words.map((word) => keptWord(orgId, word)))],
  }
}
