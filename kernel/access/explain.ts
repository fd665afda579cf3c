import type { Ability } from './build-ability.ts'
import type { ConditionEntity } from './condition-tree.ts'
import { alwaysReadable } from './field-mask.ts'
import { findPath } from './field-path.ts'
import type { RecordValues } from './match-condition.ts'
import type { Operation } from './resolve-rules.ts'

export interface Explanation {
  readonly allowed: boolean
  /** The rules that hold here, the one that decides first. None: nothing allows it. */
  readonly because: readonly {
    /** Reference of the role; `scopes` when the key's scopes are in the way. */
    readonly role: string
    readonly rule: string
    readonly effect: 'allow' | 'deny'
  }[]
}

/** Why a principal may do something, or may not. */
export function explain(
  ability: Ability,
  operation: Operation,
  entity: string,
  record: RecordValues | null,
  name?: string,
): Explanation {
  const field = operation === 'read' && name && alwaysReadable.has(name) ? undefined : name
  const scope = ability.missingScope(operation, entity)
  if (scope !== null) {
    return { allowed: false, because: [{ role: 'scopes', rule: scope, effect: 'deny' }] }
  }
  const onRecord = ability.rulesFor(operation, entity, record)
  const rules =
    field === undefined || onRecord[0]?.effect !== 'allow'
      ? onRecord
      : ability.rulesFor(operation, entity, record, field)
  return {
    allowed: ability.reason(operation, entity, record, field) === null,
    because: rules.map(({ role, rule, effect }) => ({ role, rule, effect })),
  }
}

/**
 * The relations that the rules about an entity look past, as paths to expand: without what they lead to
 * nobody can say whether such a rule holds on a record.
 */
export function relationsOfRules(
  ability: Ability,
  entity: ConditionEntity,
  entityOf: (ref: string) => ConditionEntity | undefined,
): string[] {
  const paths = new Set<string>()
  const look = (condition: unknown): void => {
    if (typeof condition !== 'object' || condition === null) return
    for (const [key, value] of Object.entries(condition)) {
      const found = key.includes('.')
        ? findPath(entity, key, { entityOf, canSee: () => true })
        : null
      const steps = found?.steps.map(({ apiName }) => apiName.slice(0, -'Id'.length)) ?? []
      if (steps.length > 0) paths.add(steps.join('.'))
      look(value)
    }
  }
  for (const { condition } of ability.entityRules(entity.ref)) look(condition)
  // As many as a record is read with; what lies behind others counts as unknown, which allows nothing.
  return [...paths].slice(0, 10)
}
