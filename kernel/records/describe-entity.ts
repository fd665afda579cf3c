import type { EntityInfo, FieldInfo } from '@runwaycrm/sdk'
import type { Ability } from '../access/build-ability.ts'
import { fieldMaskOf } from '../access/field-mask.ts'
import type { Entity, Field } from '../model/model.ts'

/** By shape of the ability; an entity that changed is another object. */
const cache = new WeakMap<Entity, Map<string, EntityInfo>>()
const mostShapes = 200

/** An entity as one principal may know it: fields that they never see are not there. */
export function describeEntity(ability: Ability, entity: Entity): EntityInfo {
  let known = cache.get(entity)
  if (!known || known.size >= mostShapes) {
    known = new Map()
    cache.set(entity, known)
  }
  let info = known.get(ability.shape)
  if (!info) {
    info = describe(ability, entity)
    known.set(ability.shape, info)
  }
  return info
}

function describe(ability: Ability, entity: Entity): EntityInfo {
  const { ref, plugin, key, plural, definition } = entity
  const masks = {
    read: fieldMaskOf(ability, entity, 'read'),
    create: fieldMaskOf(ability, entity, 'create'),
    update: fieldMaskOf(ability, entity, 'update'),
  }
  const can = (operation: keyof typeof masks, field: Field) =>
    ability.can(operation, ref) && masks[operation].get(field.apiName) !== false
  const fields = [...entity.byApiName.values()]
    .filter((field) => can('read', field))
    .map((field) => describeField(field, (operation) => can(operation, field)))
  return Object.freeze({
    ref,
    plugin,
    key,
    plural,
    label: definition.label,
    labelPlural: definition.labelPlural,
    ...(definition.description ? { description: definition.description } : {}),
    ...(definition.icon ? { icon: definition.icon } : {}),
    ...(definition.color ? { color: definition.color } : {}),
    order: definition.order ?? 1000,
    titleField: definition.titleField,
    ...(definition.subtitleField ? { subtitleField: definition.subtitleField } : {}),
    hidden: definition.hidden ?? false,
    fields: fields.sort((a, b) => a.order - b.order),
    can: {
      create: definition.creatable !== false && ability.can('create', ref),
      read: ability.can('read', ref),
      update: ability.can('update', ref),
      delete: ability.can('delete', ref),
    },
  } satisfies EntityInfo)
}

function describeField(
  field: Field,
  can: (operation: 'read' | 'create' | 'update') => boolean,
): FieldInfo {
  const { definition, typeDefinition } = field
  const options = Object.entries(definition.options ?? {}).sort(
    ([, a], [, b]) => (a.order ?? 0) - (b.order ?? 0),
  )
  return Object.freeze({
    key: field.key,
    apiName: field.apiName,
    type: field.type,
    kind: typeDefinition.kind ?? 'text',
    editor: typeDefinition.editor,
    display: typeDefinition.display,
    label: field.label,
    ...(definition.help ? { help: definition.help } : {}),
    order: field.order,
    required: field.required,
    unique: field.unique,
    readOnly: field.readOnly,
    hidden: definition.hidden ?? false,
    ...(definition.default === undefined ? {} : { default: definition.default }),
    ...(field.target ? { to: field.target } : {}),
    ...(definition.options
      ? {
          options: options.map(([key, { order, ...option }]) => ({
            key,
            ...option,
            label: option.label ?? key,
          })),
        }
      : {}),
    params: definition.params ?? {},
    ...(definition.min === undefined ? {} : { min: definition.min }),
    ...(definition.max === undefined ? {} : { max: definition.max }),
    ...(definition.maxLength === undefined ? {} : { maxLength: definition.maxLength }),
    operators: typeDefinition.operators,
    sortable: typeDefinition.sortable ?? false,
    groupable: typeDefinition.groupable ?? false,
    measures: typeDefinition.measures ?? [],
    from: field.from,
    can: {
      read: can('read'),
      create: !field.readOnly && can('create'),
      update: !field.readOnly && can('update'),
    },
  } satisfies FieldInfo)
}
