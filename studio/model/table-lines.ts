import type { EntityInfo, FieldInfo, RecordData } from '@runwaycrm/sdk'

/** A line of a table: the head of a group, or a record by its place in the list. */
export type TableLine =
  | { readonly kind: 'group'; readonly key: string; readonly value: unknown }
  | { readonly kind: 'record'; readonly index: number }

/**
 * Records with a head wherever the group changes. The list must be sorted by the group; records of
 * collapsed groups leave no line.
 */
export function tableLines(
  records: readonly RecordData[],
  group: FieldInfo | null,
  collapsed: ReadonlySet<string>,
): readonly TableLine[] {
  if (!group) return records.map((_, index) => ({ kind: 'record', index }))
  const lines: TableLine[] = []
  let last: string | null = null
  for (const [index, record] of records.entries()) {
    const value = record[group.apiName] ?? null
    const key = groupKey(value)
    if (key !== last) lines.push({ kind: 'group', key, value })
    last = key
    if (!collapsed.has(key)) lines.push({ kind: 'record', index })
  }
  return lines
}

/** As the figures of groups are keyed: nothing is ''. */
export const groupKey = (value: unknown): string =>
  value === null || value === undefined ? '' : String(value)

/**
 * What a list is sorted by so that groups stand together: the field, or the title of what it points to.
 * @returns null when records cannot be sorted by it.
 */
export function groupSort(
  field: FieldInfo,
  entityOf: (ref: string) => EntityInfo | null,
): string | null {
  const target = field.to ? entityOf(field.to) : null
  if (target) return `${field.key}.${target.titleField}`
  return field.sortable ? field.apiName : null
}
