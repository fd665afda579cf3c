import type { Filter } from '@runwaycrm/sdk'
import { conditionToSql } from '../access/ability-to-sql.ts'
import {
  type Condition,
  isMainPart,
  isMany,
  type Leaf,
  type Operand,
} from '../access/condition-tree.ts'
import { fieldMaskOf } from '../access/field-mask.ts'
import { orderOf, resolveOperand } from '../access/match-condition.ts'
import { leafSemantics } from '../access/operators.ts'
import type { RequestContext } from '../context/request-context.ts'
import type { Entity, Field } from '../model/model.ts'
import { classOf, columnSql } from './column-sql.ts'
import { computedSql, type Sight } from './computed-sql.ts'
import type { Codecs } from './fields.ts'
import { checkRule, leavesOf } from './filter.ts'
import { anyInListSql, anyLinkedSql, linkedIdsSql, linkingIdsSql, rowOfIdSql } from './links-sql.ts'
import { abilityRun, type Params, requestRun } from './params.ts'
import {
  isSlotQuestion,
  readySlot,
  seesCopies,
  slotConditionSql,
  slotIdsSql,
  slotJoinSql,
  slotLeadsToSql,
  slotOfIdSql,
  slotValueSql,
} from './slots.ts'
import { literal } from './sql-text.ts'

/** A row in a statement. */
export interface Source {
  readonly alias: string
  readonly entity: Entity
}

/**
 * Puts together the SQL of one statement under one reader's ability. Values that come from outside are
 * parameters; all names come from the model.
 */
export interface Compiler {
  readonly params: Params
  /** The joins so far, each to one record at most, and as the reader may see it. */
  joins(): string
  /** Begins to collect joins anew, for another part of the same statement. */
  startJoins(): void
  /** The value as the reader may see it: null where they may not. */
  value(source: Source, field: Field, part?: string | null): string
  /** What a computed field gives, whether or not it is a field of the entity. */
  compute(source: Source, field: Field): string
  /** The record that a relation leads to; all null when there is none that the reader sees. */
  follow(source: Source, relation: Field): Source
  /** The value at the end of a path. */
  reach(source: Source, steps: readonly Field[], field: Field, part: string | null): string
  /** The indexed copy of a field's value; null when it has none, or the reader sees it on some records only. */
  copy(source: Source, field: Field): string | null
  /** A condition of the request, with its operands at these places of the run. */
  filter(source: Source, condition: Condition<Field>, firstOperand: number): string
  /**
   * The ids of the records that the condition's beginning of an indexed text may mean, in the order of the
   * texts; null when no record has to begin with one.
   */
  beginning(source: Source, condition: Condition<Field>): string | null
  /** Takes the place of the table: the records of ids that stand in `held.id`, with their indexed copies. */
  rowsOf(source: Source, held: string): string
  /** A condition of the ability: over the facts, whatever the reader may see. */
  allowed(source: Source, condition: Filter | boolean): string
  /** `true`, or on which records the reader may see the field, beside seeing the record. */
  visible(source: Source, field: Field): string
  /** What makes a row of the table a living record that the reader may see. */
  readable(source: Source): string
}

export function createCompiler(ctx: RequestContext, codecs: Codecs, params: Params): Compiler {
  const { ability, model } = ctx
  const allowedSql = new Map<string, string>()
  let joined = new Map<string, Source>()
  let joinSql: string[] = []
  let aliases = 0

  const orgParam = () => params.share('org', (run) => run.ctx.org.id)

  /** The records that a many-relation leads to, as a row of a statement of their own. */
  function targetOf(field: Field): Source {
    aliases += 1
    return { alias: `m${aliases}`, entity: model.entities.get(field.target!)! }
  }

  /** The ids that a many-relation leads to, of records that are there. */
  function idsOf(from: Source, field: Field, isThere: (source: Source) => string): string {
    const to = targetOf(field)
    return linkedIdsSql({ from, field, to, where: isThere(to) })
  }

  /** True where one of the records that the reader sees behind the relation meets the test. */
  function anyShown(from: Source, field: Field, test: (to: Source) => string): string {
    const [outerJoined, outerSql] = [joined, joinSql]
    joined = new Map()
    joinSql = []
    const to = targetOf(field)
    const tests = [readable(to), visible(from, field), test(to)].filter((sql) => sql !== 'true')
    const joins = joinSql.map((sql) => ` ${sql}`).join('')
    joined = outerJoined
    joinSql = outerSql
    return anyLinkedSql({ from, field, to, where: tests.join(' and ') }, joins)
  }

  function fact(source: Source, field: Field, part: string | null, depth = 1): string {
    if (isMany(field)) return idsOf(source, field, living)
    return field.storage.in === 'computed'
      ? computedSql(facts, source, field, part, depth)
      : columnSql(field, part, source.alias)
  }

  function value(source: Source, field: Field, part: string | null = null, depth = 1): string {
    const sql = isMany(field)
      ? idsOf(source, field, readable)
      : field.storage.in === 'computed'
        ? computedSql(shown, source, field, part, depth)
        : columnSql(field, part, source.alias)
    const condition = visible(source, field)
    return condition === 'true' ? sql : `(case when ${condition} then ${sql} end)`
  }

  /** Computed fields are put together from what their reader sees, in conditions of abilities from facts. */
  const shown = createSight(value, (source) => readable(source), requestRun, seesAll)
  const facts = createSight(fact, living, abilityRun, () => true)

  function createSight(
    see: Sight['value'],
    isThere: (source: Source) => string,
    runOf: typeof requestRun,
    seesAll: Sight['seesAll'],
  ): Sight {
    const sourceOf = (entity: Entity): Source => {
      aliases += 1
      return { alias: `f${aliases}`, entity }
    }
    const sight: Sight = {
      model,
      value: see,
      through(source, relation, depth, inner) {
        const entity = model.entities.get(relation.target!)!
        const target = sourceOf(entity)
        return (
          `(select ${inner(target)} from ${entity.table} ${target.alias} ` +
          `where ${target.alias}.org_id = ${source.alias}.org_id ` +
          `and ${target.alias}.id = ${see(source, relation, null, depth)} and ${isThere(target)})`
        )
      },
      leading(source, entity, relation, depth) {
        const child = sourceOf(entity)
        const leads = isMany(relation)
          ? `${see(child, relation, null, depth)} ? ${source.alias}.id::text`
          : `${see(child, relation, null, depth)} = ${source.alias}.id`
        const ofOrg = `${source.alias}.org_id`
        const ids = isMany(relation)
          ? linkingIdsSql(child, relation, source)
          : readySlot(relation) &&
            slotLeadsToSql(relation, entity, orgParam(), `${source.alias}.id`)
        const held = `i_${child.alias}`
        const from = ids
          ? `(${ids} offset 0) ${held} ${rowOfIdSql(child, ofOrg, `${held}.id`)}`
          : `${entity.table} ${child.alias}`
        const where = `${child.alias}.org_id = ${ofOrg} and ${leads} and ${isThere(child)}`
        return { source: child, from, where }
      },
      seesAll,
      filter: (source, filter) => conditionSql(sight, source, filter, runOf),
      now: () => `${params.share('formula now', (run) => run.ctx.now.toISOString())}::timestamptz`,
      zone: () => `${params.share('zone', (run) => run.ctx.org.timeZone)}::text`,
    }
    return sight
  }

  function seesAll({ entity }: Source, apiNames: readonly string[]): boolean {
    const mask = fieldMaskOf(ability, entity, 'read')
    return apiNames.every((name) => mask.get(name) === true)
  }

  function visible(source: Source, field: Field): string {
    const mask = fieldMaskOf(ability, source.entity, 'read').get(field.apiName) ?? false
    return allowed(source, mask)
  }

  function follow(source: Source, relation: Field): Source {
    const key = `${source.alias}.${relation.key}`
    let target = joined.get(key)
    if (!target) {
      const entity = model.entities.get(relation.target!)!
      aliases += 1
      target = { alias: `a${aliases}`, entity }
      joined.set(key, target)
      const { alias } = target
      joinSql.push(
        `left join ${entity.table} ${alias} on ${alias}.org_id = ${source.alias}.org_id ` +
          `and ${alias}.id = ${value(source, relation)} and ${readable(target)}`,
      )
    }
    return target
  }

  function readable(source: Source): string {
    const condition = allowed(source, ability.condition('read', source.entity.ref))
    return condition === 'true' ? living(source) : `${living(source)} and ${condition}`
  }

  function allowed(source: Source, condition: Filter | boolean): string {
    if (typeof condition === 'boolean') return String(condition)
    const key = `${source.alias} ${JSON.stringify(condition)}`
    let sql = allowedSql.get(key)
    if (sql === undefined) {
      sql = ruleSql(source, condition)
      allowedSql.set(key, sql)
    }
    return sql
  }

  function ruleSql(source: Source, condition: Filter): string {
    return conditionSql(facts, source, condition, abilityRun)
  }

  /** A condition that the model or a role has, not a request. */
  function conditionSql(
    sight: Sight,
    source: Source,
    condition: Filter,
    runOf: typeof requestRun,
  ): string {
    let checked: Condition<Field>
    try {
      checked = checkRule(ctx, source.entity, condition, codecs)
    } catch {
      // A rule that cannot be read allows nothing.
      return 'false'
    }
    return `(${conditionToSql(checked, (leaf) =>
      ruleLeafSql(sight, source, leaf.steps, leaf, (operand) => operandParam(leaf, operand, runOf)),
    )})`
  }

  function ruleLeafSql(
    sight: Sight,
    source: Source,
    steps: readonly Field[],
    leaf: Leaf<Field>,
    bind: (operand: Operand) => string,
  ): string {
    if (!isMany(leaf.field) && !steps.some(isMany))
      return leafSql(leaf, valueAt(sight, source, steps, leaf), bind)
    const [step, ...rest] = steps
    const test = (to: Source) =>
      step ? ruleLeafSql(sight, to, rest, leaf, bind) : linkedLeafSql(leaf, to, bind)
    // True, or nothing where there is no such record.
    if (step && !isMany(step)) return `(${sight.through(source, step, 1, test)}) is true`
    const field = step ?? leaf.field
    if (sight !== facts) return anyShown(source, field, test)
    const to = targetOf(field)
    return anyInListSql({ from: source, field, to, where: `${living(to)} and ${test(to)}` })
  }

  /** Conditions may look past a relation; no join, because it would have to stand in another join. */
  function valueAt(
    sight: Sight,
    source: Source,
    steps: readonly Field[],
    leaf: Leaf<Field>,
  ): string {
    const [step, ...rest] = steps
    if (!step) return sight.value(source, leaf.field, leaf.part, 1)
    return sight.through(source, step, 1, (target) => valueAt(sight, target, rest, leaf))
  }

  function operandParam(leaf: Leaf<Field>, operand: Operand, runOf: typeof requestRun): string {
    const isDate = leaf.domain === 'date'
    const key = `${runOf.name} ${leaf.domain} ${classOf(leaf.field, leaf.part)} ${JSON.stringify(operand)}`
    return params.share(key, (run) => resolveOperand(operand, runOf(run.ctx), isDate))
  }

  return {
    params,
    value,
    compute: (source, field) => computedSql(shown, source, field, null, 1),
    visible,
    follow,
    readable,
    allowed,
    joins: () => joinSql.map((sql) => ` ${sql}`).join(''),
    copy(source, field) {
      if (!isWholeSlot(source, { field, part: null })) return null
      joinSlots(source)
      return slotValueSql(field, source.alias)
    },
    startJoins() {
      joined = new Map()
      joinSql = []
    },
    reach(source, steps, field, part) {
      let at = source
      for (const step of steps) at = follow(at, step)
      return value(at, field, part)
    },
    filter(source, condition, firstOperand) {
      let index = firstOperand
      return conditionToSql(condition, (leaf) => {
        const place = index++
        return shownLeaf(source, leaf.steps, leaf, () => operandOf(leaf, place))
      })
    },
    beginning(source, condition) {
      const [leaf, place] =
        conjunctsOf(condition).find(
          ([one]) =>
            one.operator === '$startsWith' &&
            one.steps.length === 0 &&
            isWholeSlot(source, one) &&
            isSlotQuestion(one),
        ) ?? []
      if (!leaf) return null
      const operand = castOperand(leaf, () => operandOf(leaf, place!))
      return slotIdsSql(leaf, source, orgParam(), operand)
    },
    rowsOf(source, held) {
      joined.set(slotsKey(source), source)
      return [
        held,
        slotOfIdSql(source, orgParam(), `${held}.id`),
        rowOfIdSql(source, orgParam(), `${held}.id`),
      ].join(' ')
    },
  }

  function operandOf({ domain }: Leaf<Field>, place: number): string {
    return params.add((run) =>
      resolveOperand(run.operands[place]!, requestRun(run.ctx), domain === 'date'),
    )
  }

  function shownLeaf(
    source: Source,
    steps: readonly Field[],
    leaf: Leaf<Field>,
    bind: () => string,
  ): string {
    let at = source
    for (const [index, step] of steps.entries()) {
      if (isMany(step))
        return anyShown(at, step, (to) => shownLeaf(to, steps.slice(index + 1), leaf, bind))
      at = follow(at, step)
    }
    if (isMany(leaf.field)) return anyShown(at, leaf.field, (to) => linkedLeafSql(leaf, to, bind))
    const last = at
    const sql = () => leafSql(leaf, value(last, leaf.field, leaf.part), bind)
    if (at !== source || !isWholeSlot(at, leaf) || !isSlotQuestion(leaf)) return sql()
    joinSlots(at)
    return slotConditionSql(leaf, at.alias, castOperand(leaf, bind), sql)
  }

  /** The main value of an indexed field, which the reader sees on every record. */
  function isWholeSlot({ entity }: Source, { field, part }: Pick<Leaf<Field>, 'field' | 'part'>) {
    if (readySlot(field) === null || (part !== null && !isMainPart(field, part))) return false
    return seesCopies(ability, entity, field)
  }

  function joinSlots(source: Source): void {
    const key = slotsKey(source)
    if (joined.has(key)) return
    joined.set(key, source)
    joinSql.push(slotJoinSql(source, orgParam()))
  }
}

const slotsKey = ({ alias }: Source) => `slots of ${alias}`

/** The leaves that must all hold, each with its place among all leaves. */
function conjunctsOf(condition: Condition<Field>, place = 0): [Leaf<Field>, number][] {
  if (condition.kind === 'leaf') return [[condition, place]]
  if (condition.kind !== 'all') return []
  let at = place
  return condition.of.flatMap((part) => {
    const found = conjunctsOf(part, at)
    at += leavesOf(part).length
    return found
  })
}

/** Not deleted, and of the entity where several share a table. */
export function living(source: Source): string {
  return `${source.alias}.deleted_at is null${ofEntitySql(source)}`
}

export function ofEntitySql({ alias, entity }: Source): string {
  return entity.shared ? ` and ${alias}.entity = ${literal(entity.ref)}` : ''
}

/** @param bind gives the placeholder of the operand. */
function leafSql(leaf: Leaf<Field>, column: string, bind: (operand: Operand) => string): string {
  const { operator, domain, field, part, operand } = leaf
  const semantics = leafSemantics[operator]
  // An actor as a whole is its id.
  const at = field.typeDefinition.kind === 'actor' && part === null ? actorId(column) : column
  if (operator === '$exists') return semantics.sql(at, '', domain, orderOf(field))
  return semantics.sql(
    at,
    castOperand(leaf, () => bind(operand)),
    domain,
    orderOf(field),
  )
}

function castOperand({ domain, field, part, operand }: Leaf<Field>, bind: () => string): string {
  const kind = domain === 'list' ? 'text' : classOf(field, part)
  return `${bind()}::${operand.is === 'list' ? `${kind}[]` : kind}`
}

/** A question about a many-relation itself, asked of one record that it leads to. */
function linkedLeafSql(
  { operator, operand }: Leaf<Field>,
  { alias }: Source,
  bind: (operand: Operand) => string,
): string {
  return operator === '$exists' ? 'true' : `${alias}.id = ${bind(operand)}::uuid`
}

function actorId(column: string): string {
  return `(${column} ->> 'id')`
}
