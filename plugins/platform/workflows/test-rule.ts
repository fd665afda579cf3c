import {
  BadFilterError,
  type Conditions,
  type FieldValues,
  type FilterOperator,
  filterOperators,
  type HandlerContext,
} from '@runwaycrm/sdk'
import { Engine, type EngineOptions, type TopLevelCondition } from 'json-rules-engine'
import type { Rule } from './definition.ts'
import { fillTemplates, type Scope, valueAt } from './fill-templates.ts'

/** Which part of a rule was true, on which value: what is shown of it afterwards. */
export interface Explained {
  readonly holds: boolean
  readonly all?: readonly Explained[]
  readonly any?: readonly Explained[]
  readonly not?: Explained
  readonly fact?: string
  readonly path?: string
  readonly operator?: string
  readonly value?: unknown
  /** What stood there. */
  readonly found?: unknown
}

export interface RuleScope {
  readonly conditions: Conditions
  /** The entity of the fact `record`; null where there is none. */
  readonly entity: string | null
  readonly facts: Scope
}

/** @param ctx of whoever the rule is told for. */
export const ruleScope = (
  { conditions }: Pick<HandlerContext, 'conditions'>,
  { entity = null }: { readonly entity?: string | null },
  facts: Scope,
): RuleScope => ({ conditions, entity, facts })

const factNames = ['record', 'change', 'trigger', 'vars', 'steps', 'item', 'org'] as const

/** A value of the record, which compares as its field does. */
class RecordValue {
  readonly record: FieldValues
  readonly path: string
  constructor(record: FieldValues, path: string) {
    this.record = record
    this.path = path
  }
}

/** A field that changed, or did not. */
class Changed {
  readonly change: { readonly from: unknown; readonly to: unknown } | null
  constructor(change: unknown) {
    this.change = (change ?? null) as Changed['change']
  }
}

/**
 * Whether a rule holds, and why. json-rules-engine evaluates it; paths are names with dots and nothing else, and a
 * value may have places: `{{ vars.limit }}`.
 *
 * @throws BadFilterError for an operator or a fact that there is not, UnknownFieldError for a field.
 */
export async function testRule(rule: Rule | undefined, scope: RuleScope): Promise<Explained> {
  if (!rule || isEmpty(rule)) return { holds: true }
  assertKnown(rule)
  const engine = new Engine([], options)
  for (const operator of filterOperators) {
    engine.addOperator(operator, (found: unknown, value: unknown) =>
      compare(scope, operator, found, value),
    )
  }
  engine.addOperator('$changed', (found: unknown) => changeOf(found) !== null)
  engine.addOperator('$changedFrom', (found: unknown, value: unknown) => {
    const change = changeOf(found)
    return change !== null && scope.conditions.compare('$eq', change.from, value)
  })
  engine.addOperator('$changedTo', (found: unknown, value: unknown) => {
    const change = changeOf(found)
    return change !== null && scope.conditions.compare('$eq', change.to, value)
  })
  const filled = fillTemplates(rule, scope.facts)
  const conditions = ('fact' in filled ? { all: [filled] } : filled) as TopLevelCondition
  engine.addRule({ conditions, event: { type: 'holds' } })
  const { results, failureResults } = await engine.run(factsOf(scope.facts))
  const [result] = [...results, ...failureResults]
  // The outermost condition does not say how it ended; the rule does.
  const whole = { ...(result?.conditions as object), result: results.length > 0 }
  const explained = explain(whole as Evaluated)
  return 'fact' in rule ? (explained.all?.[0] ?? explained) : explained
}

const options: EngineOptions = {
  allowUndefinedFacts: true,
  pathResolver: (value: unknown, path: string) => {
    if (value instanceof RecordValue) return new RecordValue(value.record, path)
    if (value instanceof Changed) {
      return new Changed(valueAt(value.change, path))
    }
    return valueAt(value, path)
  },
}

function isEmpty(rule: Rule): boolean {
  const parts = 'all' in rule ? rule.all : 'any' in rule ? rule.any : null
  return Object.keys(rule).length === 0 || parts?.length === 0
}

function assertKnown(rule: Rule): void {
  if ('all' in rule || 'any' in rule) {
    for (const part of 'all' in rule ? rule.all : rule.any) assertKnown(part)
  } else if ('not' in rule) assertKnown(rule.not)
  else {
    const known: readonly string[] = [...filterOperators, '$changed', '$changedFrom', '$changedTo']
    if (!known.includes(rule.operator)) {
      throw new BadFilterError(`A rule has no operator "${rule.operator}".`)
    }
    if (!(factNames as readonly string[]).includes(rule.fact)) {
      throw new BadFilterError(`A rule cannot look at "${rule.fact}".`)
    }
  }
}

function factsOf(scope: Scope): Record<string, unknown> {
  const facts = Object.fromEntries(factNames.map((name) => [name, scope[name] ?? null]))
  if (facts['record']) facts['record'] = new RecordValue(facts['record'] as FieldValues, '')
  facts['change'] = new Changed(facts['change'])
  return facts
}

function compare(
  { conditions, entity }: RuleScope,
  operator: FilterOperator,
  found: unknown,
  value: unknown,
): boolean {
  if (found instanceof RecordValue && entity !== null && found.path !== '') {
    const filter = { [found.path]: { [operator]: value } } as Parameters<Conditions['match']>[1]
    return conditions.match(entity, filter, found.record) === true
  }
  return conditions.compare(operator, plain(found), value)
}

const changeOf = (found: unknown): Changed['change'] =>
  found instanceof Changed ? found.change : null

function plain(found: unknown): unknown {
  if (found instanceof RecordValue) {
    return found.path === '' ? found.record : (valueAt(found.record, found.path) ?? null)
  }
  return found instanceof Changed ? found.change : (found ?? null)
}

/** What json-rules-engine leaves in the conditions that it went through. */
interface Evaluated {
  readonly result?: boolean
  readonly all?: readonly Evaluated[]
  readonly any?: readonly Evaluated[]
  readonly not?: Evaluated
  readonly fact?: string
  readonly path?: string
  readonly operator?: string
  readonly value?: unknown
  readonly factResult?: unknown
}

function explain(part: Evaluated | undefined): Explained {
  if (!part) return { holds: false }
  const holds = part.result === true
  if (part.all) return { holds, all: part.all.map(explain) }
  if (part.any) return { holds, any: part.any.map(explain) }
  if (part.not) return { holds, not: explain(part.not) }
  const { fact, path, operator, value, factResult } = part
  return {
    holds,
    ...(fact === undefined ? {} : { fact }),
    ...(path === undefined ? {} : { path }),
    ...(operator === undefined ? {} : { operator }),
    ...(value === undefined ? {} : { value }),
    ...(factResult === undefined ? {} : { found: plain(factResult) }),
  }
}
