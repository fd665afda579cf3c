import type { RunwayError } from '@runwaycrm/sdk'
import type { RequestContext } from '../context/request-context.ts'
import type { Entity } from '../model/model.ts'
import type { RowOperation } from './write-checks.ts'
import type { RowWriter } from './write-rows.ts'
import type { RowItem } from './write-values.ts'

/**
 * Of records that a hook refused, those that would not have been written anyway, by id. Whoever may not
 * write a record is told that, and not what a hook, which knows all of it, holds against it.
 */
export async function rightsFirst(
  explain: RowWriter['explain'],
  ctx: RequestContext,
  entity: Entity,
  operation: RowOperation,
  items: readonly RowItem[],
): Promise<ReadonlyMap<string, RunwayError>> {
  const reasons = new Map<string, RunwayError>()
  if (items.length === 0) return reasons
  const options = { relations: false, broken: false, isLast: false }
  for (const [id, why] of await explain(ctx, entity, operation, items, options))
    if (why !== 'unchanged') reasons.set(id, why)
  return reasons
}
