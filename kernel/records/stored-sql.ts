import type { Entity, Field, StoredFormula } from '../model/model.ts'
import { columnSql } from './column-sql.ts'
import { formulaSql } from './formula-sql.ts'
import { identifier, literal } from './sql-text.ts'
import { type StoredPart, storageOf } from './storage-columns.ts'

/** A formula that is written with the record. */
export interface StoredField {
  readonly field: Field
  readonly stored: StoredFormula
  /** What it is worked out from, by the keys of the ledger. */
  readonly parts: readonly StoredPart[]
}

const found = new WeakMap<Entity, readonly StoredField[]>()

export function storedFieldsOf(entity: Entity): readonly StoredField[] {
  let fields = found.get(entity)
  if (!fields) {
    const { partsOf } = storageOf(entity)
    fields = [...entity.fields.values()].flatMap((field) => {
      const stored = field.storage.in === 'computed' ? field.storage.stored : null
      if (!stored) return []
      const parts = stored.on.flatMap((name) => {
        const base = entity.byApiName.get(name)
        return (base && partsOf.get(base)) ?? []
      })
      return [{ field, stored, parts }]
    })
    found.set(entity, fields)
  }
  return fields
}

/** Those of which a value may change when these keys are written. */
export function storedBy(entity: Entity, given: readonly string[]): readonly StoredField[] {
  return storedFieldsOf(entity).filter(({ parts }) =>
    parts.some(({ ledgerKey }) => given.includes(ledgerKey)),
  )
}

/**
 * `custom` with the formulas worked out from a row that has all they need.
 *
 * @param alias of the row, which has a column `custom`.
 * @param custom what is kept otherwise.
 */
export function withStoredSql(
  entity: Entity,
  fields: readonly StoredField[],
  alias: string,
  custom = `${alias}.custom`,
): string {
  if (fields.length === 0) return custom
  const ids = fields.map(({ stored }) => literal(stored.id))
  const pairs = fields.map(
    (one) => `${literal(one.stored.id)}, to_jsonb(${valueSql(entity, one, alias)})`,
  )
  return `((${custom} - array[${ids.join(', ')}]) || jsonb_strip_nulls(jsonb_build_object(${pairs.join(', ')})))`
}

/**
 * The same from a row that is only about to be.
 *
 * @param partSql the value to be in a column.
 * @param custom the `custom` to be.
 */
export function withStoredAsSql(
  entity: Entity,
  fields: readonly StoredField[],
  partSql: (part: StoredPart) => string,
  custom: string,
): string {
  if (fields.length === 0) return custom
  const columns = new Map(
    fields.flatMap(({ parts }) =>
      parts.flatMap((part) => (part.column === null ? [] : [[part.column, part] as const])),
    ),
  )
  const values = [...columns].map(([name, part]) => `${partSql(part)} as ${identifier(name)}`)
  const row = [...values, `${custom} as custom`].join(', ')
  return `(select ${withStoredSql(entity, fields, 'n')} from (select ${row}) n)`
}

function valueSql(entity: Entity, { field }: StoredField, alias: string): string {
  const { storage } = field
  const { computation } = storage as typeof storage & { in: 'computed' }
  if (computation.by !== 'formula') return 'null::text'
  return formulaSql(computation.expression, {
    field({ name, part }) {
      const base = entity.byApiName.get(name)
      return base ? { field: base, sql: columnSql(base, part, alias) } : null
    },
    now: outside,
    zone: outside,
  })
}

function outside(): never {
  throw new TypeError('A stored formula looks at its record alone.')
}
