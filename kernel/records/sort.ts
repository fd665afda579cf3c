import { BadSortError, type StorageClass, UnknownFieldError } from '@runwaycrm/sdk'
import { type Domain, domainOf, isMany } from '../access/condition-tree.ts'
import { fieldMaskOf } from '../access/field-mask.ts'
import type { FieldPath } from '../access/field-path.ts'
import { orderOf } from '../access/match-condition.ts'
import { sortKeySql } from '../access/operators.ts'
import type { RequestContext } from '../context/request-context.ts'
import type { Entity, Field } from '../model/model.ts'
import { classOf } from './column-sql.ts'
import { findReadable } from './filter.ts'

/** One key of a sort. */
export interface SortKey {
  readonly path: FieldPath<Field>
  readonly descending: boolean
  readonly domain: Domain
  readonly class: StorageClass
  /** Whether it can be null, blank or hidden from the reader; that comes last, both ways. */
  readonly nullable: boolean
  /** The value is what it is sorted by already. */
  readonly isFolded?: boolean
}

const maxKeys = 3

/**
 * `-score,createdAt` as keys; without it the newest come first.
 *
 * @throws {UnknownFieldError} for a field that is unknown or hidden.
 * @throws {BadSortError} for a field that has no order, and more than three.
 */
export function parseSort(
  ctx: RequestContext,
  entity: Entity,
  sort: string | undefined,
): readonly SortKey[] {
  const names = (sort ?? '').split(',').filter((name) => name !== '')
  if (names.length === 0) return newestFirst(entity)
  if (names.length > maxKeys) throw new BadSortError(`Sort by at most ${maxKeys} fields.`)
  const keys = names.map((written) => {
    const descending = written.startsWith('-')
    const name = descending ? written.slice(1) : written
    const path = findReadable(ctx, entity, name)
    if (!path) {
      const message = `There is no field "${name.slice(0, 80)}" on ${entity.plural}, or you may not read it.`
      throw new UnknownFieldError(message, {
        errors: [{ path: 'sort', code: 'UNKNOWN_FIELD', message }],
      })
    }
    if (!isSortable(path)) throw new BadSortError(`Records have no order by ${name}.`)
    const { field, part } = path
    const domain = domainOf(field, part)
    const nullable = isNullable(ctx, entity, path)
    return { path, descending, domain, class: classOf(field, part), nullable }
  })
  if (new Set(keys.map(({ path }) => path.name)).size < keys.length) {
    throw new BadSortError('Name each field once.')
  }
  return keys
}

function newestFirst(entity: Entity): readonly SortKey[] {
  const field = entity.byApiName.get('id')!
  const path = { name: 'id', steps: [], field, part: null }
  return [{ path, descending: true, domain: 'id', class: 'uuid', nullable: false }]
}

function isSortable({ field, part, steps }: FieldPath<Field>): boolean {
  // Of several records none is the one to sort by.
  if (steps.some(isMany)) return false
  return part === null ? field.typeDefinition.sortable === true : classOf(field, part) === 'text'
}

export function isById({ path }: SortKey): boolean {
  return path.field.apiName === 'id' && path.field.system && path.steps.length === 0
}

/** What the key orders by, of a value or of a placeholder. */
export function orderSql({ path, domain, isFolded }: SortKey, expression: string): string {
  return domain === 'text' && !isFolded ? sortKeySql(expression, orderOf(path.field)) : expression
}

const neverBlank = ['id', 'version', 'createdAt', 'updatedAt']

/** What is hidden on some records is null there to the reader. */
function isNullable(
  { ability }: RequestContext,
  entity: Entity,
  { field, steps }: FieldPath<Field>,
): boolean {
  if (!field.system || steps.length > 0 || !neverBlank.includes(field.apiName)) return true
  return fieldMaskOf(ability, entity, 'read').get(field.apiName) !== true
}
