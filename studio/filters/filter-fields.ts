import type { EntityInfo, FieldInfo } from '@runwaycrm/sdk'
import { fieldKind } from '../model/field-kinds.ts'
import { isSystem, type ModelIndex } from '../model/model-index.ts'
import { operatorsOf } from './filter-chip.ts'

/** A field that a condition may look at, by the path that the filter names it with. */
export interface FilterField {
  readonly path: string
  readonly field: FieldInfo
  readonly label: string
}

const isFilterable = (field: FieldInfo): boolean =>
  !field.hidden &&
  field.apiName !== 'id' &&
  field.apiName !== 'version' &&
  fieldKind(field) !== 'actor' &&
  operatorsOf(field).length > 0

/** The entity's own fields, then those of what it points to: `Account › Industry`. */
export function filterFields(model: ModelIndex, entity: EntityInfo): readonly FilterField[] {
  const fields = [...model.fields(entity).values()]
  const own = fields
    .filter(isFilterable)
    .map((field) => ({ path: field.apiName, field, label: field.label }))
  const far = fields.flatMap((relation) => {
    const target = relation.to && !isSystem(relation) ? model.entity(relation.to) : null
    if (!target || relation.kind === 'user') return []
    return [...model.fields(target).values()]
      .filter((field) => isFilterable(field) && !isSystem(field))
      .map((field) => ({
        path: `${relation.key}.${field.apiName}`,
        field,
        label: `${relation.label} › ${field.label}`,
      }))
  })
  return [...own, ...far]
}
