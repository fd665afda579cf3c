import { domainOf } from '../access/condition-tree.ts'
import type { FieldPath } from '../access/field-path.ts'
import { orderOf } from '../access/match-condition.ts'
import { sortKeySql } from '../access/operators.ts'
import type { RequestContext } from '../context/request-context.ts'
import type { Entity, Field, Model } from '../model/model.ts'
import type { Aggregate, CheckedMeasure, Group } from './aggregate-query.ts'
import { classOf } from './column-sql.ts'
import type { Codecs } from './fields.ts'
import { isEverything, operandsOf } from './filter.ts'
import { compileWhere } from './list-sql.ts'
import type { Slot } from './params.ts'
import type { Compiler, Source } from './query.ts'

export interface AggregateSql {
  readonly text: string
  readonly slots: readonly Slot[]
  read(row: readonly unknown[], model: Model): Readonly<Record<string, unknown>>
}

/**
 * One statement for an aggregate. `base` has one row per record with what is grouped by and measured;
 * amounts of several currencies never add up, so each of their measures is summed per code beside it.
 */
export function compileAggregate(
  ctx: RequestContext,
  codecs: Codecs,
  entity: Entity,
  aggregate: Aggregate,
): AggregateSql {
  const { groups, measures } = aggregate
  const where = compileWhere(ctx, codecs, entity, {
    condition: aggregate.condition,
    deleted: false,
  })
  const { compiler, params, source } = where
  const columns = [
    ...groups.map((group, index) => `${groupSql(compiler, source, group)} as g${index}`),
    ...measureInputs(compiler, source, aggregate),
  ]
  const from = `from ${entity.table} t${where.joins()} where ${where.where.join(' and ')}`
  const base = `base as (select ${columns.join(', ') || '1 as one'} ${from})`
  const keys = groups.map((_, index) => `g${index}`)
  const money = measures.flatMap((measure, index) => (isMoney(measure) ? [index] : []))
  const keyed = money.length > 0 ? [`jsonb_build_array(${keys.join(', ')}) as k`] : []
  const totals = measures.map((measure, index) => `${totalSql(measure, index)} as m${index}`)
  const by = keys.length > 0 ? ` group by ${keys.join(', ')}` : ''
  const perCode = money.map((index) => perCodeSql(measures[index]!, index, keys))
  const outputs = measures.map((measure, index) =>
    isMoney(measure) ? `c${index}.codes` : outputSql(measure, index),
  )
  const joins = money.map((index) => ` left join c${index} on c${index}.k = totals.k`).join('')
  const text =
    `with ${[base, `totals as (select ${[...keys, ...keyed, ...totals].join(', ')} from base${by})`, ...perCode].join(', ')} ` +
    `select ${[...keys.map((key) => `totals.${key}`), ...outputs].join(', ')} from totals${joins} ` +
    `${orderSql(aggregate)} limit ${aggregate.limit}`
  return { text, slots: params.slots, read: createRead(codecs, aggregate) }
}

/** The moment or day that begins the bucket; a calendar day in the organisation's time zone. */
function groupSql(compiler: Compiler, source: Source, { path, bucket }: Group): string {
  const value = reach(compiler, source, path)
  if (bucket === null) return value
  const local =
    domainOf(path.field, path.part) === 'instant'
      ? `(${value} at time zone ${compiler.params.share('zone', (run) => run.ctx.org.timeZone)}::text)`
      : `(${value})::timestamp`
  return `date_trunc('${bucket}', ${local})::date`
}

function reach(compiler: Compiler, source: Source, path: FieldPath<Field>): string {
  return compiler.reach(source, path.steps, path.field, path.part)
}

/** `v0` is what is measured, `f0` whether the record counts, `c0` the currency of an amount. */
function measureInputs(compiler: Compiler, source: Source, aggregate: Aggregate): string[] {
  let operand = operandsOf(aggregate.condition).length
  return aggregate.measures.flatMap((measure, index) => {
    const { path, condition } = measure
    const columns: string[] = []
    if (isFiltered(measure)) {
      columns.push(`(${compiler.filter(source, condition, operand)}) is true as f${index}`)
      operand += operandsOf(condition).length
    }
    if (path) columns.push(`${reach(compiler, source, path)} as v${index}`)
    if (isMoney(measure)) {
      columns.push(`${reach(compiler, source, { ...path!, part: 'currency' })} as c${index}`)
    }
    return columns
  })
}

function isMoney({ kind, path }: CheckedMeasure): boolean {
  if (kind === 'count' || kind === 'countDistinct') return false
  return path?.field.typeDefinition.kind === 'currency' && path.part === null
}

const functions = { sum: 'sum', avg: 'avg', min: 'min', max: 'max' } as const

function totalSql(measure: CheckedMeasure, index: number): string {
  const { kind, path } = measure
  const filter = isFiltered(measure) ? ` filter (where f${index})` : ''
  if (kind === 'count') return `count(${path ? `v${index}` : '*'})${filter}`
  if (kind === 'countDistinct') return `count(distinct v${index})${filter}`
  return `${functions[kind]}(v${index})${filter}`
}

function isFiltered({ condition }: CheckedMeasure): boolean {
  return !isEverything(condition)
}

/** Sums and averages of whole numbers are numeric to PostgreSQL, which would come as text. */
function outputSql({ kind }: CheckedMeasure, index: number): string {
  return kind === 'sum' || kind === 'avg' ? `totals.m${index}::float8` : `totals.m${index}`
}

function perCodeSql(measure: CheckedMeasure, index: number, keys: readonly string[]): string {
  const filter = isFiltered(measure) ? ` and f${index}` : ''
  const value = `round(${functions[measure.kind as keyof typeof functions]}(v${index}))::text`
  const by = [...keys, `c${index}`].join(', ')
  return (
    `c${index} as (select k, jsonb_agg(jsonb_build_array(code, v) order by code) as codes from ` +
    `(select jsonb_build_array(${keys.join(', ')}) as k, c${index} as code, ${value} as v ` +
    `from base where v${index} is not null${filter} group by ${by}) s group by k)`
  )
}

/** As asked, then by the groups, so that equal answers come in equal order. */
function orderSql({ groups, measures, sort }: Aggregate): string {
  const asked = sort.map(({ name, descending }) => {
    const group = groups.findIndex((one) => one.name === name)
    const measure = measures.findIndex((one) => one.name === name)
    const sql = group >= 0 ? groupOrder(groups[group]!, group) : `totals.m${measure}`
    return `${sql}${descending ? ' desc' : ''} nulls last`
  })
  const rest = groups.flatMap((group, index) => {
    const order = `${groupOrder(group, index)} nulls last`
    return isText(group) ? [order, `totals.g${index} collate "C"`] : [order]
  })
  const all = [...asked, ...rest]
  return all.length > 0 ? `order by ${all.join(', ')}` : ''
}

const isText = ({ path, bucket }: Group) =>
  bucket === null && classOf(path.field, path.part) === 'text'

function groupOrder(group: Group, index: number): string {
  const column = `totals.g${index}`
  return isText(group) ? sortKeySql(column, orderOf(group.path.field)) : column
}

function createRead(codecs: Codecs, { groups, measures }: Aggregate): AggregateSql['read'] {
  return (row, model) => {
    const answer: Record<string, unknown> = {}
    for (const [index, { name, path, bucket }] of groups.entries()) {
      const value = row[index]
      const isPlain = value === null || bucket !== null || path.part !== null
      answer[name] = isPlain
        ? entityName(path, value, model)
        : codecs.of(path.field).format({ main: value })
    }
    for (const [index, measure] of measures.entries()) {
      const value = row[groups.length + index]
      answer[measure.name] = isMoney(measure)
        ? readMoney(codecs, measure.path!.field, value)
        : readTotal(codecs, measure, value)
    }
    return answer
  }
}

/** References are kept with the entity's own name and given with the name in its address. */
function entityName({ field, part }: FieldPath<Field>, value: unknown, model: Model): unknown {
  if (field.typeDefinition.kind !== 'reference' || part !== 'entity') return value
  return model.entities.get(String(value))?.plural ?? value
}

function readMoney(codecs: Codecs, field: Field, codes: unknown): unknown[] {
  return ((codes ?? []) as [string, string][]).map(([currency, units]) =>
    codecs.of(field).format({ main: units, parts: { currency } }),
  )
}

function readTotal(codecs: Codecs, { kind, path }: CheckedMeasure, value: unknown): unknown {
  const isValue = (kind === 'min' || kind === 'max') && value !== null && path !== null
  return isValue ? codecs.of(path.field).format({ main: value }) : value
}
