import type { EntityInfo, FieldInfo, RecordData } from '@runwaycrm/sdk'
import { isSystem } from './model-index.ts'
import { isEmptyValue, sameValue } from './read-value.ts'

/** A field in which two records that become one differ. */
export interface MergeLine {
  readonly field: FieldInfo
  /** Whose value it takes unless somebody says so: one of the ids, or `both` for lists, which are put together. */
  readonly usual: string
  readonly takesBoth: boolean
}

/** Fields that are the kept record's to take, and differ. */
export function mergeLines(
  fields: ReadonlyMap<string, FieldInfo>,
  kept: RecordData,
  other: RecordData,
): readonly MergeLine[] {
  return [...fields.values()].flatMap((field) => {
    const { apiName } = field
    if (isSystem(field) || field.readOnly || !field.can.update) return []
    // What is hidden on one of them is not compared.
    if (!(apiName in kept) || !(apiName in other)) return []
    if (sameValue(kept[apiName], other[apiName])) return []
    const takesBoth =
      ['relations', 'options'].includes(field.kind) &&
      !isEmptyValue(kept[apiName]) &&
      !isEmptyValue(other[apiName])
    const usual = takesBoth ? 'both' : isEmptyValue(kept[apiName]) ? other.id : kept.id
    return [{ field, usual, takesBoth }]
  })
}

/** What the action is told: only what differs from what it does anyway. */
export function mergeChoices(
  lines: readonly MergeLine[],
  chosen: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    lines.flatMap(({ field, usual }) => {
      const choice = chosen[field.apiName]
      return choice === undefined || choice === usual || choice === 'both'
        ? []
        : [[field.apiName, choice]]
    }),
  )
}

/** The entity's records as choices of a picker. */
export function pickerOf(entity: EntityInfo, like: FieldInfo): FieldInfo {
  return {
    ...like,
    label: entity.label,
    kind: 'relation',
    type: 'relation',
    editor: 'relation',
    to: entity.ref,
  }
}
