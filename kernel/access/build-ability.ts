import { createHash } from 'node:crypto'
import { Ability as CaslAbility } from '@casl/ability'
import type { Filter, OrgInfo, Principal } from '@runwaycrm/sdk'
import { type RuleCondition, rulesToCondition } from './ability-to-sql.ts'
import { type CheckOptions, checkCondition } from './check-condition.ts'
import type { Condition, ConditionEntity, ConditionField, ConditionRun } from './condition-tree.ts'
import { matchCondition, type RecordValues } from './match-condition.ts'
import {
  covers,
  missingScope,
  type Operation,
  ownerRules,
  type ResolvedRule,
  type RoleSource,
  resolvePermissions,
  resolveRules,
} from './resolve-rules.ts'
import { parseOperandByKind } from './stored-value.ts'

export interface AbilityInput {
  /** Null may do nothing, everywhere. */
  readonly principal: Principal | null
  /** The contributions of the principal's roles. */
  readonly roles: readonly RoleSource[]
  /** What roles say and no more: records that are their owners' count like any other. */
  readonly byRolesAlone?: boolean
  /** The system itself: everything. */
  readonly all?: boolean
  /** Those of the model. */
  readonly entities: ReadonlyMap<string, ConditionEntity>
  readonly org: Pick<OrgInfo, 'timeZone'>
  /** Values of conditions as the field types see them; by default as their kinds do. */
  readonly parseOperand?: CheckOptions<ConditionField, ConditionEntity>['parseOperand']
  readonly now?: () => Date
}

/** What one principal may do now. Immutable; made again when roles, key or model change. */
export interface Ability {
  readonly principal: Principal | null
  /** Equal key, equal answers: whatever depends on the principal's rights may be cached by it. */
  readonly key: string
  /** The same of one entity: fewer tell people apart there. */
  keyOn(entity: string): string
  /** Equal shape, equal SQL: who `@me` and `@team` are is a parameter. */
  readonly shape: string
  /** In general; single records may still be refused. */
  can(operation: Operation, entity: string): boolean
  /** On this record, or on this field of it. */
  matches(operation: Operation, entity: string, record: RecordValues, field?: string): boolean
  /**
   * Which records, or which records' field. With a field it holds beside the one for the record.
   * `@me` and `@team` stay in it.
   */
  condition(operation: Operation, entity: string, field?: string): Filter | boolean
  /** Why not, for people; null when it is allowed. */
  reason(
    operation: Operation,
    entity: string,
    record: RecordValues | null,
    field?: string,
  ): string | null
  /** A right besides records: `studio:write`, `actions:crm.leads:convert`, `import`. */
  allows(permission: string): boolean
  /** The scope that the key lacks for it; null when scopes are not what is in the way. */
  missingScope(operation: Operation, entity: string): string | null
  /** The rules that speak about the entity, the strongest first. */
  entityRules(entity: string): readonly ResolvedRule[]
  /**
   * Those of them that hold for an operation, on this record and field when they are given, the
   * strongest first: the first one decides.
   */
  rulesFor(
    operation: Operation,
    entity: string,
    record: RecordValues | null,
    field?: string,
  ): readonly ResolvedRule[]
}

/** @see ARCHITECTURE.md, section 8: rights come from ability AND grant AND plan, then the database. */
export function buildAbility(input: AbilityInput): Ability {
  const { principal, entities } = input
  const rules =
    principal && !input.all
      ? [
          ...resolveRules(input.roles),
          ...(input.byRolesAlone ? [] : ownerRules(entities.values(), input.roles)),
        ]
      : []
  const permissions = resolvePermissions(principal ? input.roles : [])
  const now = input.now ?? (() => new Date())
  const raw = input.all ? [{ action: 'manage', subject: 'all' }] : rules.map(caslRule)
  const ruleOf = new Map<object, ResolvedRule>(rules.map((rule, index) => [raw[index]!, rule]))
  const casl = new CaslAbility<[string, string | Subject], RuleCondition>(raw, {
    conditionsMatcher: (condition) => (subject) => matchRule(condition, subject as Subject),
    fieldMatcher: (fields) => (names) =>
      names.split(' ').some((name) => (fields as string[]).includes(name)),
    detectSubjectType: (subject) => (subject as Subject).entity,
  })
  const checked = new WeakMap<ResolvedRule, Map<string, Condition<ConditionField> | null>>()
  const conditions = new Map<string, Filter | boolean>()
  const keys = new Map<string, string>()

  /** Null when the condition cannot be used on the entity, e.g. because a field is gone. */
  function checkedCondition(rule: ResolvedRule, ref: string): Condition<ConditionField> | null {
    const ofRule = checked.get(rule) ?? new Map<string, Condition<ConditionField> | null>()
    checked.set(rule, ofRule)
    let condition = ofRule.get(ref)
    if (condition === undefined) {
      condition = checkOrNull(rule.condition!, entities.get(ref))
      ofRule.set(ref, condition)
    }
    return condition
  }

  function checkOrNull(
    filter: Filter,
    entity: ConditionEntity | undefined,
  ): Condition<ConditionField> | null {
    if (!entity) return null
    try {
      return checkCondition<ConditionField, ConditionEntity>(filter, entity, {
        entityOf: (ref) => entities.get(ref),
        // A rule may look at fields that the principal may not: it decides, it does not show.
        canSee: () => true,
        parseOperand: input.parseOperand ?? parseOperandByKind,
      })
    } catch {
      return null
    }
  }

  // What cannot be decided is refused: an allowing rule does not match, a denying one does.
  function matchRule({ rule, inverted }: RuleCondition, subject: Subject): boolean {
    const condition = checkedCondition(rule, subject.entity)
    if (!condition) return inverted
    return matchCondition(condition, subject.record, run()) ?? inverted
  }

  function run(): ConditionRun {
    return {
      userId: principal?.userId ?? null,
      teammates: principal?.teammates ?? [],
      now: now(),
      timeZone: input.org.timeZone,
    }
  }

  function scopeMissing(operation: Operation, entity: string): string | null {
    if (!principal || input.all) return null
    return missingScope(principal, operation, entities.get(entity)?.plural ?? entity)
  }

  /** A rule may name a field by its key or by its API name, so both are asked for. */
  function namesOf(entity: string, field: string | undefined): string | undefined {
    const known = entities.get(entity)?.byApiName
    if (field === undefined || !known) return field
    const found = known.get(field) ?? [...known.values()].find(({ key }) => key === field)
    return found ? `${found.key} ${found.apiName}` : field
  }

  function condition(operation: Operation, entity: string, field?: string): Filter | boolean {
    const id = `${operation} ${entity} ${field ?? ''}`
    let known = conditions.get(id)
    if (known === undefined) {
      known = computeCondition(operation, entity, namesOf(entity, field))
      conditions.set(id, known)
    }
    return known
  }

  function computeCondition(
    operation: Operation,
    entity: string,
    field?: string,
  ): Filter | boolean {
    if (input.all) return true
    if (scopeMissing(operation, entity) !== null) return false
    return rulesToCondition(casl.rulesFor(operation, entity, field), ({ rule, inverted }) =>
      checkedCondition(rule, entity) ? rule.condition! : inverted,
    )
  }

  const shape = digest([
    input.all === true,
    rules,
    [...permissions].sort(),
    principal?.scopes ?? null,
    principal === null,
    // What a path leads to is part of what the rule means.
    rules.some((rule) => hasPath(rule.condition)) ? numberOf(entities) : null,
  ])

  return {
    principal,
    shape,
    key: keyFor(shape, rules, principal),
    keyOn(entity) {
      let key = keys.get(entity)
      if (key === undefined) {
        const concerned = rules.filter((rule) => concerns(rule, entity))
        key = keyFor(shape, concerned, principal)
        keys.set(entity, key)
      }
      return key
    },
    can: (operation, entity) => condition(operation, entity) !== false,
    matches: (operation, entity, record, field) =>
      scopeMissing(operation, entity) === null &&
      casl.can(operation, { entity, record }) &&
      (field === undefined || casl.can(operation, { entity, record }, namesOf(entity, field))),
    condition,
    reason(operation, entity, record, field) {
      const scope = scopeMissing(operation, entity)
      if (scope !== null) return `The key lacks the scope ${scope}.`
      const subject = record === null ? entity : { entity, record }
      for (const name of field === undefined ? [undefined] : [undefined, namesOf(entity, field)]) {
        if (casl.can(operation, subject, name)) continue
        const rule = casl.relevantRuleFor(operation, subject, name)
        return rule?.reason ?? noRole
      }
      return record === null && condition(operation, entity, field) === false ? noRole : null
    },
    allows: (permission) =>
      input.all === true ||
      (covers(permissions, permission) &&
        (principal?.scopes == null || covers(principal.scopes, permission))),
    missingScope: scopeMissing,
    entityRules: (entity) => rules.filter((rule) => concerns(rule, entity)).reverse(),
    rulesFor(operation, entity, record, field) {
      const possible = casl.rulesFor(operation, entity, namesOf(entity, field))
      const holding = possible.filter((rule) => {
        // A denying rule about some fields says nothing about the record as a whole.
        if (field === undefined && rule.inverted && rule.fields) return false
        return record === null || rule.matchesConditions({ entity, record })
      })
      return holding.flatMap((rule) => ruleOf.get(rule.origin) ?? [])
    },
  }
}

function caslRule(rule: ResolvedRule) {
  const inverted = rule.effect === 'deny'
  return {
    action: [...rule.operations],
    subject: rule.entity === '*' ? 'all' : rule.entity,
    inverted,
    ...(rule.fields ? { fields: [...rule.fields] } : {}),
    ...(rule.condition ? { conditions: { filter: rule.condition, inverted, rule } } : {}),
    ...(rule.reason ? { reason: rule.reason } : {}),
  }
}

const noRole = 'No role allows it.'

interface Subject {
  readonly entity: string
  readonly record: RecordValues
}

function concerns(rule: ResolvedRule, entity: string): boolean {
  return rule.entity === '*' || rule.entity === entity
}

/** Who the principal is belongs to the key only where a rule asks for it. */
function keyFor(
  shape: string,
  rules: readonly ResolvedRule[],
  principal: Principal | null,
): string {
  const text = JSON.stringify(rules.map((rule) => rule.condition))
  const parts = [shape]
  if (text.includes('"@me"')) parts.push(principal?.userId ?? '')
  if (text.includes('"@team"')) parts.push(digest([...(principal?.teammates ?? [])].sort()))
  return parts.join('.')
}

function hasPath(condition: unknown): boolean {
  if (typeof condition !== 'object' || condition === null) return false
  return Object.entries(condition).some(([key, value]) => key.includes('.') || hasPath(value))
}

const numbers = new WeakMap<object, number>()
let lastNumber = 0

/** Tells one model's entities from another's. */
function numberOf(entities: object): number {
  const number = numbers.get(entities) ?? ++lastNumber
  numbers.set(entities, number)
  return number
}

function digest(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('base64url').slice(0, 22)
}
