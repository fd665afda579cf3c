import type { Statement, Tx } from '../database/postgres.ts'
import { type SearchRow, wordsOfRow } from './search-row.ts'
import { keptNearOf, keptTypos, termOf } from './typos.ts'

/**
 * One writer of an organisation's index at a time, so that no word goes while somebody brings it. Nobody waits
 * for them, so they may wait for each other longer than a request may for anything.
 */
export function lockIndex(orgId: string): Statement {
  return {
    name: 'search_lock',
    text: `select pg_catalog.set_config('lock_timeout', '60s', true),
      pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended($1, 10))`,
    values: [`search ${orgId}`],
  }
}

export interface IndexChange {
  readonly rows: readonly SearchRow[]
  /** Ids of records that are to be taken out of the index. */
  readonly gone: readonly string[]
}

/**
 * Writes what can be found of these records. Runs in a transaction that holds the lock, and in which the
 * records were seen to be as they are in the rows: so nothing older ever covers anything newer, and doing
 * it again changes nothing.
 */
export async function writeIndex(orgId: string, tx: Tx, change: IndexChange): Promise<void> {
  const { rows } = change
  const ids = [...rows.map(({ id }) => id), ...change.gone]
  if (ids.length === 0) return
  const { rows: present } = await tx.one<{ id: string; title: string; words: string }>({
    name: 'search_present',
    text: `select record_id as id, title, words from tenant.search
      where org_id = $1 and record_id = any ($2::uuid[])`,
    values: [orgId, listOf(ids)],
  })
  const before = new Map(present.map((row) => [row.id, row]))
  // Most changes of a record change nothing that is searched.
  const changed = rows.filter((row) => {
    const old = before.get(row.id)
    return !old || old.words !== row.words || old.title !== row.title
  })
  const gone = change.gone.filter((id) => before.has(id))
  /** Each word once, with its term. */
  const now = new Map<string, string>()
  const termsOf = (words: string) => {
    const terms: string[] = []
    for (const word of wordsOfRow(words)) {
      let term = now.get(word)
      if (term === undefined) {
        term = termOf(orgId, word)
        now.set(word, term)
      }
      terms.push(term)
    }
    return terms
  }
  const statements: Statement[] = []
  if (changed.length > 0) {
    const put = putRows(orgId, changed, termsOf)
    const words = [...now.keys()].sort()
    // Most words that are forgiven typos are known from other records, most others are not.
    const [, , unknown] = await tx.run([
      put,
      putWords(
        orgId,
        words.filter((word) => !isForgiven(word)),
        now,
      ),
      unknownWords(orgId, words.filter(isForgiven)),
    ])
    const fresh = unknown!.rows.map((row) => String(row['word']))
    if (fresh.length > 0) statements.push(putForgiven(orgId, fresh, now))
  }
  if (gone.length > 0) {
    statements.push({
      name: 'search_forget',
      text: 'select kernel.forget_search($1)',
      values: [gone],
    })
  }
  const dropped = new Set<string>()
  for (const { id } of before.size === 0 ? [] : changed) {
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

const isForgiven = (word: string) => keptTypos(word) > 0
/** An array as PostgreSQL writes it, of ids, numbers and words: in none of them is there a sign to be escaped. */
const listOf = (items: readonly (string | number)[]) =>
  items.length === 0 ? '{}' : `{"${items.join('","')}"}`

function putRows(
  orgId: string,
  rows: readonly SearchRow[],
  termsOf: (words: string) => readonly string[],
): Statement {
  return {
    name: 'search_put',
    text: `insert into tenant.search as s (org_id, record_id, entity, version, title, words, terms)
        select $1, r.id, r.entity, r.version, r.title, r.words, r.terms::bigint[]
          from unnest($2::uuid[], $3::text[], $4::bigint[], $5::text[], $6::text[], string_to_array($7, ' '))
            r (id, entity, version, title, words, terms)
        on conflict (org_id, record_id) do update
          set entity = excluded.entity, version = excluded.version, title = excluded.title,
              words = excluded.words, terms = excluded.terms
          where excluded.version >= s.version`,
    values: [
      orgId,
      listOf(rows.map(({ id }) => id)),
      rows.map(({ entity }) => entity),
      listOf(rows.map(({ version }) => version)),
      listOf(rows.map(({ title }) => title)),
      listOf(rows.map(({ words }) => words)),
      rows.map(({ words }) => `{${termsOf(words).join()}}`).join(' '),
    ],
  }
}

type Terms = ReadonlyMap<string, string>

/** Words that nobody is forgiven a typo in: numbers, and what is made of letters and digits. */
function putWords(orgId: string, words: readonly string[], terms: Terms): Statement {
  return {
    name: 'search_put_words',
    text: `insert into tenant.search_word (org_id, word, term)
        select $1, w.word, w.term from unnest($2::text[], $3::bigint[]) w (word, term)
        on conflict do nothing`,
    values: [orgId, listOf(words), listOf(words.map((word) => terms.get(word)!))],
  }
}

function unknownWords(orgId: string, words: readonly string[]): Statement {
  return {
    name: 'search_unknown_words',
    text: `select w.word from unnest($2::text[]) w (word)
      where not exists (
        select from tenant.search_word k where k.org_id = $1 and k.word = w.word collate "C"
      )`,
    values: [orgId, listOf(words)],
  }
}

function putForgiven(orgId: string, words: readonly string[], terms: Terms): Statement {
  return {
    name: 'search_put_forgiven',
    text: `insert into tenant.search_word (org_id, word, term, near)
        select $1, w.word, w.term, w.near::integer[]
          from unnest($2::text[], $3::bigint[], string_to_array($4, ' ')) w (word, term, near)
        on conflict do nothing`,
    values: [
      orgId,
      listOf(words),
      listOf(words.map((word) => terms.get(word)!)),
      words.map((word) => `{${keptNearOf(orgId, word).join()}}`).join(' '),
    ],
  }
}
