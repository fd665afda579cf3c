import type { FieldTypeDefinition } from '@runwaycrm/sdk'
import type { Field } from './model.ts'
import { choosing, comparing } from './operator-lists.ts'

const uuid = { type: 'string', format: 'uuid' } as const
const instant = { type: 'string', format: 'date-time' } as const
const actor = {
  type: 'object',
  properties: {
    type: { enum: ['user', 'key', 'agent', 'workflow', 'plugin', 'system'] },
    id: { type: ['string', 'null'] },
    name: { type: 'string' },
  },
} as const

/** The fields that every record has, whoever defined its entity. The owner alone can be written. */
export const systemFields: readonly Field[] = [
  systemField('id', 'ID', 'id', {
    storage: 'uuid',
    value: uuid,
    operators: comparing,
    sortable: true,
    collation: 'exact',
  }),
  systemField('createdAt', 'Created', 'created_at', {
    storage: 'timestamptz',
    kind: 'dateTime',
    value: instant,
    operators: comparing,
    sortable: true,
    groupable: true,
    measures: ['min', 'max'],
  }),
  systemField('updatedAt', 'Last changed', 'updated_at', {
    storage: 'timestamptz',
    kind: 'dateTime',
    value: instant,
    operators: comparing,
    sortable: true,
    groupable: true,
    measures: ['min', 'max'],
  }),
  systemField('createdBy', 'Created by', 'created_by', {
    storage: 'jsonb',
    kind: 'actor',
    value: actor,
    operators: choosing,
  }),
  systemField('updatedBy', 'Last changed by', 'updated_by', {
    storage: 'jsonb',
    kind: 'actor',
    value: actor,
    operators: choosing,
  }),
  systemField('owner', 'Owner', 'owner_id', {
    storage: 'uuid',
    kind: 'user',
    api: 'id',
    value: uuid,
    operators: choosing,
    sortable: true,
    groupable: true,
  }),
  systemField('version', 'Version', 'version', {
    storage: 'bigint',
    kind: 'number',
    value: { type: 'integer' },
    operators: comparing,
    sortable: true,
  }),
]

/** Keys that no field of a layer may have: they name system fields or what stands beside them. */
export const reservedFieldKeys: ReadonlySet<string> = new Set([
  ...systemFields.flatMap((field) => [field.key, field.apiName]),
  'custom',
  'deletedAt',
  'entity',
  'orgId',
])

function systemField(
  key: string,
  label: string,
  column: string,
  type: Pick<FieldTypeDefinition, 'storage' | 'value' | 'operators'> & Partial<FieldTypeDefinition>,
): Field {
  const isOwner = key === 'owner'
  return Object.freeze({
    key,
    apiName: type.api === 'id' ? `${key}Id` : key,
    definition: Object.freeze({ type: `kernel:${key}`, label }),
    type: `kernel:${key}`,
    typeDefinition: Object.freeze({
      label,
      editor: isOwner ? 'user' : 'none',
      display: type.kind ?? 'text',
      handler: 'system',
      ...type,
    }),
    label,
    order: 100_000,
    from: 'kernel',
    storage: Object.freeze({ in: 'column', column, class: type.storage, parts: {} }),
    target: isOwner ? 'kernel:user' : null,
    system: true,
    required: false,
    unique: key === 'id',
    readOnly: !isOwner,
  })
}
