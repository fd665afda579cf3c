import type { EntityInfo, FieldInfo } from '@runwaycrm/sdk'

/** A field that no entity has, for choosing one record of an entity, or several. */
export function recordsField(entity: EntityInfo, apiName: string, isMultiple: boolean): FieldInfo {
  const kind = isMultiple ? 'relations' : 'relation'
  return {
    key: apiName,
    apiName,
    type: kind,
    kind,
    editor: kind,
    display: kind,
    label: isMultiple ? entity.labelPlural : entity.label,
    order: 0,
    required: true,
    unique: false,
    readOnly: false,
    computed: false,
    hidden: false,
    to: entity.ref,
    params: {},
    operators: [],
    sortable: false,
    groupable: false,
    measures: [],
    from: entity.plugin,
    can: { read: true, create: true, update: true },
  }
}
