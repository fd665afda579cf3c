import type { FieldDefinition, OperationalTableDefinition, StorageClass } from '@runwaycrm/sdk'
import type { Contribution, Entity, Field, Model } from '../../kernel/model/model.ts'

export interface SmallField {
  readonly class: StorageClass
  readonly target?: string
  readonly unique?: boolean
  readonly parts?: Readonly<Record<string, StorageClass>>
  readonly in?: 'custom'
}

/** A model by hand, for tests that need its shape and not the composer: entities and operational tables. */
export function smallModel(
  entities: Readonly<Record<string, Readonly<Record<string, SmallField>>>>,
  tables: Readonly<Record<string, OperationalTableDefinition>> = {},
): Model {
  const contributions = new Map<string, Map<string, Contribution<unknown>>>()
  contributions.set(
    'tables',
    new Map(
      Object.entries(tables).map(([ref, definition]) => [ref, contribution(ref, definition)]),
    ),
  )
  return {
    entities: new Map(Object.entries(entities).map(([ref, fields]) => [ref, entity(ref, fields)])),
    contributions,
  } as unknown as Model
}

function contribution(ref: string, definition: unknown): Contribution<unknown> {
  const [plugin, key] = ref.split(':') as [string, string]
  return { ref, plugin, key, definition, overriddenBy: [] }
}

function entity(ref: string, fields: Readonly<Record<string, SmallField>>): Entity {
  const [plugin, key] = ref.split(':') as [string, string]
  const all = Object.entries(fields).map(([k, f]) => [k, field(k, f)] as const)
  return {
    ref,
    plugin,
    key,
    plural: `${key}s`,
    table: `tenant.${plugin.replaceAll('.', '_')}_${key}`,
    shared: plugin === 't',
    titleField: 'name',
    fields: new Map(all),
    byApiName: new Map(all),
    definition: {},
  } as unknown as Entity
}

function field(key: string, small: SmallField): Field {
  const column = key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
  const parts = Object.fromEntries(
    Object.entries(small.parts ?? {}).map(([part, c]) => [
      part,
      { column: `${column}_${part}`, class: c },
    ]),
  )
  return {
    key,
    apiName: small.target ? `${key}Id` : key,
    definition: {} as FieldDefinition,
    storage:
      small.in === 'custom'
        ? { in: 'custom', id: `f_${key}`, class: small.class, parts: {} }
        : { in: 'column', column, class: small.class, parts },
    target: small.target ?? null,
    system: false,
    required: false,
    unique: small.unique ?? false,
    readOnly: false,
  } as unknown as Field
}
