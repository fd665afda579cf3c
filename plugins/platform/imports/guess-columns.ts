import type { EntityInfo, FieldInfo } from '@runwaycrm/sdk'
import { type ColumnTarget, type ImportSpec, isRelation } from './spec.ts'

/**
 * Fills in the columns that the spec does not name, by comparing their names with those of the fields.
 * Only for dry runs: a person looks at the result before anything is written.
 */
export function guessColumns(
  spec: ImportSpec,
  header: readonly string[],
  entity: EntityInfo,
  /** What fields are called in the file's language, by their names in the API. */
  otherLabels: ReadonlyMap<string, string> = new Map(),
): ImportSpec {
  const taken = new Set(
    Object.values(spec.columns).flatMap((target) => (target ? [target.field] : [])),
  )
  const columns: Record<string, ColumnTarget | null> = { ...spec.columns }
  for (const column of header) {
    if (Object.hasOwn(columns, column)) continue
    const field = entity.fields.find(
      (candidate) =>
        !candidate.readOnly &&
        !taken.has(candidate.apiName) &&
        namesOf(candidate, otherLabels.get(candidate.apiName) ?? '').includes(plain(column)),
    )
    columns[column] = field ? targetOf(field) : null
    if (field) taken.add(field.apiName)
  }
  return { ...spec, columns }
}

function namesOf(field: FieldInfo, otherLabel: string): string[] {
  const names = [
    field.key,
    field.apiName,
    field.label,
    ...(otherLabel === '' ? [] : [otherLabel]),
    `${field.label} name`,
    `${field.key} name`,
  ].map(plain)
  return field.apiName === 'ownerId'
    ? [...names, 'owner', 'salesagent', 'salesrep', 'assignedto']
    : names
}

function targetOf(field: FieldInfo): ColumnTarget {
  return isRelation(field)
    ? { field: field.apiName, relation: { by: 'name', create: false } }
    : { field: field.apiName }
}

function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, '')
}
