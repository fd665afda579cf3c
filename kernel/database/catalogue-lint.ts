import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { catalogueRules, policyExpression } from './catalogue-rules.ts'
import { ownerRole, serverRole } from './roles.ts'

export interface CatalogueProblem {
  /** `policy`, `foreign-key`, `grant`, ... */
  readonly rule: string
  /** `tenant.note`, `kernel.org()`, `runway_server`, ... */
  readonly object: string
  readonly message: string
}

/** The database breaks rules that keep organisations apart; nothing of the migration was saved. */
class CatalogueError extends Error {
  override readonly name = 'CatalogueError'
  readonly problems: readonly CatalogueProblem[]

  constructor(problems: readonly CatalogueProblem[]) {
    const lines = problems.map((p) => `  [${p.rule}] ${p.object} ${p.message}`)
    super(
      `The database breaks ${problems.length} of the rules that keep it safe:\n${lines.join('\n')}`,
    )
    this.problems = problems
  }
}

/** Runs one query; a `pg` client and `Database` both fit with a line. */
export type Ask = (
  text: string,
  values: readonly unknown[],
) => Promise<readonly Record<string, unknown>[]>

/**
 * Holds the catalogue against the rules of the data model: the organisation leads every key, row level
 * security with the one policy, no sequences, no views or functions that read round it, no right too
 * many. Works as any role that can connect, since the catalogue is open to all.
 *
 * @param serverLogin the user of DATABASE_URL.
 * @returns what breaks a rule, ordered; empty when all is well.
 */
export async function lintCatalogue(
  ask: Ask,
  serverLogin: string = serverRole,
): Promise<CatalogueProblem[]> {
  const problems: CatalogueProblem[] = []
  for (const rule of catalogueRules) {
    const values = [serverLogin, ownerRole, policyExpression]
    for (const row of await ask(withUsedParameters(rule.sql), values)) {
      problems.push({
        rule: rule.name,
        object: String(row['object']),
        message: String(row['wrong']),
      })
    }
  }
  problems.push(...(await unknownFunctions(ask)))
  return problems
}

/** @throws CatalogueError when a rule is broken. */
export async function assertCatalogue(ask: Ask, serverLogin?: string): Promise<void> {
  const problems = await lintCatalogue(ask, serverLogin)
  if (problems.length > 0) throw new CatalogueError(problems)
}

/** PostgreSQL refuses parameters whose type it cannot see: this shows all three, used or not. */
function withUsedParameters(sql: string): string {
  return `select object, wrong from (${sql}) as q where ($1::text, $2::text, $3::text) is not null order by object, wrong`
}

/**
 * SECURITY DEFINER functions whose body is not word for word in a schema file of this release: the files
 * are the list of what is allowed.
 */
async function unknownFunctions(ask: Ask): Promise<CatalogueProblem[]> {
  const allowed = await definedFunctions()
  const rows = await ask(
    `select p.proname::text as name, p.oid::regprocedure::text as object, p.prosrc as body
     from pg_proc p join pg_namespace n on n.oid = p.pronamespace and n.nspname = 'kernel'
     where p.prosecdef order by 2`,
    [],
  )
  return rows
    .filter((row) => !allowed.get(String(row['name']))?.has(hash(String(row['body']))))
    .map((row) => ({
      rule: 'security-definer',
      object: String(row['object']),
      message: 'is SECURITY DEFINER and its body is in no schema file of this release',
    }))
}

const folder = new URL('./schema/', import.meta.url)

/** Name to hashes of the bodies that the schema files give it. */
export async function definedFunctions(): Promise<Map<string, Set<string>>> {
  const found = new Map<string, Set<string>>()
  for (const file of (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort()) {
    const sql = await readFile(new URL(file, folder), 'utf8')
    for (const part of sql.split(/^create (?:or replace )?(?=function|procedure)/im).slice(1)) {
      const [, name] = /^(?:function|procedure)\s+kernel\.(\w+)\s*\(/i.exec(part) ?? []
      const [, , body] = /\bas\s+\$(\w*)\$([\s\S]*?)\$\1\$/i.exec(part) ?? []
      if (name === undefined || body === undefined) continue
      const hashes = found.get(name) ?? new Set()
      found.set(name, hashes.add(hash(body)))
    }
  }
  return found
}

function hash(body: string): string {
  return createHash('sha256').update(body).digest('hex')
}
