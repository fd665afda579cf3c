import type { EntityInfo, FieldInfo, FieldValues, RecordData } from '@runwaycrm/sdk'
import type { CellRange } from './cell-range.ts'
import { editStyle } from './edit-style.ts'
import { isEmptyValue, sameValue } from './read-value.ts'

export interface FillTarget {
  readonly entity: EntityInfo
  readonly fields: readonly FieldInfo[]
  readonly records: readonly RecordData[]
}
export interface CellChanges {
  readonly changes: readonly { readonly record: RecordData; readonly values: FieldValues }[]
  /** Labels of the fields that are not written by hand. */
  readonly skipped: readonly string[]
}

/**
 * The rows of `source` over and over down to the bottom of `range`. A source of one row is what Cmd+D fills with, one of
 * several repeats as a pattern.
 */
export function fillCells(target: FillTarget, source: CellRange, range: CellRange): CellChanges {
  const height = source.bottom - source.top + 1
  return eachCell(target, { ...range, top: source.bottom + 1 }, (field, row) => {
    const from = target.records[source.top + ((row - source.top) % height)]
    return from?.[field.apiName] ?? null
  })
}

/** Nothing in every cell; what may not be blank stays. */
export const clearCells = (target: FillTarget, range: CellRange): CellChanges =>
  eachCell(target, range, () => null)

function eachCell(
  { entity, fields, records }: FillTarget,
  { top, bottom, left, right }: CellRange,
  newValue: (field: FieldInfo, row: number) => unknown,
): CellChanges {
  const skipped = new Set<string>()
  const changes = records.slice(top, bottom + 1).flatMap((record, down) => {
    const values: Record<string, unknown> = {}
    for (const field of fields.slice(left, right + 1)) {
      const value = newValue(field, top + down)
      if (sameValue(record[field.apiName], value)) continue
      const isWritable = entity.can.update && editStyle(field) !== 'none'
      if (!isWritable || (field.required && isEmptyValue(value))) skipped.add(field.label)
      else values[field.apiName] = value
    }
    return Object.keys(values).length > 0 ? [{ record, values }] : []
  })
  return { changes, skipped: [...skipped] }
}
