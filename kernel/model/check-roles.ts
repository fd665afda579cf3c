import { BadFilterError, type RoleDefinition, UnknownFieldError } from '@runwaycrm/sdk'
import { checkCondition } from '../access/check-condition.ts'
import { type Problem, placeOf } from '../manifest/problem.ts'
import { conditionPlace } from './condition-place.ts'
import type { Contribution, Entity, Field } from './model.ts'

/**
 * Rules that speak of fields which an entity does not have. They are told and stay: whoever decides
 * refuses what cannot be decided, so a rule that was left out could only give more.
 *
 * @param isTouched whether anything about the role or the entity is new; the rest was told before.
 */
export function checkRoles(
  roles: ReadonlyMap<string, Contribution<RoleDefinition>>,
  entities: ReadonlyMap<string, Entity>,
  isTouched: (role: string, entity: string) => boolean,
): Problem[] {
  const problems: Problem[] = []
  for (const { ref, plugin, key, definition, overriddenBy } of roles.values()) {
    const placeIn = (...path: readonly string[]): string => {
      const last = overriddenBy.at(-1)
      const at = last ? placeOf(last, 'overrides/roles', ref) : placeOf(plugin, 'roles', key)
      return placeOf(at, 'rules', ...path)
    }
    for (const [name, rule] of Object.entries(definition.rules)) {
      const entity = entities.get(rule.entity)
      if (!entity || !isTouched(ref, entity.ref)) continue
      for (const field of rule.fields ?? []) {
        if (entity.byApiName.has(field) || keysOf(entity).has(field)) continue
        problems.push(unknownField(placeIn(name, 'fields', field), field, entity))
      }
      const problem = rule.condition && checkRule(rule.condition, entity, entities)
      if (problem) problems.push({ ...problem, at: placeIn(name, 'condition', problem.at) })
    }
  }
  return problems
}

/** Values are not looked at: `@me`, `@today` and the like are for whoever decides. */
function checkRule(
  condition: object,
  entity: Entity,
  entities: ReadonlyMap<string, Entity>,
): Problem | null {
  try {
    checkCondition<Field, Entity>(condition, entity, {
      entityOf: (ref) => entities.get(ref),
      canSee: () => true,
      parseOperand: (_field, _part, value) => ({ ok: true, value }),
      unlimited: true,
    })
    return null
  } catch (error) {
    if (!(error instanceof BadFilterError || error instanceof UnknownFieldError)) throw error
    const [issue] = error.errors ?? []
    return {
      at: conditionPlace(issue?.path),
      code: issue?.code ?? 'BAD_FORMAT',
      message: error.message,
      hint: 'A condition that cannot be read allows nothing and denies everything.',
      notice: true,
    }
  }
}

/** Those of system fields too: `owner` is read and written as `ownerId`. */
function keysOf(entity: Entity): ReadonlySet<string> {
  return new Set([...entity.byApiName.values()].map(({ key }) => key))
}

function unknownField(at: string, field: string, { definition }: Entity): Problem {
  return {
    at,
    code: 'UNKNOWN_FIELD',
    message: `${definition.label} has no field "${field}".`,
    hint: 'Correct the key of the field, or take it out.',
    notice: true,
  }
}
