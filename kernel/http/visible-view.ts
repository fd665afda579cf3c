import type { RequestContext } from '../context/request-context.ts'
import type { Entity } from '../model/model.ts'
import { findReadable } from '../records/filter.ts'

/** A definition under the point `views`, as far as it names fields. */
export interface ViewDefinition {
  readonly entity: string
  readonly label: string
  readonly order?: number
  readonly hidden?: boolean
  readonly kind?: string
  readonly columns?: readonly string[]
  readonly cardFields?: readonly string[]
  readonly filter?: object
  readonly sort?: string
  readonly groupBy?: string
  readonly sumField?: string
  readonly [member: string]: unknown
}

/**
 * A view as whoever asks may know it: names of fields that are hidden from them are not in it.
 *
 * @returns null when nothing can be seen through it, e.g. because it filters by such a field.
 */
export function visibleView(
  ctx: RequestContext,
  entity: Entity,
  view: ViewDefinition,
): ViewDefinition | null {
  const isSeen = (name: string) => findReadable(ctx, entity, name) !== null
  const { columns, cardFields, filter, sort, groupBy, sumField, ...rest } = view
  if (filter && !namesIn(filter).every(isSeen)) return null
  const isGrouped = groupBy !== undefined && isSeen(groupBy)
  if (view.kind === 'board' && !isGrouped) return null
  const shown = columns?.filter(isSeen)
  if (columns && shown?.length === 0) return null
  const order = sort?.split(',').filter((key) => isSeen(key.replace(/^-/, '')))
  return {
    ...rest,
    ...(shown ? { columns: shown } : {}),
    ...(cardFields ? { cardFields: cardFields.filter(isSeen) } : {}),
    ...(filter ? { filter } : {}),
    ...(order && order.length > 0 ? { sort: order.join(',') } : {}),
    ...(isGrouped ? { groupBy } : {}),
    ...(sumField !== undefined && isSeen(sumField) ? { sumField } : {}),
  }
}

/** Names of fields that a filter looks at. */
export function namesIn(filter: unknown): string[] {
  if (Array.isArray(filter)) return filter.flatMap(namesIn)
  if (typeof filter !== 'object' || filter === null) return []
  return Object.entries(filter).flatMap(([key, value]) =>
    key.startsWith('$') ? namesIn(value) : [key],
  )
}
