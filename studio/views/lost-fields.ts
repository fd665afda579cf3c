import type { Filter } from '@runwaycrm/sdk'
import type { ViewInfo } from '../api/model.ts'
import { parseSort, sortText } from '../filters/sort-text.ts'
import { kindInfo, settingAt } from './view-kinds.ts'

/** Whether a name, perhaps a path through a relation, leads to a field that the reader has. */
export type Knows = (name: string) => boolean

/** Names in a view that lead nowhere: fields that were removed, or are hidden from the reader. */
export function lostNames(view: ViewInfo, knows: Knows): readonly string[] {
  const named = [
    ...(view.columns ?? []),
    ...(view.cardFields ?? []),
    ...namesInFilter(view.filter ?? {}),
    ...parseSort(view.sort).map(({ field }) => field),
    ...kindInfo[view.kind].fields.map(({ path }) => settingAt(view, path)),
  ]
  const lost = named.filter((name): name is string => typeof name === 'string' && !knows(name))
  return [...new Set(lost)]
}

/** Names of fields that a filter looks at. */
export function namesInFilter(filter: unknown): readonly string[] {
  if (Array.isArray(filter)) return filter.flatMap(namesInFilter)
  if (typeof filter !== 'object' || filter === null) return []
  return Object.entries(filter).flatMap(([key, value]) =>
    key.startsWith('$') ? namesInFilter(value) : [key],
  )
}

/**
 * The filter without conditions on what is lost, so that the rest of it still holds. Of alternatives the
 * others stay; a `$not` over something lost goes as a whole.
 */
export function withoutLost(filter: Filter, knows: Knows): Filter {
  if (namesInFilter(filter).every(knows)) return filter
  const kept: Record<string, Filter[string]> = {}
  for (const [key, value] of Object.entries(filter)) {
    if ((key === '$and' || key === '$or') && Array.isArray(value)) {
      const parts = (value as readonly Filter[])
        .map((part) => withoutLost(part, knows))
        .filter((part) => Object.keys(part).length > 0)
      if (parts.length > 0) kept[key] = parts
    } else if (namesInFilter({ [key]: value }).every(knows)) kept[key] = value
  }
  return kept
}

export const sortWithoutLost = (sort: string, knows: Knows): string =>
  sortText(parseSort(sort).filter(({ field }) => knows(field)))
