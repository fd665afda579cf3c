import { findPath } from '../access/field-path.ts'
import type { RequestContext } from '../context/request-context.ts'
import type { Point } from '../manifest/point.ts'
import type { Entity, Field } from '../model/model.ts'
import { findReadable } from '../records/filter.ts'

/** A definition under the point `views`. The point's schema marks with `x-names` what names fields. */
export interface ViewDefinition {
  readonly entity: string
  readonly label: string
  readonly order?: number
  readonly hidden?: boolean
  readonly [member: string]: unknown
}

/** What a member with `x-names` holds: a field, a list of them, a sort, or filter JSON. */
type Names = 'field' | 'fields' | 'sort' | 'filter'

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>
  readonly 'x-names'?: Names
}

/**
 * A view as whoever asks may know it: names of fields that are hidden from them are not in it. Names that
 * no field has any more stay, so that a page can say what is missing.
 *
 * @returns null when nothing can be seen through it: it filters by a hidden field, or is no view of its
 *   kind without one.
 */
export function visibleView(
  ctx: RequestContext,
  entity: Entity,
  view: ViewDefinition,
  point: Pick<Point, 'schema' | 'check'>,
): ViewDefinition | null {
  const anybodys = {
    entityOf: (ref: string) => ctx.model.entities.get(ref),
    canSee: () => true,
  }
  const isGone = (name: string) => findPath<Field, Entity>(entity, name, anybodys) === null
  const isShown = (name: string) => findReadable(ctx, entity, name) !== null || isGone(name)
  const seen = withoutHidden(view, point.schema as Schema, isShown)
  return seen && point.check(seen, '').length === 0 ? (seen as ViewDefinition) : null
}

type Members = Readonly<Record<string, unknown>>

function withoutHidden(
  value: Members,
  schema: Schema,
  isShown: (name: string) => boolean,
): Members | null {
  const kept: Record<string, unknown> = {}
  for (const [key, member] of Object.entries(value)) {
    const at = schema.properties?.[key]
    const names = at?.['x-names']
    if (names === 'filter' && !namesIn(member).every(isShown)) return null
    if (names === 'field' && !isShown(String(member))) continue
    const inner =
      names === 'fields'
        ? (member as readonly string[]).filter(isShown)
        : names === 'sort'
          ? sortOf(String(member), isShown)
          : at?.properties && typeof member === 'object' && member !== null
            ? withoutHidden(member as Members, at, isShown)
            : member
    if (inner === null) return null
    if (inner !== '') kept[key] = inner
  }
  return kept
}

const sortOf = (sort: string, isShown: (name: string) => boolean): string =>
  sort
    .split(',')
    .filter((key) => isShown(key.replace(/^-/, '')))
    .join(',')

/** Names of fields that a filter looks at. */
export function namesIn(filter: unknown): string[] {
  if (Array.isArray(filter)) return filter.flatMap(namesIn)
  if (typeof filter !== 'object' || filter === null) return []
  return Object.entries(filter).flatMap(([key, value]) =>
    key.startsWith('$') ? namesIn(value) : [key],
  )
}
