import { BadSortError, type StorageClass, UnknownFieldError } from '@runwaycrm/sdk'
import { type Domain, domainOf } from '../access/condition-tree.ts'
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
    return { path, descending, domain: domainOf(field, part), class: classOf(field, part) }
  })
  if (new Set(keys.map(({ path }) => path.name)).size < keys.length) {
    throw new BadSortError('Name each field once.')
  }
  return keys
}

function newestFirst(entity: Entity): readonly SortKey[] {
  const field = entity.byApiName.get('id')!
  const path = { name: 'id', steps: [], field, part: null }
  return [{ path, descending: true, domain: 'id', class: 'uuid' }]
}

function isSortable({ field, part }: FieldPath<Field>): boolean {
  return part === null ? field.typeDefinition.sortable === true : classOf(field, part) === 'text'
}

export function isById({ path }: SortKey): boolean {
  return path.field.apiName === 'id' && path.field.system && path.steps.length === 0
}

/** What the key orders by, of a value or of a placeholder. */
export function orderSql({ path, domain }: SortKey, expression: string): string {
  return domain === 'text' ? sortKeySql(expression, orderOf(path.field)) : expression
}

/** Whether the column can be null, which then comes last, both ways. */
export function isNullable({ path }: SortKey): boolean {
  const never = ['id', 'version', 'createdAt', 'updatedAt']
  return !(path.field.system && path.steps.length === 0 && never.includes(path.field.apiName))
}
