import {
  type AggregateQuery,
  BadFilterError,
  type BulkRequest,
  type FieldValues,
  type Filter,
  InvalidError,
  type Issue,
  type ListQuery,
  UnknownFieldError,
} from '@runwaycrm/sdk'
import { timelineKinds } from '../records/timeline.ts'
import { parseJson } from './json-body.ts'
import { namesOf, oneOf, wholeNumber } from './query-values.ts'

export interface PageQuery {
  readonly limit?: number
  readonly cursor?: string
}

export interface BulkByFilter {
  readonly filter: Filter
  readonly update?: FieldValues
  readonly delete?: true
  /** Of what was deleted: the filter is asked about the trash alone. */
  readonly restore?: true
}

export function listQuery(query: Readonly<Record<string, string>>): ListQuery {
  const filter = query['filter']
  const limit = wholeNumber(query, 'limit', { min: 1, max: 200 })
  const offset = wholeNumber(query, 'offset', { min: 0, max: 100_000 })
  const count = oneOf(query, 'count', ['exact', 'estimate'])
  const deleted = oneOf(query, 'deleted', ['only'])
  return {
    ...(filter === undefined || filter === '' ? {} : { filter: parseFilter(filter) }),
    ...(query['sort'] ? { sort: query['sort'] } : {}),
    ...getOptions(query),
    ...(limit === undefined ? {} : { limit }),
    ...(query['cursor'] ? { cursor: query['cursor'] } : {}),
    ...(offset === undefined ? {} : { offset }),
    ...(count === undefined ? {} : { count }),
    ...(deleted === undefined ? {} : { deleted }),
  }
}

export function getOptions(query: Readonly<Record<string, string>>) {
  const fields = namesOf(query['fields'])
  const expand = namesOf(query['expand'])
  return { ...(fields ? { fields } : {}), ...(expand ? { expand } : {}) }
}

export function pageQuery(query: Readonly<Record<string, string>>): PageQuery {
  const limit = wholeNumber(query, 'limit', { min: 1, max: 200 })
  const cursor = query['cursor']
  return { ...(limit === undefined ? {} : { limit }), ...(cursor ? { cursor } : {}) }
}

/** @throws InvalidError for a kind that no timeline has. */
export function timelineTypes(names: readonly string[] | undefined): typeof names {
  const known: readonly string[] = timelineKinds
  const errors = (names ?? [])
    .filter((name) => !known.includes(name))
    .map((name) => ({
      path: 'types',
      code: 'UNKNOWN_OPTION' as const,
      message: `There is no "${name.slice(0, 60)}". Types: ${known.join(', ')}.`,
    }))
  if (errors.length > 0) throw new InvalidError(undefined, { errors })
  return names
}

function parseFilter(json: string): Filter {
  let value: unknown
  try {
    value = parseJson(json)
  } catch (cause) {
    if (isUnknownName(cause)) throw new UnknownFieldError(undefined, { errors: cause.errors })
    throw new BadFilterError('The filter is not JSON that can be used.', { cause })
  }
  return asFilter(value)
}

/** A name that reaches for a prototype is no field, like any other that is none. */
function isUnknownName(error: unknown): error is { readonly errors: readonly Issue[] } {
  return (
    error instanceof InvalidError &&
    error.errors !== undefined &&
    error.errors.every(({ code }) => code === 'UNKNOWN_FIELD')
  )
}

function asFilter(value: unknown): Filter {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Filter
  throw new BadFilterError('The filter must be an object.')
}

const bulkMembers = ['create', 'update', 'upsert', 'delete', 'restore', 'atomic']

/** The shape of a bulk request; what is in the items is the writer's to judge. */
export function bulkRequest(body: Record<string, unknown>): BulkRequest | BulkByFilter {
  const isByFilter = 'filter' in body
  const allowed = isByFilter ? ['filter', 'update', 'delete', 'restore'] : bulkMembers
  const errors = unknownMembers(body, allowed)
  const wrong = (path: string, message: string) =>
    errors.push({ path, code: 'WRONG_TYPE' as const, message })
  if (isByFilter) {
    const wishes = [isObject(body['update']), body['delete'] === true, body['restore'] === true]
    const given = ['update', 'delete', 'restore'].filter((name) => name in body)
    if (given.length !== 1 || !wishes.includes(true)) {
      wrong('update', 'Give `update` with fields, or `"delete": true`, or `"restore": true`.')
    }
    if (errors.length > 0) throw new InvalidError(undefined, { errors })
    return { ...body, filter: asFilter(body['filter']) } as BulkByFilter
  }
  for (const name of ['create', 'update', 'delete', 'restore'] as const) {
    const items = body[name]
    if (items === undefined) continue
    if (!Array.isArray(items)) wrong(name, 'It must be a list.')
    else checkItems(items, name, name !== 'create', errors)
  }
  const { upsert, atomic } = body
  if (atomic !== undefined && typeof atomic !== 'boolean') wrong('atomic', 'True or false.')
  if (upsert !== undefined) {
    if (!isObject(upsert)) wrong('upsert', 'It must be {by, records}.')
    else checkUpsert(upsert, errors)
  }
  if (errors.length > 0) throw new InvalidError(undefined, { errors: errors.slice(0, 200) })
  return body as BulkRequest
}

type Errors = Issue[]

function checkItems(items: readonly unknown[], name: string, withId: boolean, errors: Errors) {
  for (const [index, item] of items.entries()) {
    const path = `${name}[${index}]`
    if (!isObject(item)) errors.push({ path, code: 'WRONG_TYPE', message: 'It must be an object.' })
    else if (withId) checkId(item, path, errors)
  }
}

function checkId(item: Record<string, unknown>, path: string, errors: Errors) {
  const { id, version } = item
  if (typeof id !== 'string') {
    const code = id === undefined ? 'REQUIRED' : 'WRONG_TYPE'
    errors.push({ path: `${path}.id`, code, message: 'The id of the record.' })
  }
  if (version !== undefined && !Number.isSafeInteger(version)) {
    errors.push({ path: `${path}.version`, code: 'WRONG_TYPE', message: 'A whole number.' })
  }
}

function checkUpsert(upsert: Record<string, unknown>, errors: Errors) {
  errors.push(...unknownMembers(upsert, ['by', 'records', 'onDuplicate'], 'upsert.'))
  if (typeof upsert['by'] !== 'string') {
    errors.push({ path: 'upsert.by', code: 'REQUIRED', message: 'The name of a unique field.' })
  }
  if (Array.isArray(upsert['records'])) {
    checkItems(upsert['records'], 'upsert.records', false, errors)
  } else errors.push({ path: 'upsert.records', code: 'REQUIRED', message: 'It must be a list.' })
  const { onDuplicate } = upsert
  if (onDuplicate !== undefined && !['update', 'skip', 'create'].includes(String(onDuplicate))) {
    const message = 'One of: update, skip, create.'
    errors.push({ path: 'upsert.onDuplicate', code: 'UNKNOWN_OPTION', message })
  }
}

/** The shape of an aggregate; its fields are the reader's to judge. */
export function aggregateQuery(body: Record<string, unknown>): AggregateQuery {
  const errors = unknownMembers(body, ['filter', 'groupBy', 'measures', 'sort', 'limit'])
  const wrong = (path: string, message: string) =>
    errors.push({ path, code: 'WRONG_TYPE' as const, message })
  const { groupBy, measures, sort, limit, filter } = body
  if (!isObject(measures)) wrong('measures', 'It must be an object: {"n": {"count": "*"}}.')
  else {
    for (const [name, measure] of Object.entries(measures)) {
      if (!isObject(measure)) wrong(`measures.${name}`, 'It must be an object.')
    }
  }
  if (groupBy !== undefined) {
    if (!Array.isArray(groupBy)) wrong('groupBy', 'It must be a list.')
    else {
      for (const [index, group] of groupBy.entries()) {
        if (!isObject(group) || typeof group['field'] !== 'string') {
          wrong(`groupBy[${index}]`, 'It must be {field, bucket?}.')
        }
      }
    }
  }
  if (sort !== undefined && typeof sort !== 'string') wrong('sort', 'It must be a text.')
  if (limit !== undefined && !(Number.isInteger(limit) && Number(limit) >= 1)) {
    wrong('limit', 'It must be a whole number of at least 1.')
  }
  if (errors.length > 0) throw new InvalidError(undefined, { errors })
  if (filter !== undefined) asFilter(filter)
  return body as unknown as AggregateQuery
}

function unknownMembers(body: object, known: readonly string[], below = ''): Errors {
  return Object.keys(body)
    .filter((name) => !known.includes(name))
    .map((name) => ({
      path: `${below}${name}`,
      code: 'UNKNOWN_FIELD' as const,
      message: `There is no "${name}" here.`,
    }))
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
