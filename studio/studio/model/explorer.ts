import type { EntityInfo } from '@runwaycrm/sdk'
import type { ModelIndex } from '../../model/model-index.ts'
import { readJson } from './json-text.ts'
import { isJsonObject, type JsonObject } from './leaf.ts'

export interface ExplorerGroup {
  readonly key: 'own' | 'crm' | 'platform'
  readonly entities: readonly EntityInfo[]
}

/** Whose objects there are to look into: the organisation's, the plugins', the platform's; by name. */
export function explorerGroups(entities: readonly EntityInfo[]): readonly ExplorerGroup[] {
  const keyOf = ({ ref }: EntityInfo): ExplorerGroup['key'] =>
    ref.startsWith('t:') ? 'own' : /^(?:kernel|platform\.)/.test(ref) ? 'platform' : 'crm'
  const readable = entities
    .filter((one) => one.can.read)
    .toSorted((a, b) => a.labelPlural.localeCompare(b.labelPlural))
  return (['own', 'crm', 'platform'] as const)
    .map((key) => ({ key, entities: readable.filter((one) => keyOf(one) === key) }))
    .filter((group) => group.entities.length > 0)
}

/** Where a record has its own page, whether or not its object is in the navigation. */
export function recordPath(model: ModelIndex, entity: EntityInfo, id: string): string {
  return `${model.pageOf(entity)?.path ?? `/records/${entity.plural}`}/${id}`
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
