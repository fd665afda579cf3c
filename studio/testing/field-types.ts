import type { FieldInfo, FieldTypeDefinition } from '@runwaycrm/sdk'
import { field, statusField } from './sample-model.ts'

interface Manifest {
  readonly id: string
  readonly contributes?: { readonly fieldTypes?: Readonly<Record<string, FieldTypeDefinition>> }
}

/** Every plugin of this repository, so that a new type of fields is looked at the day it lands. */
const manifests = Object.values(
  import.meta.glob<Manifest>('../../plugins/*/*/plugin.json', { eager: true, import: 'default' }),
)

export interface KnownType {
  readonly ref: string
  readonly definition: FieldTypeDefinition
  /** A field of it as the model of an organisation lists it. */
  readonly field: FieldInfo
  readonly examples: readonly unknown[]
}

export const fieldTypes: readonly KnownType[] = manifests.flatMap(({ id, contributes }) =>
  Object.entries(contributes?.fieldTypes ?? {}).map(([key, definition]) => {
    const { examples = [] } = definition.value as { readonly examples?: readonly unknown[] }
    const isLink = definition.api === 'id' || definition.api === 'ids'
    return {
      ref: `${id}:${key}`,
      definition,
      examples,
      field: field(key, {
        label: definition.label,
        ...(isLink ? { apiName: definition.api === 'id' ? `${key}Id` : `${key}Ids` } : {}),
        type: `${id}:${key}`,
        kind: definition.kind ?? 'text',
        editor: definition.editor,
        display: definition.display,
        operators: definition.operators,
        readOnly: definition.storage === 'computed' || definition.generated !== undefined,
        ...(isLink ? { to: 't:yacht' } : {}),
        ...(definition.kind === 'option' ? { options: statusField.options } : {}),
      }),
    }
  }),
)
