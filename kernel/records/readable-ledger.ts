import type { RequestContext } from '../context/request-context.ts'
import type { Entity } from '../model/model.ts'
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
  const parts: string[] = []
  const whole: string[] = []
  const apart = readsAllButPrivate(ctx)
  for (const entity of ctx.model.entities.values()) {
    const right = ctx.ability.condition('read', entity.ref)
    if (right === true) whole.push(entity.ref)
    else if (right !== false) {
      const source = { alias: `r${parts.length + 1}`, entity }
      const { alias: r } = source
      parts.push(
        `${alias}.entity = ${literal(entity.ref)} and exists (select 1 from ${entity.table} ${r}
 where ${r}.org_id = $1 and ${r}.id = ${alias}.record_id${ofEntity(entity, r)} and ${compiler.allowed(source, right)})`,
      )
    }
  }
  if (whole.length === ctx.model.entities.size) return null
  const plain = apart
    ? `${alias}.entity <> all(${compiler.params.add(() => privateEntities(ctx))}::text[])`
    : `${alias}.entity = any(${compiler.params.add(() => whole)}::text[])`
  return `(${[plain, ...parts].join('\n or ')})`
}

/** Whether what is its owner's is all that may be hidden from the actor, as from admins. */
export function readsAllButPrivate({ ability, model }: RequestContext): boolean {
  return [...model.entities.values()].every(
    (entity) => isOwners(entity) || ability.condition('read', entity.ref) === true,
  )
}

/** Those of which the actor does not read everything. */
export function privateEntities({ ability, model }: RequestContext): readonly string[] {
  return [...model.entities.values()].flatMap((entity) =>
    isOwners(entity) && ability.condition('read', entity.ref) !== true ? [entity.ref] : [],
  )
}

/** Its owner's alone, or theirs to share. */
function isOwners({ definition }: Entity): boolean {
  return definition.private !== undefined || definition.audience !== undefined
}
