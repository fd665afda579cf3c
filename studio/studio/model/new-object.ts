import type { DraftOperation } from '../../api/studio.ts'
import type { Json, JsonObject } from './leaf.ts'

export interface NewField {
  readonly key: string
  readonly label: string
  readonly type: string
  /** Of relations. */
  readonly to?: string
  /** Of formulas. */
  readonly formula?: string
}

/** Types whose fields lead to records of another object. */
export const isRelationType = (type: string): boolean => type === 'relation' || type === 'relations'
export interface NewObject {
  readonly key: string
  readonly plural: string
  readonly label: string
  readonly labelPlural: string
  readonly icon: string
  /** The first one is its title. */
  readonly fields: readonly NewField[]
}

/**
 * An object with its page, a table and a layout, as objects of plugins have them.
 *
 * @param points those that the organisation has: without views there is no view.
 */
export function newObjectOperations(
  object: NewObject,
  points: ReadonlySet<string>,
): readonly DraftOperation[] {
  const { key, plural, label, labelPlural, icon, fields } = object
  const ref = `t:${key}`
  const apiName = ({ key: name, type }: NewField): string =>
    isRelationType(type)
      ? type === 'relations'
        ? `${name.replace(/s$/, '')}Ids`
        : `${name}Id`
      : name
  const entity = {
    label,
    labelPlural,
    plural,
    icon,
    titleField: fields[0]?.key ?? 'name',
    fields: Object.fromEntries(
      fields.map((field, at) => [field.key, definitionOf(field, at)] as const),
    ),
  }
  const all: readonly (readonly [string, string, JsonObject])[] = [
    ['entities', key, entity],
    ['pages', key, { label: labelPlural, path: `/${plural}`, icon, entity: ref, group: 'records' }],
    [
      'views',
      `${key}_all`,
      {
        entity: ref,
        label: `All ${labelPlural.toLowerCase()}`,
        kind: 'table',
        columns: fields.map(apiName),
      },
    ],
    [
      'layouts',
      key,
      {
        entity: ref,
        tabs: { details: { label: 'Details', sections: { fields: { widget: 'fields' } } } },
      },
    ],
  ]
  return all
    .filter(([point]) => points.has(point))
    .map(([point, name, value]) => ({
      op: 'set',
      path: [point, name],
      from: null,
      value: value as Json,
    }))
}

function definitionOf({ label, type, to, formula }: NewField, at: number): JsonObject {
  return {
    type,
    label,
    order: (at + 1) * 10,
    ...(at === 0 ? { required: true } : {}),
    ...(to === undefined ? {} : { to }),
    ...(formula === undefined ? {} : { formula }),
    ...(type === 'select' || type === 'multiSelect' ? { options: {} } : {}),
  }
}

/** A field for an entity: among its own fields, or onto one that another layer brought. */
export function newFieldOperation(
  entity: { readonly ref: string; readonly key: string; readonly isOwn: boolean },
  field: NewField,
  order: number,
  takenContributions: ReadonlySet<string>,
): DraftOperation {
  const definition = { ...definitionOf(field, 1), order }
  if (entity.isOwn)
    return {
      op: 'set',
      path: ['entities', entity.key, 'fields', field.key],
      from: null,
      value: definition,
    }
  const isTaken = takenContributions.has(field.key)
  const key = isTaken ? `${entity.key}_${field.key}` : field.key
  const value = {
    entity: entity.ref,
    ...(isTaken ? { key: field.key } : {}),
    field: definition,
  }
  return { op: 'set', path: ['fields', key], from: null, value }
}
