import { lintCatalogue } from './catalogue-lint.ts'
import { versionAdvice } from './check-role.ts'
import type { Database } from './postgres.ts'

export interface Diagnosis {
  /** What is fine, in words. */
  readonly fine: readonly string[]
  /** What weakens security or correctness: to be mended. */
  readonly wrong: readonly string[]
  /** What is worth doing soon. */
  readonly advice: readonly string[]
}

/** Looks at the database as the server uses it: version, role, and the rules of the data model. */
export async function examineDatabase(db: Database): Promise<Diagnosis> {
  const { rows } = await db.query<{ version: number; role: string; tables: number }>(null, {
    text: `select current_setting('server_version_num')::integer as version, current_user as role,
      (select count(*)::integer from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where n.nspname = 'tenant' and c.relkind in ('r', 'p')) as tables`,
    values: [],
  })
  const { version = 0, role = '', tables = 0 } = rows[0] ?? {}
  const problems = await lintCatalogue(
    async (text, values) => (await db.query<Record<string, unknown>>(null, { text, values })).rows,
    role,
  )
  const advice = versionAdvice(version)
  return {
    fine: [
      `PostgreSQL ${Math.floor(version / 10_000)}.${version % 10_000}`,
      `The server works as "${role}", which owns nothing and cannot go round the policies.`,
      ...(problems.length === 0
        ? [
            `${tables} tenant tables keep all rules: row level security forced, one policy, the organisation first in every key.`,
          ]
        : []),
    ],
    wrong: problems.map(({ rule, object, message }) => `${rule}: ${object} ${message}`),
    advice: advice ? [advice] : [],
  }
}
