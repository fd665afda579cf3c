import { BadExpandError } from '@runwaycrm/sdk'
import { canReadField } from '../access/field-mask.ts'
import { findRelation } from '../access/field-path.ts'
import type { RequestContext } from '../context/request-context.ts'
import type { Entity, Field } from '../model/model.ts'

/** Relations to follow, each with those to follow from there. */
export type ExpandTree = ReadonlyMap<Field, ExpandTree>

const maxPaths = 10
const maxDepth = 3

export const nothingExpanded: ExpandTree = new Map()

/**
 * Paths such as `account.parent` as a tree. A relation that is unknown or hidden is the same error; one
 * to records that the reader may not see is fine and expands to null.
 *
 * @throws {BadExpandError}
 */
export function parseExpand(
  ctx: RequestContext,
  entity: Entity,
  paths: readonly string[],
): ExpandTree {
  if (paths.length > maxPaths) throw new BadExpandError(`Expand at most ${maxPaths} paths.`)
  const root = new Map<Field, ExpandTree>()
  for (const path of paths) {
    const names = path.split('.')
    if (names.length > maxDepth) throw new BadExpandError(`Expand at most ${maxDepth} deep.`)
    let tree = root
    let at: Entity | undefined = entity
    for (const name of names) {
      const relation: Field | null = at ? readableRelation(ctx, at, name) : null
      if (!relation) {
        throw new BadExpandError(
          `There is no relation "${path.slice(0, 80)}" on ${entity.plural}, or you may not read it.`,
        )
      }
      let next = tree.get(relation) as Map<Field, ExpandTree> | undefined
      if (!next) {
        next = new Map()
        tree.set(relation, next)
      }
      tree = next
      at = ctx.model.entities.get(relation.target!)
    }
  }
  return root
}

function readableRelation(ctx: RequestContext, entity: Entity, name: string): Field | null {
  const relation = findRelation<Field>(entity, name)
  if (!relation || !ctx.model.entities.has(relation.target!)) return null
  return canReadField(ctx.ability, entity, relation.apiName) ? relation : null
}
