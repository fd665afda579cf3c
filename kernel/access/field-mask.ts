import type { Filter } from '@runwaycrm/sdk'
import type { Ability } from './build-ability.ts'
import type { ConditionEntity } from './condition-tree.ts'
import type { Operation } from './resolve-rules.ts'

/**
 * By API name: true where the operation is allowed on the field of every record on which it is allowed
 * at all, false where it never is, otherwise on which of those records.
 */
export type FieldMask = ReadonlyMap<string, Filter | boolean>

/** A record without them is no record: who may read it may read these. */
export const alwaysReadable: ReadonlySet<string> = new Set(['id', 'version'])

/** Abilities come and go with roles; the cache of an entity starts anew past this many. */
const maxMasks = 500
const cache = new WeakMap<ConditionEntity, Map<string, FieldMask>>()

/** What an ability says of each field, worked out once per entity and shape of the ability. */
export function fieldMaskOf(
  ability: Ability,
  entity: ConditionEntity,
  operation: Operation,
): FieldMask {
  let masks = cache.get(entity)
  if (!masks || masks.size >= maxMasks) {
    masks = new Map()
    cache.set(entity, masks)
  }
  const key = `${operation} ${ability.shape}`
  let mask = masks.get(key)
  if (!mask) {
    mask = computeMask(ability, entity, operation)
    masks.set(key, mask)
  }
  return mask
}

function computeMask(ability: Ability, entity: ConditionEntity, operation: Operation): FieldMask {
  const record = ability.condition(operation, entity.ref)
  const recordText = JSON.stringify(record)
  const mask = new Map<string, Filter | boolean>()
  for (const name of entity.byApiName.keys()) {
    const condition = alwaysReadable.has(name)
      ? record
      : ability.condition(operation, entity.ref, name)
    const isSame = record !== false && JSON.stringify(condition) === recordText
    mask.set(name, isSame || condition)
  }
  return mask
}

/** Whether the field exists for the principal at all. */
export function canReadField(ability: Ability, entity: ConditionEntity, apiName: string): boolean {
  return fieldMaskOf(ability, entity, 'read').get(apiName) !== false
}
