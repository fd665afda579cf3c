import type { RequestContext } from '../../context/request-context.ts'
import type { Database } from '../../database/postgres.ts'

/** `fine`, or the code of the error. */
export function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'fine',
    (error: { code?: string }) => error.code ?? String(error),
  )
}

/** `path CODE` of every issue of the error. */
export function issuesOf(promise: Promise<unknown>): Promise<string[]> {
  return promise.then(
    () => [],
    (error: { errors?: { path: string; code: string }[] }) =>
      (error.errors ?? []).map(({ path, code }) => `${path} ${code}`),
  )
}

/** All rows of a table of the organisation, by id. */
export async function rowsOf(
  db: Database,
  ctx: RequestContext,
  table: string,
): Promise<Record<string, unknown>[]> {
  const text = `select * from ${table} where org_id = $1 order by 2, 3`
  const { rows } = await db.query<Record<string, unknown>>(ctx.org.id, {
    text,
    values: [ctx.org.id],
  })
  return rows
}
