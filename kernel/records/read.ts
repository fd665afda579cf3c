import {
  type AggregateQuery,
  BadCursorError,
  type Filter,
  ForbiddenError,
  InvalidError,
  type ListQuery,
  NotFoundError,
  type RecordData,
  type RecordPage,
  ScopeMissingError,
  toId,
  UnknownFieldError,
} from '@runwaycrm/sdk'
import { isMany } from '../access/condition-tree.ts'
import { canReadField } from '../access/field-mask.ts'
import type { RequestContext } from '../context/request-context.ts'
import type { Database, Result, Statement } from '../database/postgres.ts'
import type { Entity } from '../model/model.ts'
import { createAggregator } from './aggregate.ts'
import { type Position, questionOf, readCursor, writeCursor } from './cursor.ts'
import { type ExpandTree, nothingExpanded, parseExpand } from './expand.ts'
import { attachMany, type FetchMany } from './expand-many.ts'
import type { Codecs } from './fields.ts'
import { checkFilter, everything, followsRelations, operandsOf, shapeOf } from './filter.ts'
import { compileCount, compileList, type ListShape, type ListSql } from './list-sql.ts'
import { createParams, type QueryRun } from './params.ts'
import { type Compiled, createPlans } from './plans.ts'
import { compileProjection, type Projection } from './projection.ts'
import { createCompiler } from './query.ts'
import { isOrderedSlot, seesCopies } from './slots.ts'
import { parseSort, type SortKey } from './sort.ts'
import { storageOf } from './storage-columns.ts'

export interface ReaderDeps {
  readonly db: Pick<Database, 'batch'>
  readonly codecs: Codecs
}

export interface GetOptions {
  readonly fields?: readonly string[]
  readonly expand?: readonly string[]
}

/** The one way in which records are read: under the ability of whoever asks, masked, within the org. */
export interface Reader {
  /** @throws ForbiddenError, UnknownFieldError, BadFilterError, BadSortError, BadExpandError, BadCursorError, CursorMismatchError, QueryTooCostlyError */
  list(ctx: RequestContext, entity: Entity, query?: ListQuery): Promise<RecordPage>
  /** @throws NotFoundError when there is none that the reader may see. */
  get(ctx: RequestContext, entity: Entity, id: string, options?: GetOptions): Promise<RecordData>
  /** Those that there are and that the reader may see, in the order of the ids. */
  getMany(
    ctx: RequestContext,
    entity: Entity,
    ids: readonly string[],
    options?: GetOptions,
  ): Promise<ReadonlyMap<string, RecordData>>
  /** @param deleted of the deleted records instead of the living. */
  count(ctx: RequestContext, entity: Entity, filter?: Filter, deleted?: boolean): Promise<number>
  /** @throws UnknownFieldError, BadFilterError, BadSortError, InvalidError, QueryTooCostlyError */
  aggregate(
    ctx: RequestContext,
    entity: Entity,
    query: AggregateQuery,
  ): Promise<{ readonly data: readonly Readonly<Record<string, unknown>>[] }>
}

const listLimits = { limit: 200, defaultLimit: 25, offset: 100_000 } as const

/** Up to here an estimate is a count. */
const estimatedFrom = 10_000

export function createReader({ db, codecs }: ReaderDeps): Reader {
  const plans = createPlans()

  function run(ctx: RequestContext, statements: readonly Statement[]): Promise<Result[]> {
    return ctx.tx ? ctx.tx.run(statements) : db.batch(ctx.org.id, statements)
  }

  async function list(
    ctx: RequestContext,
    entity: Entity,
    query: ListQuery = {},
  ): Promise<RecordPage> {
    assertMayRead(ctx, entity)
    const asked = readListQuery(ctx, entity, query, codecs)
    const { shape, question, limit } = asked
    const queryRun: QueryRun = { ctx, operands: operandsOf(shape.condition), values: asked.values }
    const planOf = (one: ListShape) =>
      plans.of(ctx, entity, listKey('list', one), isLocal(entity, one), () =>
        compileList(ctx, codecs, entity, one),
      )
    let plan = planOf(shape)
    const statements = [plan.statement(queryRun)]
    if (query.count) statements.push(...countStatements(ctx, entity, shape, queryRun, query.count))
    const results = await run(ctx, statements)
    let rows = results[0]!.rows as unknown as readonly (readonly unknown[])[]
    if (shape.phase === 'filled' && rows.length <= limit) {
      // Those without a value come behind those with one, from their beginning.
      plan = planOf({ ...shape, phase: 'blank', after: null })
      const [behind] = await run(ctx, [plan.statement(queryRun)])
      rows = [...rows, ...(behind!.rows as unknown as readonly (readonly unknown[])[])]
    }
    const { projection } = plan.compiled
    const data: RecordData[] = []
    for (let index = 0; index < rows.length && index < limit; index++) {
      data.push(projection.read(rows[index]!, ctx.model))
    }
    const full = await attachMany(ctx, shape.expand, data, fetchMany)
    const last = rows.length > limit ? rows[limit - 1]! : null
    const nextCursor = last ? writeCursor(question, ctx.now, positionOf(last, plan.compiled)) : null
    const count = query.count ? countOf(results, query.count) : undefined
    return { data: full, page: count === undefined ? { nextCursor } : { nextCursor, count } }
  }

  function countStatements(
    ctx: RequestContext,
    entity: Entity,
    shape: ListShape,
    queryRun: QueryRun,
    kind: 'exact' | 'estimate',
  ): Statement[] {
    const most = kind === 'exact' ? null : estimatedFrom + 1
    const countPlan = plans.of(
      ctx,
      entity,
      listKey(`count ${most}`, shape),
      isLocal(entity, shape),
      () => compileCount(ctx, codecs, entity, shape, most),
    )
    const statement = countPlan.statement(queryRun)
    if (kind === 'exact') return [statement]
    const whole = plans.of(ctx, entity, listKey('count null', shape), isLocal(entity, shape), () =>
      compileCount(ctx, codecs, entity, shape, null),
    )
    const { text, values } = whole.statement(queryRun)
    // The planner's guess counts the rows before `count(*)`.
    const rowsOnly = text.replace('select count(*) as n', 'select 1')
    return [statement, { text: `explain (format json) ${rowsOnly}`, values, rowMode: 'array' }]
  }

  async function get(
    ctx: RequestContext,
    entity: Entity,
    id: string,
    options: GetOptions = {},
  ): Promise<RecordData> {
    const uuid = toId(id)
    const found = uuid === null ? null : await fetchByIds(ctx, entity, 'one', uuid, options)
    if (!found || found.length === 0) throw new NotFoundError()
    return found[0]!
  }

  async function getMany(
    ctx: RequestContext,
    entity: Entity,
    ids: readonly string[],
    options: GetOptions = {},
  ): Promise<ReadonlyMap<string, RecordData>> {
    const uuids = [...new Set(ids.flatMap((id) => toId(id) ?? []))]
    if (uuids.length === 0) return new Map()
    const found = await fetchByIds(ctx, entity, 'many', uuids, options)
    const byId = new Map(found.map((record) => [record.id, record]))
    return new Map(uuids.flatMap((id) => (byId.has(id) ? [[id, byId.get(id)!] as const] : [])))
  }

  async function fetchByIds(
    ctx: RequestContext,
    entity: Entity,
    how: 'one' | 'many',
    ids: string | readonly string[],
    options: GetOptions,
  ): Promise<readonly RecordData[]> {
    if (!ctx.ability.can('read', entity.ref)) return []
    const expand = readExpand(ctx, entity, options.expand)
    const fields = withLists(readFields(ctx, entity, options.fields), expand)
    const key = `${how} ${options.fields ?? '*'} ${options.expand ?? ''}`
    const plan = plans.of(ctx, entity, key, expand.size === 0 && !hasLinks(entity), () =>
      compileById(ctx, codecs, entity, how, fields, expand),
    )
    const [result] = await run(ctx, [plan.statement({ ctx, operands: [], values: [ids] })])
    const rows = result!.rows as unknown as readonly (readonly unknown[])[]
    const records = rows.map((row) => plan.compiled.projection.read(row, ctx.model))
    return attachMany(ctx, expand, records, fetchMany)
  }

  const fetchMany: FetchMany = (ctx, entity, ids, expand) => getMany(ctx, entity, ids, { expand })

  async function count(
    ctx: RequestContext,
    entity: Entity,
    filter?: Filter,
    deleted = false,
  ): Promise<number> {
    assertMayRead(ctx, entity)
    const condition = checkFilter(ctx, entity, filter, codecs)
    const shape = { condition, deleted }
    const key = `count null ${shapeOf(condition)} ${deleted}`
    const plan = plans.of(ctx, entity, key, !followsRelations(condition), () =>
      compileCount(ctx, codecs, entity, shape, null),
    )
    const results = await run(ctx, [
      plan.statement({ ctx, operands: operandsOf(condition), values: [] }),
    ])
    return cell(results[0]!) as number
  }

  const aggregated = createAggregator({ plans, codecs, run })
  return {
    list,
    get,
    getMany,
    count,
    async aggregate(ctx, entity, query) {
      assertMayRead(ctx, entity)
      return aggregated(ctx, entity, query)
    },
  }
}

/** @throws ForbiddenError, ScopeMissingError when the reader may see no record of the entity at all. */
function assertMayRead({ ability }: RequestContext, { ref }: Entity): void {
  if (ability.can('read', ref)) return
  const reason = ability.reason('read', ref, null) ?? undefined
  if (ability.missingScope('read', ref) !== null) throw new ScopeMissingError(reason)
  throw new ForbiddenError(reason)
}

interface AskedList {
  readonly shape: ListShape
  readonly question: string
  readonly limit: number
  readonly values: readonly unknown[]
}

function readListQuery(
  ctx: RequestContext,
  entity: Entity,
  query: ListQuery,
  codecs: Codecs,
): AskedList {
  const { limit = listLimits.defaultLimit, offset = 0 } = query
  assertRange('limit', limit, 1, listLimits.limit)
  assertRange('offset', offset, 0, listLimits.offset)
  const condition =
    query.filter === undefined ? everything : checkFilter(ctx, entity, query.filter, codecs)
  const sort = parseSort(ctx, entity, query.sort)
  const expand = readExpand(ctx, entity, query.expand)
  const { principal } = ctx
  const deleted = query.deleted === 'only'
  const question = questionOf([
    ctx.org.id,
    principal.type,
    principal.id,
    entity.ref,
    query.filter ?? null,
    query.sort ?? '',
    deleted,
  ])
  let after: Position | null = null
  if (query.cursor !== undefined) {
    if (offset > 0) throw new BadCursorError('Use a cursor or an offset, not both.')
    after = readCursor(query.cursor, question, ctx.now, sort)
  }
  const phase = isBySlot(ctx, entity, sort, deleted || offset > 0)
    ? { phase: after?.values[0] === null ? ('blank' as const) : ('filled' as const) }
    : {}
  return {
    question,
    limit,
    values: [after?.id, offset, ...(after?.values ?? [])],
    shape: {
      condition,
      sort,
      fields: withLists(readFields(ctx, entity, query.fields), expand),
      expand,
      // One more tells whether there is a next page.
      limit: limit + 1,
      after: after?.values.map((value) => value === null) ?? null,
      offset: offset > 0,
      deleted,
      ...phase,
    },
  }
}

/** Sorted by the index of a field that the reader sees on every record. */
function isBySlot(
  { ability }: RequestContext,
  entity: Entity,
  [first]: readonly SortKey[],
  isOdd: boolean,
): boolean {
  if (isOdd || !first || first.path.steps.length > 0 || first.path.part !== null) return false
  const { field } = first.path
  return isOrderedSlot(field) && seesCopies(ability, entity, field)
}

function assertRange(name: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return
  const message = `${name} is a whole number from ${least} to ${most}.`
  throw new InvalidError(message, { errors: [{ path: name, code: 'OUT_OF_RANGE', message }] })
}

function readFields(
  ctx: RequestContext,
  entity: Entity,
  names: readonly string[] | undefined,
): ReadonlySet<string> | null {
  if (names === undefined) return null
  for (const name of names) {
    if (entity.byApiName.has(name) && canReadField(ctx.ability, entity, name)) continue
    const message = `There is no field "${name.slice(0, 80)}" on ${entity.plural}, or you may not read it.`
    throw new UnknownFieldError(message, {
      errors: [{ path: 'fields', code: 'UNKNOWN_FIELD', message }],
    })
  }
  return new Set(names)
}

/** The lists whose records are asked for come along. */
function withLists(
  fields: ReadonlySet<string> | null,
  expand: ExpandTree,
): ReadonlySet<string> | null {
  const lists = [...expand.keys()].filter(isMany)
  if (fields === null || lists.length === 0) return fields
  return new Set([...fields, ...lists.map((field) => field.apiName)])
}

function readExpand(
  ctx: RequestContext,
  entity: Entity,
  paths: readonly string[] | undefined,
): ExpandTree {
  return paths === undefined || paths.length === 0
    ? nothingExpanded
    : parseExpand(ctx, entity, paths)
}

function listKey(kind: string, shape: ListShape): string {
  const { condition, sort, fields, expand, limit, after, offset, deleted, phase = '' } = shape
  if (kind !== 'list') return `${kind} ${shapeOf(condition)} ${deleted}`
  const by = sort.map(({ path, descending }) => (descending ? `-${path.name}` : path.name))
  const place = after ? after.map(Number).join('') : offset ? 'offset' : ''
  const wanted = fields === null ? '*' : [...fields]
  return `list ${shapeOf(condition)} ${by} ${wanted} ${expandKey(expand)} ${limit} ${place} ${deleted} ${phase}`
}

function expandKey(tree: ExpandTree): string {
  return [...tree].map(([field, inner]) => `${field.key}(${expandKey(inner)})`).join()
}

/** Lists of ids show what the reader may see of other entities. */
const hasLinks = (entity: Entity) => storageOf(entity).links.length > 0

/** Whether its SQL depends on this entity and the ability alone, and so holds for all models with it. */
function isLocal(entity: Entity, { condition, sort, expand }: ListShape): boolean {
  return (
    expand.size === 0 &&
    !hasLinks(entity) &&
    sort.every(({ path }) => path.steps.length === 0) &&
    !followsRelations(condition)
  )
}

function compileById(
  ctx: RequestContext,
  codecs: Codecs,
  entity: Entity,
  how: 'one' | 'many',
  fields: ReadonlySet<string> | null,
  expand: ExpandTree,
): Compiled & { readonly projection: Projection } {
  const params = createParams()
  const compiler = createCompiler(ctx, codecs, params)
  const source = { alias: 't', entity }
  const org = params.add((queryRun) => queryRun.ctx.org.id)
  const ids = params.add((queryRun) => queryRun.values[0])
  const projection = compileProjection(compiler, codecs, ctx.ability, source, {
    fields,
    expand,
    offset: 0,
  })
  const match = how === 'one' ? `t.id = ${ids}` : `t.id = any(${ids}::uuid[])`
  return {
    text:
      `select ${projection.columns.join(', ')} from ${entity.table} t${compiler.joins()} ` +
      `where t.org_id = ${org} and ${match} and ${compiler.readable(source)}`,
    slots: params.slots,
    projection,
  }
}

function positionOf(row: readonly unknown[], { projection, sortAt }: ListSql): Position {
  const id = row[projection.idAt] as string
  const values = sortAt.length === 0 ? [id] : sortAt.map((at) => row[at])
  return { id, values: values as Position['values'] }
}

function countOf(results: readonly Result[], kind: 'exact' | 'estimate'): number {
  const counted = cell(results[1]!) as number
  if (kind === 'exact' || counted <= estimatedFrom) return counted
  const [{ Plan: plan }] = cell(results[2]!) as [{ Plan: { 'Plan Rows': number } }]
  return Math.max(counted, plan['Plan Rows'])
}

function cell({ rows }: Result): unknown {
  return (rows[0] as unknown as readonly unknown[])[0]
}
