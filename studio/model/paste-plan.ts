import type { EntityInfo, FieldInfo, FieldValues, RecordData } from '@runwaycrm/sdk'
import type { TextTable } from './clipboard-table.ts'
import { type ReadContext, readCell, type Unread } from './read-cell.ts'
import { sameValue } from './read-value.ts'

/** Cells that are pasted at once; a file with more is imported. */
export const mostPasted = 50_000

/** What a pasted cell becomes. */
export interface PlannedCell {
  readonly field: FieldInfo
  readonly words: string
  readonly before: unknown
  readonly value: unknown
  readonly state: 'changed' | 'same' | 'refused'
  readonly why?: Unread
}
export interface PlannedRow {
  /** Null for a record that is yet to be made. */
  readonly record: RecordData | null
  readonly cells: readonly PlannedCell[]
  /** Why no record can be made of it. */
  readonly why?: Unread
}
export interface PasteCounts {
  readonly changed: number
  readonly same: number
  readonly refused: number
  readonly records: number
  readonly created: number
}

/** Where a block of texts goes: its fields from left to right, its records from top to bottom. */
export interface PasteTarget {
  readonly entity: EntityInfo
  readonly fields: readonly FieldInfo[]
  readonly records: readonly RecordData[]
}

/** One row of what is pasted; rows behind the last record are records to be made. */
export function planRow(
  { entity, fields, records }: PasteTarget,
  block: TextTable,
  at: number,
  context: ReadContext,
): PlannedRow {
  const record = records[at] ?? null
  const cells = (block[at] ?? []).flatMap((words, col) => {
    const field = fields[col]
    return field ? [planCell(entity, field, words, record, context)] : []
  })
  if (record) return { record, cells }
  const given = new Set(
    cells.flatMap((one) => (one.state === 'changed' ? [one.field.apiName] : [])),
  )
  const missing = entity.fields.find(
    (field) =>
      field.required && !field.readOnly && field.default === undefined && !given.has(field.apiName),
  )
  return { record, cells, ...(missing ? { why: { code: 'missing', what: missing.label } } : {}) }
}

function planCell(
  entity: EntityInfo,
  field: FieldInfo,
  words: string,
  record: RecordData | null,
  context: ReadContext,
): PlannedCell {
  const before = record?.[field.apiName] ?? null
  const cell = { field, words, before }
  // What a computed field says anyway is no attempt to write it.
  const read =
    record && !entity.can.update
      ? { ok: false as const, why: { code: 'readOnly' as const } }
      : readCell(field, words, before, context, record === null)
  if (!read.ok) return { ...cell, value: before, state: 'refused', why: read.why }
  return { ...cell, value: read.value, state: sameValue(read.value, before) ? 'same' : 'changed' }
}

export function countPlan(rows: readonly PlannedRow[], canCreate: boolean): PasteCounts {
  const counts = { changed: 0, same: 0, refused: 0, records: 0, created: 0 }
  for (const { record, cells, why } of rows) {
    if (!record && !canCreate) continue
    for (const { state } of cells) counts[state]++
    const changes = cells.some(({ state }) => state === 'changed')
    if (record && changes) counts.records++
    if (!record && changes && !why) counts.created++
    if (!record && why) counts.refused++
  }
  return counts
}

/** What is written of it. @param initial values that every new record gets. */
export function writesOf(
  rows: readonly PlannedRow[],
  canCreate: boolean,
  initial: FieldValues,
): {
  readonly changes: readonly { readonly record: RecordData; readonly values: FieldValues }[]
  readonly creates: readonly FieldValues[]
} {
  const changes: { record: RecordData; values: FieldValues }[] = []
  const creates: FieldValues[] = []
  for (const { record, cells, why } of rows) {
    const changed = cells.filter(({ state }) => state === 'changed')
    if (changed.length === 0 || why) continue
    const values = Object.fromEntries(changed.map(({ field, value }) => [field.apiName, value]))
    if (record) changes.push({ record, values })
    else if (canCreate) creates.push({ ...initial, ...values })
  }
  return { changes, creates }
}
