import { type ConditionEntity, type ConditionField, partsOf } from './condition-tree.ts'
import { manyApiName } from './many-name.ts'

/** A field reached from an entity, `account.industry`, and perhaps a part of it, `value.currency`. */
export interface FieldPath<F extends ConditionField> {
  /** As it was written. */
  readonly name: string
  readonly steps: readonly F[]
  readonly field: F
  readonly part: string | null
}

/** The most relations that a path may follow. */
const maxSteps = 3

export interface PathOptions<F extends ConditionField, E extends ConditionEntity<F>> {
  entityOf(ref: string): E | undefined
  canSee(entity: E, field: F): boolean
}

/** @returns null when any part of the way is unknown or hidden. */
export function findPath<F extends ConditionField, E extends ConditionEntity<F>>(
  entity: E,
  name: string,
  { entityOf, canSee }: PathOptions<F, E>,
): FieldPath<F> | null {
  const segments = name.split('.')
  const steps: F[] = []
  let at = entity
  for (let index = 0; index < segments.length; index++) {
    const segment = segments[index]!
    const rest = segments.length - index - 1
    const field = at.byApiName.get(segment)
    if (field && rest <= 1) {
      if (!canSee(at, field)) return null
      if (rest === 0) return { name, steps, field, part: null }
      const part = segments[index + 1]!
      return partsOf(field).includes(part) ? { name, steps, field, part } : null
    }
    const relation = findRelation(at, segment)
    const target = relation && entityOf(relation.target!)
    if (!target || rest === 0 || steps.length === maxSteps || !canSee(at, relation)) return null
    steps.push(relation)
    at = target
  }
  return null
}

/** The relation that `account` means: the field that the API carries as `accountId`, or as `accountIds`. */
export function findRelation<F extends ConditionField>(
  entity: ConditionEntity<F>,
  name: string,
): F | undefined {
  const field = entity.byApiName.get(`${name}Id`)
  if (field?.target) return field
  const many = entity.byApiName.get(manyApiName(name))
  return many?.target && many.key === name ? many : undefined
}
