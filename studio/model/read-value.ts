import type { FieldInfo, RecordData } from '@runwaycrm/sdk'

/** A money value as the API carries it. */
export interface Money {
  readonly amount: string
  readonly currency: string
}
export const isMoney = (value: unknown): value is Money =>
  typeof value === 'object' && value !== null && 'amount' in value && 'currency' in value

export const isEmptyValue = (value: unknown): boolean =>
  value === null ||
  value === undefined ||
  value === '' ||
  (Array.isArray(value) && value.length === 0)

/** The related record that came with `expand`, under the field's key. */
export function expandedRecord(record: RecordData, field: FieldInfo): RecordData | null {
  const value = record[field.key]
  return typeof value === 'object' && value !== null && 'id' in value ? (value as RecordData) : null
}

/** Equal enough that saving would change nothing. */
export function sameValue(a: unknown, b: unknown): boolean {
  if (isEmptyValue(a) && isEmptyValue(b)) return true
  return JSON.stringify(a) === JSON.stringify(b)
}

/** The name of a record for people. */
export function recordTitle(record: RecordData | null | undefined, titleField: string): string {
  const value = record?.[titleField]
  if (typeof value === 'string' && value.trim() !== '') return value
  if (typeof value === 'number') return String(value)
  return typeof value === 'object' ? namedText(value) : ''
}

/** A name of parts or a place as one line; empty for other structures. */
export function namedText(value: unknown): string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return ''
  const found = joined.find(({ key }) => key in value)
  if (!found) return ''
  const parts = value as Readonly<Record<string, unknown>>
  return found.order
    .map((name) => parts[name])
    .filter((part) => !isEmptyValue(part))
    .join(found.by)
}
const joined = [
  { key: 'last', order: ['prefix', 'first', 'middle', 'last', 'suffix'], by: ' ' },
  { key: 'street', order: ['street', 'postalCode', 'city', 'region', 'country'], by: ', ' },
  { key: 'lat', order: ['lat', 'lng'], by: ', ' },
] as const
