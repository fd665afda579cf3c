import type { EntityInfo, FieldInfo } from '@runwaycrm/sdk'
import type {
  ActionInfo,
  ComposerInfo,
  LayoutInfo,
  Model,
  PageInfo,
  ViewInfo,
} from '../api/model.ts'
import { fieldKind, fitsRow } from './field-kinds.ts'
import { systemFields } from './system-fields.ts'

/** The model with the look-ups that pages need; made once per revision. */
export interface ModelIndex {
  readonly model: Model
  /** In the order of the navigation. */
  readonly pages: readonly PageInfo[]
  /** By reference or plural. */
  entity(refOrPlural: string): EntityInfo | null
  /** Every field that may be read, the system's behind the entity's own; by apiName. */
  fields(entity: EntityInfo): ReadonlyMap<string, FieldInfo>
  views(entity: EntityInfo): readonly ViewInfo[]
  actions(entity: EntityInfo): readonly ActionInfo[]
  /** What makes its records, where only an action does. */
  maker(entity: EntityInfo): ActionInfo | null
  /** What somebody laid out for its records; null when nobody did. */
  layout(entity: EntityInfo): LayoutInfo | null
  /** What can be written about any record, in order. */
  readonly composers: readonly ComposerInfo[]
  /** The page that lists this entity's records. */
  pageOf(entity: EntityInfo): PageInfo | null
  /** Fields elsewhere that point here, one entry per field. */
  relatedTo(entity: EntityInfo): readonly RelatedField[]
  may(permission: string): boolean
  /** Where people are kept; null when this person may not see them. */
  readonly people: EntityInfo | null
}

export interface RelatedField {
  readonly entity: EntityInfo
  readonly field: FieldInfo
}

export function indexModel(model: Model): ModelIndex {
  const byName = new Map<string, EntityInfo>()
  for (const entity of model.entities) {
    byName.set(entity.ref, entity)
    if (!byName.has(entity.plural)) byName.set(entity.plural, entity)
  }
  const fields = new Map<string, ReadonlyMap<string, FieldInfo>>()
  for (const entity of model.entities) fields.set(entity.ref, fieldsOf(entity))
  const inOrder = <T extends { readonly order: number }>(list: readonly T[]): readonly T[] =>
    list.toSorted((a, b) => a.order - b.order)
  const permissions = new Set(model.permissions)

  return {
    model,
    pages: inOrder(model.pages),
    entity: (name) => byName.get(name) ?? null,
    fields: (entity) => fields.get(entity.ref) ?? new Map(),
    views: (entity) => inOrder(model.views.filter((view) => view.entity === entity.ref)),
    actions: (entity) => model.actions.filter((action) => action.on?.entity === entity.ref),
    maker: (entity) =>
      model.actions.find(({ makes }) => !entity.can.create && makes?.includes(entity.ref)) ?? null,
    layout: (entity) => model.layouts.find((layout) => layout.entity === entity.ref) ?? null,
    composers: model.composers,
    pageOf: (entity) => model.pages.find((page) => page.entity === entity.ref) ?? null,
    relatedTo: (target) =>
      model.entities.flatMap((entity) =>
        entity.hidden
          ? []
          : entity.fields
              .filter((field) => field.to === target.ref && !field.apiName.endsWith('Ids'))
              .map((field) => ({ entity, field })),
      ),
    may: (permission) => permissions.has('*') || permissions.has(permission),
    people: byName.get('kernel:user') ?? byName.get('users') ?? null,
  }
}

function fieldsOf(entity: EntityInfo): ReadonlyMap<string, FieldInfo> {
  const found = new Map<string, FieldInfo>()
  for (const field of entity.fields.toSorted((a, b) => a.order - b.order))
    if (field.can.read) found.set(field.apiName, field)
  for (const field of systemFields(entity))
    if (!found.has(field.apiName)) found.set(field.apiName, field)
  return found
}

/** Columns of a table that no view has chosen: the title, then what fits a row, then owner and age. */
export function defaultColumns(
  entity: EntityInfo,
  fields: ReadonlyMap<string, FieldInfo>,
): readonly string[] {
  const own = entity.fields
    .filter((field) => fields.has(field.apiName) && !field.hidden && field.apiName !== 'id')
    .filter((field) => !isSystem(field) && field.apiName !== entity.titleField)
    .filter((field) => fitsRow(fieldKind(field)))
    .toSorted((a, b) => a.order - b.order)
    .map((field) => field.apiName)
  const title = fields.has(entity.titleField) ? [entity.titleField] : []
  const owner = fields.has('ownerId') ? ['ownerId'] : []
  return [...title, ...own.slice(0, 8), ...owner, 'createdAt']
}

/** Every field that a list can show: the title, what the entity has, then what every record has. */
export function wholeColumns(
  entity: EntityInfo,
  fields: ReadonlyMap<string, FieldInfo>,
): readonly string[] {
  const all = [...fields.values()].filter((field) => field.apiName !== entity.titleField)
  const own = all.filter((field) => !isSystem(field))
  const names = [...own, ...all.filter(isSystem)].map((field) => field.apiName)
  return fields.has(entity.titleField) ? [entity.titleField, ...names] : names
}

const systemNames: ReadonlySet<string> = new Set([
  'id',
  'version',
  'createdAt',
  'updatedAt',
  'createdBy',
  'updatedBy',
  'ownerId',
  'deletedAt',
])
export const isSystem = (field: FieldInfo): boolean => systemNames.has(field.apiName)

/** Fields that a form or the details of a record show, in order. */
export function formFields(fields: ReadonlyMap<string, FieldInfo>): readonly FieldInfo[] {
  return [...fields.values()].filter((field) => !field.hidden && !isSystem(field))
}
