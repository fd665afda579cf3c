import type { EntityInfo, FieldInfo } from '@runwaycrm/sdk'
import type { ViewInfo } from '../api/model.ts'
import { fieldKind, isTemporal } from './field-kinds.ts'

/** Which fields stand where on a card: at most one figure, line, tag, date and person. */
export interface CardParts {
  readonly figure: FieldInfo | null
  readonly line: FieldInfo | null
  readonly tag: FieldInfo | null
  readonly date: FieldInfo | null
  readonly person: FieldInfo | null
}

/**
 * Picks them out of the columns in their order; `without` is what the place itself says already,
 * e.g. the field a board is grouped by.
 */
export function cardParts(
  entity: EntityInfo,
  columns: readonly FieldInfo[],
  without?: string,
): CardParts {
  const rest = columns.filter(
    (field) => field.apiName !== entity.titleField && field.apiName !== without,
  )
  const first = (fits: (field: FieldInfo) => boolean): FieldInfo | null => rest.find(fits) ?? null
  const kindIs =
    (...kinds: string[]) =>
    (field: FieldInfo): boolean =>
      kinds.includes(fieldKind(field))
  const line =
    first((field) => field.apiName === entity.subtitleField) ??
    first(kindIs('relation')) ??
    first(kindIs('text', 'email', 'phone', 'url'))
  return {
    figure:
      first(kindIs('currency')) ??
      first(kindIs('number', 'integer', 'percent', 'rating', 'slider', 'duration')),
    line,
    tag: first((field) => field !== line && kindIs('select')(field)),
    date: first((field) => isTemporal(fieldKind(field))),
    person: first(kindIs('user')),
  }
}

/**
 * The fields that a view names for its cards, without those that are gone or hidden; `columns` where it names
 * none that can be shown.
 */
export function cardFieldsOf(
  view: Pick<ViewInfo, 'cardFields'>,
  fields: ReadonlyMap<string, FieldInfo>,
  columns: readonly FieldInfo[] = [],
): readonly FieldInfo[] {
  const named = (view.cardFields ?? []).flatMap((name) => fields.get(name) ?? [])
  return named.length > 0 ? named : columns
}
