import { createHash } from 'node:crypto'
import type { OperationalTableDefinition, StorageClass } from '@runwaycrm/sdk'
import type { Entity, Field, Model } from '../model/model.ts'

/** A table of schema `tenant` as the model wants it. `name` comes without the schema. */
export interface TableSpec {
  readonly name: string
  /** `crm.leads:lead`, or `platform.imports:runs` for an operational table. */
  readonly ref: string
  readonly columns: readonly ColumnSpec[]
  readonly indexes: readonly IndexSpec[]
  readonly foreignKeys: readonly ForeignKeySpec[]
}
export interface ColumnSpec {
  readonly name: string
  readonly type: string
  readonly nullable: boolean
  /** SQL. */
  readonly default?: string
}
export interface IndexSpec {
  readonly name: string
  readonly columns: readonly string[]
  readonly unique: boolean
  /** SQL condition of a partial index. */
  readonly where: string | null
}
/** `(org_id, column)` refers to `(org_id, id)` of the target. */
export interface ForeignKeySpec {
  readonly name: string
  readonly column: string
  readonly target: string
}

/**
 * The tables of the entities that have one and of the operational tables, in one order for equal models.
 *
 * @throws Error when two of them would share a name or a name is too long for PostgreSQL.
 */
export function tablesOf(model: Model): TableSpec[] {
  const specs: TableSpec[] = []
  for (const entity of model.entities.values()) {
    if (!entity.shared) specs.push(entityTable(entity, model))
  }
  for (const [ref, table] of model.contributions.get('tables') ?? []) {
    const definition = table.definition as OperationalTableDefinition
    specs.push(operationalTable(ref, table.plugin, table.key, definition))
  }
  specs.sort((a, b) => (a.name < b.name ? -1 : 1))
  for (const [i, spec] of specs.entries()) {
    const next = specs[i + 1]
    if (next?.name === spec.name) {
      throw new Error(`${spec.ref} and ${next.ref} would share the table tenant.${spec.name}.`)
    }
    if (spec.name.length > longestName) {
      throw new Error(`The table name of ${spec.ref} is too long: ${spec.name}.`)
    }
  }
  return specs
}

/** Equal specs, equal hash: what `start` compares with what was migrated. */
export function hashOfTable(spec: TableSpec): string {
  return createHash('sha256').update(JSON.stringify(spec)).digest('hex').slice(0, 32)
}

/** `crm.leads` and `leadScore` make `crm_leads_lead_score`. */
export function tableName(plugin: string, key: string): string {
  return `${plugin.replace(/[^a-z0-9]+/gi, '_').toLowerCase()}_${snakeCase(key)}`
}

export function snakeCase(key: string): string {
  let name = snakes.get(key)
  if (name === undefined) {
    name = key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
    snakes.set(key, name)
  }
  return name
}
/** Keys of manifests, of which there are few, each asked for with every row. */
const snakes = new Map<string, string>()

/** PostgreSQL cuts names at 63 bytes without an error. */
const longestName = 63

/** How a storage class is spelled as a column. Times have milliseconds: what JavaScript can say again. */
const columnTypes: Readonly<Record<Exclude<StorageClass, 'computed'>, string>> = {
  text: 'text',
  float8: 'float8',
  bigint: 'bigint',
  boolean: 'boolean',
  date: 'date',
  timestamptz: 'timestamptz(3)',
  uuid: 'uuid',
  jsonb: 'jsonb',
}

const identity: readonly ColumnSpec[] = [
  { name: 'org_id', type: 'uuid', nullable: false },
  { name: 'id', type: 'uuid', nullable: false },
]

const systemColumns: readonly ColumnSpec[] = [
  ...identity,
  { name: 'version', type: 'bigint', nullable: false },
  { name: 'created_at', type: columnTypes.timestamptz, nullable: false },
  { name: 'updated_at', type: columnTypes.timestamptz, nullable: false },
  { name: 'created_by', type: 'jsonb', nullable: false },
  { name: 'updated_by', type: 'jsonb', nullable: false },
  { name: 'owner_id', type: 'uuid', nullable: true },
  { name: 'deleted_at', type: columnTypes.timestamptz, nullable: true },
  { name: 'custom', type: 'jsonb', nullable: false, default: `'{}'` },
]

function entityTable(entity: Entity, model: Model): TableSpec {
  const name = entity.table.replace(/^tenant\./, '')
  const columns = [...systemColumns]
  // Lists are by age more than by anything else, and a filter walks along that index.
  const indexes: IndexSpec[] = [
    index(name, ['owner_id']),
    { ...index(name, ['created_at', 'id']), where: null },
  ]
  const foreignKeys: ForeignKeySpec[] = []
  for (const field of [...entity.fields.values()].sort((a, b) => (a.key < b.key ? -1 : 1))) {
    const { storage } = field
    if (storage.in !== 'column' || field.system) continue
    for (const part of [storage, ...Object.values(storage.parts)]) {
      const type = columnTypes[part.class as keyof typeof columnTypes]
      // Nullable whatever the field says: the validator knows "required", and rows may be older than it.
      columns.push({ name: part.column, type, nullable: true })
    }
    if (field.unique) indexes.push(uniqueIndex(name, storage.column))
    const target = field.target === null ? null : model.entities.get(field.target)
    if (storage.class !== 'uuid' || !isReference(field)) continue
    indexes.push(index(name, [storage.column]))
    if (target && !target.shared) {
      foreignKeys.push({
        name: shortName(`${name}_${storage.column}_fk`),
        column: storage.column,
        target: target.table.replace(/^tenant\./, ''),
      })
    }
  }
  return { name, ref: entity.ref, columns, indexes, foreignKeys }
}

function isReference(field: Field): boolean {
  return field.target !== null
}

function operationalTable(
  ref: string,
  plugin: string,
  key: string,
  definition: OperationalTableDefinition,
): TableSpec {
  const name = tableName(plugin, key)
  const columns = [...identity]
  for (const [column, { storage }] of Object.entries(definition.columns)) {
    const type = columnTypes[storage as keyof typeof columnTypes]
    columns.push({ name: snakeCase(column), type, nullable: true })
  }
  const indexes = Object.entries(definition.indexes ?? {}).map(
    ([indexKey, { columns, unique }]) => ({
      name: shortName(`${name}_${snakeCase(indexKey)}`),
      columns: ['org_id', ...columns.map(snakeCase)],
      unique: unique ?? false,
      where: null,
    }),
  )
  return { name, ref, columns, indexes, foreignKeys: [] }
}

function index(table: string, columns: readonly string[]): IndexSpec {
  return {
    name: shortName(`${table}_${columns.join('_')}_ix`),
    columns: ['org_id', ...columns],
    unique: false,
    where: `"${columns[0]}" is not null`,
  }
}

/** Deleted records free their value. */
function uniqueIndex(table: string, column: string): IndexSpec {
  return {
    name: shortName(`${table}_${column}_key`),
    columns: ['org_id', column],
    unique: true,
    where: 'deleted_at is null',
  }
}

function shortName(name: string): string {
  if (name.length <= longestName) return name
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 8)
  return `${name.slice(0, longestName - 9)}_${hash}`
}
