import type { Condition } from '../access/condition-tree.ts'
import type { RequestContext } from '../context/request-context.ts'
import type { Entity, Field } from '../model/model.ts'
import type { ExpandTree } from './expand.ts'
import type { Codecs } from './fields.ts'
import { createParams, type Params, type Slot } from './params.ts'
import { compileProjection, type Projection } from './projection.ts'
import { type Compiler, createCompiler, living, ofEntitySql, type Source } from './query.ts'
import { isById, orderSql, type SortKey } from './sort.ts'

/** A list as it was asked for, checked; only what decides its SQL. */
export interface ListShape {
  readonly condition: Condition<Field>
  readonly sort: readonly SortKey[]
  readonly fields: ReadonlySet<string> | null
  readonly expand: ExpandTree
  /** Rows at most. */
  readonly limit: number
  /** Per sort key whether the page before ended with null; null on the first page. */
  readonly after: readonly boolean[] | null
  readonly offset: boolean
  readonly deleted: boolean
  /**
   * Of a list that is sorted by an indexed field: the records that have a value in it, in the order of its
   * index, or those that have none, which come behind.
   */
  readonly phase?: 'filled' | 'blank'
}

/** Where the values of a list's run stand. */
const listValues = { id: 0, offset: 1, position: 2 } as const

export interface ListSql {
  readonly text: string
  readonly slots: readonly Slot[]
  readonly projection: Projection
  /** Where the values stand by which the list is sorted; empty when it is the id alone. */
  readonly sortAt: readonly number[]
}

/** So many records are looked up and sorted in some 10 ms; more are met soon enough in the list's own order. */
const mostBeginning = 2_000

/**
 * One statement for a page, expanded records and all.
 *
 * The planner knows little of how many texts begin alike, and then reads all records in the order of the list
 * to find the few that do. So the index is asked first: either its records are all there are to be looked at,
 * or there are very many.
 *
 * A page that begins far down is looked for among ids and what they are sorted by: whole records would be sorted
 * on disk, all for the sake of a few.
 */
export function compileList(
  ctx: RequestContext,
  codecs: Codecs,
  entity: Entity,
  shape: ListShape,
): ListSql {
  const params = createParams()
  const compiler = createCompiler(ctx, codecs, params)
  const source = { alias: 't', entity }
  const beginning = compiler.beginning(source, shape.condition)
  const inOrder = () => `${entity.table} t`
  const page = (from: () => string, more?: string) =>
    compilePage(ctx, compiler, source, shape, from, more)
  const isFar = beginning === null && shape.offset && !shape.sort.every(isById)
  if (beginning === null && shape.expand.size === 0 && !isFar) {
    const { values, sort, text } = page(inOrder)
    return answer(sort, values, () => text)
  }
  const taken = ({ values, sort, text }: Page) => {
    const positions = unlessById(sort, values).map((sql, index) => `, ${sql} as "_s${index}"`)
    return `select ${isFar ? 't.org_id, t.id' : 't.*'}${positions.join('')} ${text}`
  }
  const isFew = `(select count(*) <= ${mostBeginning} from few)`
  const pages =
    beginning === null
      ? [page(inOrder)]
      : [page(() => compiler.rowsOf(source, 'few'), isFew), page(inOrder, `not ${isFew}`)]
  const few =
    beginning === null ? '' : `with few as materialized (${beginning} limit ${mostBeginning + 1}) `
  // The page is taken first, so that expanding touches its records only.
  const rows =
    pages.length === 1
      ? taken(pages[0]!)
      : pages.map((one) => `(${taken(one)})`).join(' union all ')
  compiler.startJoins()
  const { sort, values } = pages[0]!
  const from = isFar
    ? `(${rows}) p join ${entity.table} t on t.org_id = p.org_id and t.id = p.id`
    : `(${rows}) t`
  const names = unlessById(sort, values).map((_, index) => `${isFar ? 'p' : 't'}."_s${index}"`)
  const order = orderBy(sort, names.length > 0 ? names : ['t.id'], source)
  return answer(sort, names, () => `from ${from}${compiler.joins()} order by ${order}`, few)

  /** @param tail asked for when the columns are known. */
  function answer(
    keys: readonly SortKey[],
    positions: readonly string[],
    tail: () => string,
    before = '',
  ): ListSql {
    const projection = compileProjection(compiler, codecs, ctx.ability, source, {
      fields: shape.fields,
      expand: shape.expand,
      offset: 0,
    })
    const sorted = unlessById(keys, positions).map((sql, index) => positionSql(keys[index]!, sql))
    return {
      text: `${before}select ${[...projection.columns, ...sorted].join(', ')} ${tail()}`,
      slots: params.slots,
      projection,
      sortAt: sorted.map((_, index) => projection.columns.length + index),
    }
  }
}

/** Of a list in the order of the ids alone, the id is its position. */
function unlessById(sort: readonly SortKey[], values: readonly string[]): readonly string[] {
  return sort.every(isById) ? [] : values
}

interface Page {
  /** From `from` to `limit`. */
  readonly text: string
  readonly sort: readonly SortKey[]
  /** What each key sorts by. */
  readonly values: readonly string[]
}

/** @param from where the rows of `source` come from. */
function compilePage(
  ctx: RequestContext,
  compiler: Compiler,
  source: Source,
  shape: ListShape,
  from: () => string,
  more: string | null = null,
): Page {
  compiler.startJoins()
  const rows = from()
  const where = [...whereOf(ctx, compiler, source, shape), ...(more === null ? [] : [more])]
  const keys = shape.sort.map((key) => ({
    key,
    sql: compiler.reach(source, key.path.steps, key.path.field, key.path.part),
  }))
  const [first] = keys
  if (first && shape.phase === 'blank') where.push(`${first.sql} is null`)
  if (first && shape.phase === 'filled') {
    const sql = compiler.copy(source, first.key.path.field)!
    where.push(`${sql} is not null`)
    keys[0] = { key: { ...first.key, nullable: false, isFolded: true }, sql }
  }
  if (shape.after) where.push(afterSql(shape, keys, compiler.params, source))
  const sort = keys.map(({ key }) => key)
  const values = keys.map(({ sql }) => sql)
  return {
    text:
      `from ${rows}${compiler.joins()} where ${where.join(' and ')} ` +
      `order by ${orderBy(sort, values, source)} limit ${shape.limit}${offsetSql(shape, compiler.params)}`,
    sort,
    values,
  }
}

/** How many records a list has in all. @param most stops counting there. */
export function compileCount(
  ctx: RequestContext,
  codecs: Codecs,
  entity: Entity,
  shape: Pick<ListShape, 'condition' | 'deleted'>,
  most: number | null,
): { readonly text: string; readonly slots: readonly Slot[] } {
  const { params, where, joins } = compileWhere(ctx, codecs, entity, shape)
  const from = `from ${entity.table} t${joins()} where ${where.join(' and ')}`
  const text =
    most === null
      ? `select count(*) as n ${from}`
      : `select count(*) as n from (select 1 ${from} limit ${most}) t`
  return { text, slots: params.slots }
}

interface Where {
  readonly compiler: Compiler
  readonly params: Params
  readonly source: Source
  readonly where: string[]
  joins(): string
}

/** `$1` is the organisation. */
export function compileWhere(
  ctx: RequestContext,
  codecs: Codecs,
  entity: Entity,
  asked: Pick<ListShape, 'condition' | 'deleted'>,
): Where {
  const params = createParams()
  const compiler = createCompiler(ctx, codecs, params)
  const source = { alias: 't', entity }
  const where = whereOf(ctx, compiler, source, asked)
  return { compiler, params, source, where, joins: () => compiler.joins() }
}

/** Which records are meant. The organisation is said here besides the policy of the table. */
function whereOf(
  { ability }: RequestContext,
  compiler: Compiler,
  source: Source,
  { condition, deleted }: Pick<ListShape, 'condition' | 'deleted'>,
): string[] {
  const { ref } = source.entity
  const org = compiler.params.share('org', (run) => run.ctx.org.id)
  const where = [`${source.alias}.org_id = ${org}`]
  if (deleted) {
    // Deleted records are shown to whoever could bring them back.
    where.push(`${source.alias}.deleted_at is not null${ofEntitySql(source)}`)
    where.push(compiler.allowed(source, ability.condition('restore', ref)))
  } else {
    where.push(living(source))
  }
  where.push(compiler.allowed(source, ability.condition('read', ref)))
  where.push(compiler.filter(source, condition, 0))
  return where.filter((sql) => sql !== 'true')
}

function orderBy(sort: readonly SortKey[], values: readonly string[], { alias }: Source): string {
  const parts = sort.map((key, index) => {
    const direction = key.descending ? ' desc' : ''
    // Only where there can be nulls: an index is read backwards for a plain `desc` alone.
    return `${orderSql(key, values[index]!)}${direction}${key.nullable ? ' nulls last' : ''}`
  })
  if (!sort.some(isById)) parts.push(`${alias}.id${tieDirection(sort)}`)
  return parts.join(', ')
}

/** Ties go the way of the last key, so that one index can serve both. */
function tieDirection(sort: readonly SortKey[]): string {
  return sort.at(-1)!.descending ? ' desc' : ''
}

/** The records behind the position: equal in the first keys and behind in the next, nulls last. */
function afterSql(
  { sort, after }: ListShape,
  keys: readonly { readonly key: SortKey; readonly sql: string }[],
  params: Params,
  source: Source,
): string {
  const byId = sort.some(isById)
  const id = () => `${params.share('position id', (run) => run.values[listValues.id])}::uuid`
  const alternatives: string[] = []
  const equal: string[] = []
  for (const [index, { key, sql }] of keys.entries()) {
    const wasNull = after![index]!
    const value = () => positionParam(key, params, `position ${index}`, listValues.position + index)
    const isBehind = isById(key)
      ? `${sql} ${key.descending ? '<' : '>'} ${id()}`
      : wasNull
        ? null
        : behindSql(key, sql, value())
    if (isBehind !== null) alternatives.push([...equal, isBehind].join(' and '))
    if (isById(key)) break
    equal.push(wasNull ? `${sql} is null` : `${orderSql(key, sql)} = ${orderSql(key, value())}`)
  }
  if (!byId) {
    const sign = sort.at(-1)!.descending ? '<' : '>'
    alternatives.push([...equal, `${source.alias}.id ${sign} ${id()}`].join(' and '))
  }
  const behind = `(${alternatives.map((sql) => `(${sql})`).join(' or ')})`
  const [first] = keys
  if (!first || byId || first.key.nullable) return behind
  // Where an index begins to be read; the alternatives alone would let it be read from its beginning.
  const from = orderSql(
    first.key,
    positionParam(first.key, params, 'position 0', listValues.position),
  )
  return `(${orderSql(first.key, first.sql)} ${first.key.descending ? '<=' : '>='} ${from} and ${behind})`
}

function behindSql(key: SortKey, sql: string, value: string): string {
  const sign = key.descending ? '<' : '>'
  const behind = `${orderSql(key, sql)} ${sign} ${orderSql(key, value)}`
  return key.nullable ? `(${behind} or ${sql} is null)` : behind
}

/** What a cursor keeps of a value: moments to the microsecond, which the API does not show. */
function positionSql({ domain }: SortKey, sql: string): string {
  return domain === 'instant' ? `(extract(epoch from ${sql}) * 1000000)::bigint::text` : sql
}

function positionParam(key: SortKey, params: Params, name: string, at: number): string {
  const placeholder = params.share(name, (run) => run.values[at])
  return key.domain === 'instant'
    ? `('epoch'::timestamptz + ${placeholder}::bigint * interval '1 microsecond')`
    : `${placeholder}::${key.class}`
}

function offsetSql({ offset }: ListShape, params: Params): string {
  if (!offset) return ''
  return ` offset ${params.share('offset', (run) => run.values[listValues.offset])}::bigint`
}
