import type { RequestContext } from '../context/request-context.ts'
import type { Compiler } from './query.ts'
import { literal } from './sql-text.ts'
import { ofEntity } from './write-checks.ts'

/**
 * SQL over rows of the ledger that is true where the actor may read the record, deleted or not.
 *
 * @param alias of the ledger's row.
 * @returns null when the actor reads everything without conditions.
 */
export function readableRows(
  ctx: RequestContext,
  compiler: Compiler,
  alias: string,
): string | null {
  const whole: string[] = []
  const parts: string[] = []
  let isAll = true
  let count = 0
  for (const entity of ctx.model.entities.values()) {
    const right = ctx.ability.condition('read', entity.ref)
    if (right !== true) isAll = false
    if (right === true) whole.push(entity.ref)
    else if (right !== false) {
      count += 1
      const source = { alias: `r${count}`, entity }
      const { alias: r } = source
      parts.push(
        `${alias}.entity = ${literal(entity.ref)} and exists (select 1 from ${entity.table} ${r}
 where ${r}.org_id = $1 and ${r}.id = ${alias}.record_id${ofEntity(entity, r)} and ${compiler.allowed(source, right)})`,
      )
    }
  }
  if (isAll) return null
  parts.unshift(`${alias}.entity = any(${compiler.params.add(() => whole)}::text[])`)
  return `(${parts.join('\n or ')})`
}
