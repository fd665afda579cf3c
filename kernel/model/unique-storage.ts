import type { FieldTypeDefinition, StorageClass } from '@runwaycrm/sdk'
import { resellerLayer } from './layer.ts'
import type { FieldStorage } from './model.ts'

/** Classes whose values have one text each, so that equal values are equal texts. */
const comparable: ReadonlySet<StorageClass> = new Set([
  'text',
  'float8',
  'bigint',
  'date',
  'timestamptz',
])

/**
 * Whether no two records may have the same value. A column has a unique index; values in `custom` have
 * `tenant.unique_value`. A reseller's layer comes to its customers without a plan that could count what
 * is there twice, so its fields are never unique.
 */
export function canBeUnique(
  storage: FieldStorage,
  { kind }: Pick<FieldTypeDefinition, 'kind'>,
  from: string,
): boolean {
  if (storage.in !== 'custom') return storage.in === 'column'
  return comparable.has(storage.class) && kind !== 'composite' && from !== resellerLayer
}
