import type { Filter } from '@runwaycrm/sdk'
import { conditionToSql } from '../access/ability-to-sql.ts'
import type { Condition, Leaf, Operand } from '../access/condition-tree.ts'
import { fieldMaskOf } from '../access/field-mask.ts'
import { orderOf, resolveOperand } from '../access/match-condition.ts'
import { leafSemantics } from '../access/operators.ts'
import type { RequestContext } from '../context/request-context.ts'
import type { Entity, Field } from '../model/model.ts'
import { classOf, columnSql } from './column-sql.ts'
import type { Codecs } from './fields.ts'
import { checkRule } from './filter.ts'
import { templateSql } from './formula.ts'
import { abilityRun, type Params, requestRun } from './params.ts'
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
  /** The record that a relation leads to; all null when there is none that the reader sees. */
  follow(source: Source, relation: Field): Source
  /** The value at the end of a path. */
  reach(source: Source, steps: readonly Field[], field: Field, part: string | null): string
  /** A condition of the request, with its operands at these places of the run. */
  filter(source: Source, condition: Condition<Field>, firstOperand: number): string
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

  /** Computed fields are put together from what `shownAs` shows of their parts. */
  function stored(
    source: Source,
    field: Field,
    part: string | null,
    shownAs: (source: Source, field: Field, depth: number) => string,
    depth: number,
  ): string {
    const { storage } = field
    if (storage.in !== 'computed') return columnSql(field, part, source.alias)
    const partOf = (other: Field, at: number) => shownAs(source, other, at)
    return templateSql(storage.template, source.entity, partOf, depth)
  }

  function fact(source: Source, field: Field, part: string | null, depth = 1): string {
    return stored(source, field, part, (at, other, deeper) => fact(at, other, null, deeper), depth)
  }

  function value(source: Source, field: Field, part: string | null = null, depth = 1): string {
    const sql = stored(
      source,
      field,
      part,
      (at, other, deeper) => value(at, other, null, deeper),
      depth,
    )
    const condition = visible(source, field)
    return condition === 'true' ? sql : `(case when ${condition} then ${sql} end)`
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
    let checked: Condition<Field>
    try {
      checked = checkRule(ctx, source.entity, condition, codecs)
    } catch {
      // A rule that cannot be read allows nothing.
      return 'false'
    }
    return `(${conditionToSql(checked, (leaf) =>
      leafSql(leaf, factAt(source, leaf.steps, leaf), (operand) => operandParam(leaf, operand)),
    )})`
  }

  /** Rules may look past a relation; no join, because it would have to stand in another join. */
  function factAt(source: Source, steps: readonly Field[], { field, part }: Leaf<Field>): string {
    const [step, ...rest] = steps
    if (!step) return fact(source, field, part)
    const entity = model.entities.get(step.target!)!
    aliases += 1
    const target = { alias: `f${aliases}`, entity }
    const inner = factAt(target, rest, { field, part } as Leaf<Field>)
    return (
      `(select ${inner} from ${entity.table} ${target.alias} ` +
      `where ${target.alias}.org_id = ${source.alias}.org_id ` +
      `and ${target.alias}.id = ${fact(source, step, null)} and ${living(target)})`
    )
  }

  function operandParam(leaf: Leaf<Field>, operand: Operand): string {
    const isDate = leaf.domain === 'date'
    const key = `rule ${leaf.domain} ${classOf(leaf.field, leaf.part)} ${JSON.stringify(operand)}`
    return params.share(key, (run) => resolveOperand(operand, abilityRun(run.ctx), isDate))
  }

  return {
    params,
    value,
    visible,
    follow,
    readable,
    allowed,
    joins: () => joinSql.map((sql) => ` ${sql}`).join(''),
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
        let at = source
        for (const step of leaf.steps) at = follow(at, step)
        return leafSql(leaf, value(at, leaf.field, leaf.part), () =>
          params.add((run) =>
            resolveOperand(run.operands[place]!, requestRun(run.ctx), leaf.domain === 'date'),
          ),
        )
      })
    },
  }
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
  const kind = domain === 'list' ? 'text' : classOf(field, part)
  const cast = operand.is === 'list' ? `${kind}[]` : kind
  return semantics.sql(at, `${bind(operand)}::${cast}`, domain, orderOf(field))
}

function actorId(column: string): string {
  return `(${column} ->> 'id')`
}
