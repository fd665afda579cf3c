import { hash } from 'node:crypto'
import type { Ability } from './build-ability.ts'
import { covers, type Operation } from './resolve-rules.ts'

/** What a second party allows at most: a plugin's capabilities, an agent's grant. */
export interface Grant {
  /** Entity reference, or `*`, to operations. */
  readonly data: Readonly<Record<string, readonly Operation[]>>
  /** In the words of permissions: `actions:crm.leads:convert`. */
  readonly permissions: readonly string[]
}

/** An ability that allows what both the principal's and the grant allow. */
export function narrowAbility(ability: Ability, grant: Grant): Ability {
  const grants = (operation: Operation, entity: string) =>
    grant.data[entity]?.includes(operation) || grant.data['*']?.includes(operation) || false
  const refusal = 'What acts here was not granted it.'
  const suffix = hash('sha256', JSON.stringify([grant.data, grant.permissions]), 'base64url')
  return {
    ...ability,
    key: `${ability.key} ${suffix}`,
    keyOn: (entity) => `${ability.keyOn(entity)} ${suffix}`,
    shape: `${ability.shape} ${suffix}`,
    can: (operation, entity) => grants(operation, entity) && ability.can(operation, entity),
    matches: (operation, entity, record, field) =>
      grants(operation, entity) && ability.matches(operation, entity, record, field),
    condition: (operation, entity, field) =>
      grants(operation, entity) && ability.condition(operation, entity, field),
    reason: (operation, entity, record, field) =>
      grants(operation, entity) ? ability.reason(operation, entity, record, field) : refusal,
    allows: (permission) => covers(grant.permissions, permission) && ability.allows(permission),
    rulesFor: (operation, entity, record, field) =>
      grants(operation, entity) ? ability.rulesFor(operation, entity, record, field) : [],
  }
}
