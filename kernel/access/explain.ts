import type { Ability } from './build-ability.ts'
import { alwaysReadable } from './field-mask.ts'
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
