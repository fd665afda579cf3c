import type { AnyAbility, RuleOf } from '@casl/ability'
import { rulesToCondition as flattenRules } from '@casl/ability/extra'
import type { Filter } from '@runwaycrm/sdk'
import type { Condition, ConditionField, Leaf } from './condition-tree.ts'
import type { ResolvedRule } from './resolve-rules.ts'

/** What CASL carries as the conditions of a rule. */
export interface RuleCondition {
  readonly filter: Filter
  readonly inverted: boolean
  readonly rule: ResolvedRule
}

/**
 * Which records the rules of one operation allow: as filter JSON, or true for all and false for none.
 *
 * @param rules the strongest first, as CASL gives them.
 * @param use the condition of a rule, or whether it holds always when it cannot be used.
 */
export function rulesToCondition(
  rules: readonly RuleOf<AnyAbility>[],
  use: (condition: RuleCondition) => Filter | boolean,
): Filter | boolean {
  const convert = (rule: RuleOf<AnyAbility>): Filter | boolean => {
    const condition = rule.conditions ? use(rule.conditions as RuleCondition) : true
    return rule.inverted ? negate(condition) : condition
  }
  return (
    flattenRules<AnyAbility, Filter | boolean, Filter | boolean>(rules, convert, {
      and: (conditions) => join('$and', conditions),
      or: (conditions) => join('$or', conditions),
      empty: () => true,
    }) ?? false
  )
}

function negate(condition: Filter | boolean): Filter | boolean {
  return typeof condition === 'boolean' ? !condition : { $not: condition }
}

function join(name: '$and' | '$or', conditions: readonly (Filter | boolean)[]): Filter | boolean {
  const decisive = name === '$or'
  const open = conditions.filter((condition) => condition !== !decisive)
  if (open.includes(decisive)) return decisive
  if (open.length === 0) return !decisive
  return open.length === 1 ? open[0]! : ({ [name]: open } as Filter)
}

/**
 * A checked condition as SQL. Negation is pushed to the leaves, where `is not true` makes null count
 * as false before it is turned round; so null behaves as in memory, and what is not negated stays
 * in a form that an index can serve.
 *
 * @param leafSql the leaf as an SQL condition that may be null where the leaf is false.
 */
export function conditionToSql<F extends ConditionField>(
  condition: Condition<F>,
  leafSql: (leaf: Leaf<F>) => string,
): string {
  return toSql(condition, leafSql, false)
}

function toSql<F extends ConditionField>(
  condition: Condition<F>,
  leafSql: (leaf: Leaf<F>) => string,
  negated: boolean,
): string {
  switch (condition.kind) {
    case 'not':
      return toSql(condition.of, leafSql, !negated)
    case 'leaf': {
      const sql = leafSql(condition)
      if (!negated) return sql
      return condition.operator === '$exists' && sql.endsWith(' is not null')
        ? sql.replace(/ is not null$/, ' is null')
        : `(${sql}) is not true`
    }
    case 'all':
    case 'any': {
      const isAnd = (condition.kind === 'all') !== negated
      if (condition.of.length === 0) return isAnd ? 'true' : 'false'
      const parts = condition.of.map((part) => toSql(part, leafSql, negated))
      return parts.length === 1 ? parts[0]! : `(${parts.join(isAnd ? ' and ' : ' or ')})`
    }
  }
}
