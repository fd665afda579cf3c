import {
  type AggregateQuery,
  BadSortError,
  InvalidError,
  type Issue,
  type Measure,
  UnknownFieldError,
} from '@runwaycrm/sdk'
import { type Condition, domainOf, isMany } from '../access/condition-tree.ts'
import type { FieldPath } from '../access/field-path.ts'
import type { RequestContext } from '../context/request-context.ts'
import type { Entity, Field } from '../model/model.ts'
import { classOf } from './column-sql.ts'
import type { Codecs } from './fields.ts'
import { checkFilter, everything, findReadable, followsRelations, shapeOf } from './filter.ts'

export type Bucket = 'day' | 'week' | 'month' | 'quarter' | 'year'
export type MeasureKind = 'count' | 'countDistinct' | 'sum' | 'avg' | 'min' | 'max'

export interface Group {
  /** As it was written, which is also its name in the answer. */
  readonly name: string
  readonly path: FieldPath<Field>
  readonly bucket: Bucket | null
}

export interface CheckedMeasure {
  readonly name: string
  readonly kind: MeasureKind
  /** Null counts records. */
  readonly path: FieldPath<Field> | null
  readonly condition: Condition<Field>
}

/** An aggregate as it was asked for, checked. */
export interface Aggregate {
  readonly condition: Condition<Field>
  readonly groups: readonly Group[]
  readonly measures: readonly CheckedMeasure[]
  readonly sort: readonly { readonly name: string; readonly descending: boolean }[]
  readonly limit: number
}

const aggregateLimits = { groups: 1_000, groupBy: 4, measures: 20, sort: 3 } as const

const buckets: readonly Bucket[] = ['day', 'week', 'month', 'quarter', 'year']
const kinds: readonly MeasureKind[] = ['count', 'countDistinct', 'sum', 'avg', 'min', 'max']
const nameForm = /^(?!__proto__$|constructor$|prototype$)[A-Za-z][A-Za-z0-9_]{0,62}$/

/**
 * @throws {UnknownFieldError} for a field that is unknown or hidden.
 * @throws {BadFilterError}
 * @throws {BadSortError}
 * @throws {InvalidError} naming everything else that is wrong.
 */
export function checkAggregate(
  ctx: RequestContext,
  entity: Entity,
  query: AggregateQuery,
  codecs: Codecs,
): Aggregate {
  const issues: Issue[] = []
  const issue = (path: string, message: string, code: Issue['code'] = 'BAD_FORMAT') => {
    issues.push({ path, code, message })
  }
  const { groupBy = [], measures, limit = aggregateLimits.groups } = query
  if (!Number.isInteger(limit) || limit < 1 || limit > aggregateLimits.groups) {
    issue('limit', `A whole number from 1 to ${aggregateLimits.groups}.`, 'OUT_OF_RANGE')
  }
  if (groupBy.length > aggregateLimits.groupBy) {
    issue('groupBy', `At most ${aggregateLimits.groupBy} fields.`, 'TOO_LONG')
  }
  const entries = Object.entries(measures ?? {})
  if (entries.length === 0) issue('measures', 'Ask for at least one measure.', 'REQUIRED')
  if (entries.length > aggregateLimits.measures) {
    issue('measures', `At most ${aggregateLimits.measures} measures.`, 'TOO_LONG')
  }
  const groups = groupBy.map(({ field, bucket = null }, index): Group => {
    const at = `groupBy[${index}]`
    const path = findOrThrow(ctx, entity, field, `${at}.field`)
    const isTime = ['date', 'instant'].includes(domainOf(path.field, path.part))
    if (bucket !== null && !buckets.includes(bucket)) issue(`${at}.bucket`, `One of ${buckets}.`)
    else if (bucket !== null && !isTime) issue(`${at}.bucket`, 'Only dates have buckets.')
    else if (!isGroupable(path)) issue(`${at}.field`, `Records cannot be grouped by ${field}.`)
    return { name: field, path, bucket }
  })
  const names = groups.map(({ name }) => name)
  if (new Set(names).size < names.length) issue('groupBy', 'Name each field once.')
  const checked = entries.map(([name, measure]): CheckedMeasure => {
    const at = `measures.${name.slice(0, 80)}`
    if (!nameForm.test(name)) issue(at, 'Letters, digits and _, a letter first.')
    if (names.includes(name)) issue(at, 'A measure may not be named like a group.')
    return checkMeasure(ctx, entity, name, measure, at, codecs, issue)
  })
  const condition = checkFilter(ctx, entity, query.filter, codecs)
  const sort = checkSort(query.sort, new Set([...names, ...entries.map(([name]) => name)]))
  if (issues.length > 0) throw new InvalidError(issues[0]!.message, { errors: issues })
  return { condition, groups, measures: checked, sort, limit }
}

function checkMeasure(
  ctx: RequestContext,
  entity: Entity,
  name: string,
  measure: Measure,
  at: string,
  codecs: Codecs,
  issue: (path: string, message: string) => void,
): CheckedMeasure {
  const { filter, ...rest } = (measure ?? {}) as Measure & Record<string, unknown>
  const condition = filter === undefined ? everything : checkFilter(ctx, entity, filter, codecs)
  const given = Object.entries(rest).filter(([, value]) => value !== undefined)
  const [kind, field] = given[0] ?? []
  if (given.length !== 1 || !kinds.includes(kind as MeasureKind) || typeof field !== 'string') {
    issue(at, `One of ${kinds.join(', ')} with the name of a field.`)
    return { name, kind: 'count', path: null, condition }
  }
  if (kind === 'count' && field === '*') return { name, kind, path: null, condition }
  const path = findOrThrow(ctx, entity, field, `${at}.${kind}`)
  const isCounting = kind === 'count' || kind === 'countDistinct'
  const measured = path.part === null ? (path.field.typeDefinition.measures ?? []) : []
  if (isOfMany(path) || (!isCounting && !measured.some((one) => one === kind))) {
    issue(`${at}.${kind}`, `There is no ${kind} of ${field}.`)
  }
  return { name, kind: kind as MeasureKind, path, condition }
}

function findOrThrow(
  ctx: RequestContext,
  entity: Entity,
  name: unknown,
  at: string,
): FieldPath<Field> {
  const path = typeof name === 'string' ? findReadable(ctx, entity, name) : null
  if (path) return path
  const message = `There is no field "${String(name).slice(0, 80)}" on ${entity.plural}, or you may not read it.`
  throw new UnknownFieldError(message, {
    errors: [{ path: at, code: 'UNKNOWN_FIELD', message }],
  })
}

function isOfMany({ field, steps }: FieldPath<Field>): boolean {
  return isMany(field) || steps.some(isMany)
}

function isGroupable(path: FieldPath<Field>): boolean {
  const { field, part } = path
  if (isOfMany(path)) return false
  return part === null
    ? field.typeDefinition.groupable === true
    : ['text', 'uuid'].includes(classOf(field, part))
}

function checkSort(sort: string | undefined, names: ReadonlySet<string>): Aggregate['sort'] {
  const keys = (sort ?? '').split(',').filter((name) => name !== '')
  if (keys.length > aggregateLimits.sort) {
    throw new BadSortError(`Sort by at most ${aggregateLimits.sort} of them.`)
  }
  return keys.map((written) => {
    const descending = written.startsWith('-')
    const name = descending ? written.slice(1) : written
    if (!names.has(name)) {
      throw new BadSortError(`Sort by a group or a measure; "${name.slice(0, 80)}" is neither.`)
    }
    return { name, descending }
  })
}

/** Equal keys give equal SQL. Names of measures become keys of the answer, so they are part of it. */
export function aggregateKey({ condition, groups, measures, sort, limit }: Aggregate): string {
  return JSON.stringify([
    shapeOf(condition),
    groups.map(({ name, bucket }) => [name, bucket]),
    measures.map(({ name, kind, path, condition: own }) => [
      name,
      kind,
      path?.name ?? '*',
      shapeOf(own),
    ]),
    sort,
    limit,
  ])
}

export function isLocalAggregate({ condition, groups, measures }: Aggregate): boolean {
  return (
    ![condition, ...measures.map((measure) => measure.condition)].some(followsRelations) &&
    [...groups, ...measures].every(({ path }) => (path?.steps.length ?? 0) === 0)
  )
}
