import type { EntityInfo, FieldInfo } from '@runwaycrm/sdk'
import { convertCell } from './convert-cell.ts'
import { fillTemplate } from './fill-template.ts'
import type { CsvRow } from './read-csv.ts'
import type { RelationFinder, RelationWish } from './relations.ts'
import { type ColumnTarget, fieldsByName, type ImportSpec, isRelation } from './spec.ts'

/** A row as values, with the relations still to be found. */
export interface MappedRow {
  readonly line: number
  readonly values: Record<string, unknown>
  readonly wishes: readonly RelationWish[]
  /** Field name to the column it came from, for messages. */
  readonly cells: readonly string[]
}

/** Prepares the mapping of one file once; the result maps its rows. */
export function rowMapper(
  spec: ImportSpec,
  header: readonly string[],
  entity: EntityInfo,
  relations: RelationFinder,
): (row: CsvRow) => MappedRow {
  const fields = fieldsByName(entity)
  const columns = header.flatMap((name, index) => {
    const target = Object.hasOwn(spec.columns, name) ? spec.columns[name] : null
    const field = target ? fields.get(target.field) : undefined
    return target && field ? [{ index, target, field }] : []
  })
  const at = new Map(header.map((name, index) => [name, index]))
  const titleField = fields.get(entity.titleField)
  const needsTitle =
    titleField?.required &&
    !titleField.readOnly &&
    !columns.some(({ field }) => field.apiName === entity.titleField)
  /** A file without a column for the required title: the key names the record. */
  const titleOf = (values: Record<string, unknown>, wishes: readonly RelationWish[]) => {
    if (!needsTitle || values[entity.titleField] !== undefined) return undefined
    const key = spec.key.map((name) => values[name]).find((value) => typeof value === 'string')
    return (
      key ?? Object.values(values).find((value) => typeof value === 'string') ?? wishes[0]?.text
    )
  }
  /** What the cell says once its column's words are mapped: "GTX Pro" where the file has "GTXPro". */
  const wordOf = (column: string, row: CsvRow): string => {
    const cell = row.cells[at.get(column) ?? -1] ?? ''
    const mapped = spec.columns[column]?.values
    return mapped && Object.hasOwn(mapped, cell.trim()) ? mapped[cell.trim()]! : cell
  }
  return (row) => {
    const values: Record<string, unknown> = {}
    const wishes: RelationWish[] = []
    for (const { index, target, field } of columns) {
      const value = convertCell(row.cells[index] ?? '', field, target, spec)
      if (value === undefined) continue
      const found = wishesOf(field, target, value, relations)
      if (found.length > 0) wishes.push(...found)
      else values[field.apiName] = value
    }
    for (const [name, template] of Object.entries(spec.defaults)) {
      if (values[name] !== undefined) continue
      const text = fillTemplate(template, (column) => wordOf(column, row))
      if (text !== '') values[name] = text
    }
    const title = titleOf(values, wishes)
    if (title !== undefined) values[entity.titleField] = title
    return { line: row.line, values, wishes, cells: row.cells }
  }
}

/** What a cell names that is still to be found; nothing where it holds ids, or is no relation. */
function wishesOf(
  field: FieldInfo,
  target: ColumnTarget,
  value: unknown,
  relations: RelationFinder,
): RelationWish[] {
  if (!isRelation(field)) return []
  const texts = [value].flat().filter((text) => typeof text === 'string')
  if (!target.relation && texts.every(isUuid)) return []
  const entity = relations.entityOf(field)
  const { by = 'name', create = false } = target.relation ?? {}
  return texts.map((text) => ({ field, entity, by, create, text }))
}

/** The column that a field came from, for the error file. */
export function columnOf(spec: ImportSpec, apiName: string): string {
  for (const [column, target] of Object.entries(spec.columns))
    if (target?.field === apiName) return column
  return ''
}

function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(text)
}
