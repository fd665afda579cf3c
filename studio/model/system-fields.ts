import type { EntityInfo, FieldInfo } from '@runwaycrm/sdk'

/**
 * The fields every record has beside those the model lists. A server that lists them itself wins;
 * these stand in so that sort, filter and columns know their kind.
 */
export function systemFields(entity: EntityInfo): readonly FieldInfo[] {
  const canUpdate = entity.can.update
  const can = (write: boolean) => ({ read: true, create: write, update: write })
  const at = (apiName: string, label: string, order: number): FieldInfo => ({
    ...base,
    key: apiName,
    apiName,
    label,
    order,
    type: 'kernel:date-time',
    kind: 'dateTime',
    editor: 'date-time',
    display: 'date-time',
    operators: ['$eq', '$gt', '$gte', '$lt', '$lte'],
    can: can(false),
  })
  const by = (apiName: string, label: string, order: number): FieldInfo => ({
    ...base,
    key: apiName,
    apiName,
    label,
    order,
    type: 'kernel:actor',
    kind: 'actor',
    editor: 'actor',
    display: 'actor',
    sortable: false,
    groupable: false,
    operators: [],
    can: can(false),
  })
  return [
    {
      ...base,
      key: 'owner',
      apiName: 'ownerId',
      label: 'Owner',
      order: 10_000,
      type: 'kernel:user',
      kind: 'user',
      editor: 'user',
      display: 'user',
      readOnly: false,
      operators: ['$eq', '$ne', '$in', '$nin', '$exists'],
      can: can(canUpdate),
    },
    at('createdAt', 'Created', 10_001),
    at('updatedAt', 'Changed', 10_002),
    by('createdBy', 'Created by', 10_003),
    by('updatedBy', 'Changed by', 10_004),
  ]
}

const base = {
  required: false,
  unique: false,
  readOnly: true,
  computed: false,
  hidden: false,
  params: {},
  sortable: true,
  groupable: true,
  measures: [],
  from: 'kernel',
} as const
