import type { EntityInfo, FieldInfo } from '@runwaycrm/sdk'
import { readJson } from './json-text.ts'
import { isJsonObject, type JsonObject } from './leaf.ts'

/** Fields that a table of any object can show, the title first. */
export function explorerColumns(entity: EntityInfo): readonly FieldInfo[] {
  const all = entity.fields.filter((field) => field.apiName !== 'id')
  const title = all.filter((field) => field.apiName === entity.titleField)
  return [...title, ...all.filter((field) => !title.includes(field))].slice(0, 12)
}

export type ConsoleQuery =
  | { readonly kind: 'list' | 'aggregate'; readonly plural: string; readonly query: JsonObject }
  | { readonly problem: 'json' | 'shape' }

/** `{"list": "leads", "filter": {}}` or `{"aggregate": "leads", "measures": {}}`; it reads and nothing else. */
export function readQuery(text: string): ConsoleQuery {
  const read = readJson(text)
  if (!read.ok) return { problem: 'json' }
  if (!isJsonObject(read.value)) return { problem: 'shape' }
  const { list, aggregate, ...query } = read.value
  const plural = list ?? aggregate
  if (typeof plural !== 'string' || !/^[a-z][a-z0-9-]*$/.test(plural)) return { problem: 'shape' }
  return { kind: list === undefined ? 'aggregate' : 'list', plural, query }
}

/** Rows as texts, with every column that any of them has. */
export function queryRows(rows: readonly Readonly<Record<string, unknown>>[]): {
  readonly columns: readonly string[]
  readonly rows: readonly (readonly string[])[]
} {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))]
  const textOf = (value: unknown): string =>
    value === null || value === undefined
      ? ''
      : typeof value === 'object'
        ? JSON.stringify(value)
        : String(value)
  return { columns, rows: rows.map((row) => columns.map((name) => textOf(row[name]))) }
}
