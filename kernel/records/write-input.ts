import type { StorageClass } from '@runwaycrm/sdk'
import type { Entity, Field } from '../model/model.ts'
import { identifier, literal } from './sql-text.ts'
import { type StoredPart, storageOf } from './storage-columns.ts'
import type { StorageValues } from './validate.ts'
import type { RowOperation } from './write-checks.ts'
import type { RowItem, WriteValues } from './write-values.ts'

/**
 * What a statement takes in. Statements are made for the fields they write, so that a change of two
 * fields does not carry thirty; rows that write different fields share one that asks row by row.
 */
export interface InputShape {
  /** One row is found by its id, whatever the planner believes of the table. */
  readonly rows: 'one' | 'many'
  /** Typed columns that some row writes. */
  readonly columns: readonly StoredPart[]
  /** Ledger keys that some row writes. */
  readonly given: readonly string[]
  /** Those of them that the model or a hook added in some row. */
  readonly added: readonly string[]
  /** Every row writes all of them, and the same were added. */
  readonly isUniform: boolean
  /** Some row writes into `custom`. */
  readonly hasCustom: boolean
  /** Relations that some row points somewhere, because the actor said so. */
  readonly relations: readonly Field[]
  /** Equal keys, equal shapes of one entity. */
  readonly key: string
}

const nothing: readonly string[] = []

const shapes = new WeakMap<Entity, Map<string, InputShape>>()
const maxShapes = 1_000

export function inputShapeOf(
  entity: Entity,
  operation: RowOperation,
  items: readonly RowItem[],
): InputShape {
  if (operation === 'delete' || operation === 'restore') return items.length === 1 ? idOfOne : ids
  const { columns, given, added, isUniform, hasCustom } = gather(items)
  const relations = storageOf(entity).relations.filter(({ field }) =>
    items.some(({ values }) => values && pointsSomewhere(values, entity, field)),
  )
  const rows = items.length === 1 ? 'one' : 'many'
  const key = `${rows} ${isUniform} ${hasCustom} ${given.join()} ${added.join()} ${columns.join()} ${relations.map(({ field }) => field.key).join()}`
  let known = shapes.get(entity)
  if (!known || known.size >= maxShapes) {
    known = new Map()
    shapes.set(entity, known)
  }
  let shape = known.get(key)
  if (!shape) {
    shape = {
      rows,
      columns: storageOf(entity).columns.filter((part) => columns.includes(part.column ?? '')),
      given,
      added,
      isUniform,
      hasCustom,
      relations: relations.map(({ field }) => field),
      key,
    }
    known.set(key, shape)
  }
  return shape
}

const ids: InputShape = {
  rows: 'many',
  columns: [],
  given: [],
  added: [],
  isUniform: true,
  hasCustom: false,
  relations: [],
  key: 'many',
}
const idOfOne: InputShape = { ...ids, rows: 'one', key: 'one' }

/** What the rows write in all. */
function gather(items: readonly RowItem[]) {
  const first = items[0]?.values
  const columns = Object.keys(first?.columns ?? {})
  const given = [...(first?.given ?? nothing)]
  const added = [...(first?.added ?? nothing)]
  let isUniform = true
  let hasCustom = false
  for (const { values } of items) {
    if (!values) continue
    hasCustom ||= values.unset.length > 0 || Object.keys(values.custom).length > 0
    if (values === first) continue
    if (values.given.length !== first?.given.length) isUniform = false
    if (values.added?.join() !== first?.added?.join()) isUniform = false
    for (const key of values.added ?? nothing) if (!added.includes(key)) added.push(key)
    for (const key of values.given) {
      if (given.includes(key)) continue
      isUniform = false
      given.push(key)
    }
    for (const column in values.columns) if (!columns.includes(column)) columns.push(column)
  }
  return { columns, given, added, isUniform, hasCustom }
}

function pointsSomewhere(values: StorageValues, entity: Entity, field: Field): boolean {
  const main = storageOf(entity).partsOf.get(field)?.[0]
  if (!main || !values.given.includes(main.ledgerKey)) return false
  return main.column === null
    ? values.custom[main.ledgerKey] !== undefined
    : values.columns[main.column] !== null
}

/** The condition that the row at hand writes the value; `alias` names the input. */
export function isGiven(input: InputShape, ledgerKey: string, alias: string): string {
  if (!input.given.includes(ledgerKey)) return 'false'
  return input.isUniform ? 'true' : `${literal(ledgerKey)} = any(${alias}."_given")`
}

/** As `isGiven`, and by the actor: what the model or a hook added is not theirs to answer for. */
export function isAsked(input: InputShape, ledgerKey: string, alias: string): string {
  const given = isGiven(input, ledgerKey, alias)
  if (!input.added.includes(ledgerKey)) return given
  if (input.isUniform) return 'false'
  return `(${given} and ${literal(ledgerKey)} <> all(${alias}."_added"))`
}

type InputColumn = readonly [name: string, type: string, of: (item: RowItem) => unknown]

/**
 * The input as a common table expression: the values of the one row as parameters of their own, or any
 * number of rows as one JSON parameter. Names that begin with `_` cannot be columns of fields.
 */
export function inputSql(input: InputShape, bind: BindValue): string {
  const columns: InputColumn[] = [
    ['id', 'uuid', (item) => item.id],
    ['_version', 'bigint', (item) => item.version],
    ['_n', 'bigint', () => 0],
  ]
  if (!input.isUniform) {
    columns.push(['_given', 'text[]', (item) => item.values?.given])
    columns.push(['_added', 'text[]', (item) => item.values?.added ?? nothing])
  }
  if (input.hasCustom) {
    columns.push(['custom', 'jsonb', ({ values }) => customOf(values?.custom)])
    columns.push(['_unset', 'text[]', ({ values }) => values?.unset ?? nothing])
  }
  for (const part of input.columns) {
    const name = part.column ?? ''
    columns.push([name, part.class, (item) => columnValue(item, name, part.class)])
  }
  if (input.rows === 'many') {
    const names = columns.map(([name, type]) => `${identifier(name)} ${type}`)
    const rows = bind('json', ({ items }) => rowsJson(items))
    return `input as materialized (select * from json_to_recordset(${rows}) as i(${names.join(', ')}))`
  }
  const values = columns.map(
    ([name, type, of]) =>
      `${bind(type, ({ items }) => (items[0] ? of(items[0]) : null))} as ${identifier(name)}`,
  )
  return `input as (select ${values.join(', ')})`
}

/** @returns the placeholder with its cast. */
export type BindValue = (type: string, pick: (values: WriteValues) => unknown) => string

function customOf(custom: Readonly<Record<string, unknown>> | undefined): string | null {
  return custom && Object.keys(custom).length > 0 ? JSON.stringify(custom) : null
}

function columnValue(item: RowItem, column: string, type: StorageClass): unknown {
  const value = item.values?.columns[column] ?? null
  return type === 'jsonb' && value !== null ? JSON.stringify(value) : value
}

function rowsJson(items: readonly RowItem[]): string {
  return JSON.stringify(
    items.map(({ id, version, values }, n) => ({
      ...values?.columns,
      id,
      _version: version,
      _given: values?.given ?? nothing,
      _added: values?.added ?? nothing,
      _n: n,
      ...(values && Object.keys(values.custom).length > 0 ? { custom: values.custom } : {}),
      ...(values && values.unset.length > 0 ? { _unset: values.unset } : {}),
    })),
  )
}
