import { BadFilterError, type Filter, UnknownFieldError } from '@runwaycrm/sdk'
import { checkCondition } from '../access/check-condition.ts'
import { type Condition, isMany } from '../access/condition-tree.ts'
import { parseOperandByKind } from '../access/stored-value.ts'
import { type Problem, placeOf } from '../manifest/problem.ts'
import { conditionPlace } from './condition-place.ts'
import type { Entity, Field } from './model.ts'

/**
 * The condition of a rule of a field, checked. It looks at the record itself: at values that are kept, not
 * at other records and not at what is worked out.
 *
 * @throws BadFilterError, UnknownFieldError
 */
export function checkRuleCondition(entity: Entity, when: Filter): Condition<Field> {
  return checkCondition<Field, Entity>(when, entity, {
    entityOf: () => undefined,
    canSee: (_, field) => field.storage.in !== 'computed' && !isMany(field),
    parseOperand: parseOperandByKind,
  })
}

/** @param places where each field is defined, by its key. */
export function checkFieldRules(entity: Entity, places: ReadonlyMap<string, string>): Problem[] {
  return [...entity.fields.values()].flatMap((field) =>
    // Most fields have none.
    field.definition.rules === undefined
      ? []
      : Object.entries(field.definition.rules).flatMap(([key, rule]) => {
          const at = placeOf(places.get(field.key) ?? entity.ref, 'rules', key)
          if (rule.effect !== 'show' && field.storage.in === 'computed') {
            const hint = 'Nobody writes what is worked out; only "show" means anything.'
            return [told(placeOf(at, 'effect'), 'UNKNOWN_OPTION', 'The field is computed.', hint)]
          }
          try {
            checkRuleCondition(entity, rule.when as Filter)
            return []
          } catch (error) {
            if (!(error instanceof BadFilterError || error instanceof UnknownFieldError))
              throw error
            const [issue] = error.errors ?? []
            const below = conditionPlace(issue?.path)
            const hint = 'A rule looks at kept values of the record itself.'
            return [
              told(placeOf(at, 'when', below), issue?.code ?? 'BAD_FORMAT', error.message, hint),
            ]
          }
        }),
  )
}

function told(at: string, code: Problem['code'], message: string, hint: string): Problem {
  return { at, code, message, hint }
}
