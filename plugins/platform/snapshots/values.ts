import { isDeepStrictEqual } from 'node:util'
import type { FieldInfo, FieldValues, RecordData } from '@runwaycrm/sdk'

/** What has to be written so that a record says what its copy says; null when it does already. */
export function changesTo(
  copy: FieldValues,
  record: RecordData,
  fields: readonly FieldInfo[],
): FieldValues | null {
  const changes: Record<string, unknown> = {}
  for (const { apiName } of fields) {
    // A field that is younger than the copy keeps what it has.
    if (!Object.hasOwn(copy, apiName)) continue
    const then = written(copy[apiName])
    if (!isDeepStrictEqual(then, written(record[apiName]))) changes[apiName] = then
  }
  return Object.keys(changes).length > 0 ? changes : null
}

/** A value as it is sent: files by their ids. */
function written(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(written)
  if (typeof value !== 'object' || value === null) return value ?? null
  const { id, url } = value as { readonly id?: unknown; readonly url?: unknown }
  return typeof id === 'string' && typeof url === 'string' ? id : value
}
