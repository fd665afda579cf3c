import type { StorageClass } from '@runwaycrm/sdk'
import { isMany } from '../access/condition-tree.ts'
import type { Entity, Field } from '../model/model.ts'

/** A field's main value or one of its parts, where it is kept. */
export interface StoredPart {
  /**
   * Its name in the ledger: `value`, `value.currency` for columns, `f_1`, `f_1.currency` for values
   * kept in `custom`. The latter are the property names of `custom` itself.
   */
  readonly ledgerKey: string
  /** Null when the value is kept in `custom`. */
  readonly column: string | null
  readonly class: StorageClass
  readonly field: Field
  /** Null for the main value. */
  readonly part: string | null
}

/** A relation to several records, where its list is kept, and the reference of their entity. */
export interface LinkField {
  readonly field: Field
  readonly part: StoredPart
  readonly target: string
}

/** What a writer needs to know of an entity's storage. */
export interface EntityStorage {
  /** Typed columns that values can be written into, `owner_id` among them. */
  readonly columns: readonly StoredPart[]
  /** Fields kept in `custom`, main values and parts. */
  readonly custom: readonly StoredPart[]
  readonly byLedgerKey: ReadonlyMap<string, StoredPart>
  /** All parts of a field, the main value first. */
  readonly partsOf: ReadonlyMap<Field, readonly StoredPart[]>
  /** Fields that hold the id of one record, with the reference of its entity. */
  readonly relations: readonly { readonly field: Field; readonly target: string }[]
  /** Fields that hold the ids of several records, in their order; `tenant.link` is an index of them. */
  readonly links: readonly LinkField[]
  /** Fields that point to a record of any entity. */
  readonly references: readonly Field[]
  /** Fields that the kernel numbers. */
  readonly numbered: readonly Field[]
  /** Unique fields kept in `custom`; typed columns have a unique index. */
  readonly customUnique: readonly StoredPart[]
}

const compiled = new WeakMap<Entity, EntityStorage>()

/** Where the values of an entity are kept; worked out once per entity. */
export function storageOf(entity: Entity): EntityStorage {
  let storage = compiled.get(entity)
  if (!storage) {
    storage = compile(entity)
    compiled.set(entity, storage)
  }
  return storage
}

function compile(entity: Entity): EntityStorage {
  const owner = entity.byApiName.get('ownerId')
  const fields = [...entity.fields.values(), ...(owner?.system ? [owner] : [])]
  const partsOf = new Map(fields.map((field) => [field, partsOfField(field)]))
  const parts = [...partsOf.values()].flat()
  return {
    columns: parts.filter((part) => part.column !== null),
    custom: parts.filter((part) => part.column === null),
    byLedgerKey: new Map(parts.map((part) => [part.ledgerKey, part])),
    partsOf,
    relations: fields.flatMap((field) => {
      const { target } = field
      const isOne = target !== null && field.storage.in !== 'computed' && !isMany(field)
      return isOne ? [{ field, target }] : []
    }),
    links: fields.flatMap((field) => {
      const [part] = isMany(field) ? (partsOf.get(field) ?? []) : []
      return part && field.target !== null ? [{ field, part, target: field.target }] : []
    }),
    references: fields.filter((field) => field.typeDefinition.kind === 'reference'),
    numbered: fields.filter((field) => field.typeDefinition.generated === 'autoNumber'),
    customUnique: parts.filter(
      (part) => part.column === null && part.part === null && part.field.unique,
    ),
  }
}

function partsOfField(field: Field): StoredPart[] {
  const { storage } = field
  if (storage.in === 'computed') return []
  const inColumn = storage.in === 'column'
  const name = inColumn ? field.key : storage.id
  const main: StoredPart = {
    ledgerKey: name,
    column: inColumn ? storage.column : null,
    class: storage.class,
    field,
    part: null,
  }
  const parts = Object.entries(storage.parts).map(([part, where]) => ({
    ledgerKey: 'column' in where ? `${name}.${part}` : where.id,
    column: 'column' in where ? where.column : null,
    class: where.class,
    field,
    part,
  }))
  return [main, ...parts]
}
