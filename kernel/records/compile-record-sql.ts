import type { Filter } from '@runwaycrm/sdk'
import type { RequestContext } from '../context/request-context.ts'
import type { Entity } from '../model/model.ts'
import { nothingExpanded } from './expand.ts'
import type { Codecs } from './fields.ts'
import { createParams, type Slot, valuesOf } from './params.ts'
import { compileProjection, type Projection } from './projection.ts'
import { createCompiler } from './query.ts'
import type { RecordSql } from './record-sql.ts'

interface CompiledCondition {
  readonly sql: string
  readonly slots: readonly Slot[]
}
interface CompiledRecord {
  readonly columns: string
  readonly names: readonly string[]
  readonly projection: Projection
  readonly slots: readonly Slot[]
}

const maxKept = 2_000

/** Conditions and records for statements that write; compiled once, run with the values of each write. */
export function createRecordSql(codecs: Codecs): RecordSql {
  const conditions = new WeakMap<Filter, Map<string, CompiledCondition>>()
  const records = new WeakMap<Entity, Map<string, CompiledRecord>>()

  function condition(
    ctx: RequestContext,
    entity: Entity,
    filter: Filter,
    alias: string,
    params: unknown[],
  ): string {
    const key = `${ctx.model.hash} ${entity.ref} ${alias} ${params.length}`
    const known = keptIn(conditions, filter)
    let compiled = known.get(key)
    if (!compiled) {
      compiled = compileCondition(ctx, entity, filter, alias, params.length, codecs)
      known.set(key, compiled)
    }
    params.push(...valuesOf(compiled.slots, { ctx, operands: [], values: [] }))
    return compiled.sql
  }

  function record(
    ctx: RequestContext,
    entity: Entity,
    alias: string,
    params: unknown[],
  ): ReturnType<RecordSql['record']> {
    const key = `${ctx.ability.shape} ${alias} ${params.length}`
    const known = keptIn(records, entity)
    let compiled = known.get(key)
    if (!compiled) {
      compiled = compileRecord(ctx, entity, alias, params.length, codecs)
      known.set(key, compiled)
    }
    params.push(...valuesOf(compiled.slots, { ctx, operands: [], values: [] }))
    const { names, projection } = compiled
    return {
      columns: compiled.columns,
      read: (row) =>
        projection.read(
          names.map((name) => row[name]),
          ctx.model,
        ),
    }
  }

  return { condition, record }
}

/**
 * A condition of the ability over the row that `alias` names, for the WHERE of a statement.
 *
 * @param used how many parameters the statement has already; the slots give those that follow.
 */
export function compileCondition(
  ctx: RequestContext,
  entity: Entity,
  filter: Filter | boolean,
  alias: string,
  used: number,
  codecs: Codecs,
): CompiledCondition {
  const params = createParams(used)
  const sql = createCompiler(ctx, codecs, params).allowed({ alias, entity }, filter)
  return { sql, slots: params.slots }
}

function compileRecord(
  ctx: RequestContext,
  entity: Entity,
  alias: string,
  used: number,
  codecs: Codecs,
): CompiledRecord {
  const params = createParams(used)
  const compiler = createCompiler(ctx, codecs, params)
  const source = { alias, entity }
  const projection = compileProjection(compiler, codecs, ctx.ability, source, {
    fields: null,
    expand: nothingExpanded,
    offset: 0,
  })
  const names = projection.columns.map((_, index) => `r${index}`)
  const columns = projection.columns.map((sql, index) => `${sql} as ${names[index]}`).join(', ')
  return { columns, names, projection, slots: params.slots }
}

function keptIn<K extends object, T>(cache: WeakMap<K, Map<string, T>>, key: K): Map<string, T> {
  let kept = cache.get(key)
  if (!kept || kept.size >= maxKept) {
    kept = new Map()
    cache.set(key, kept)
  }
  return kept
}
