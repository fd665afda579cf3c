import type { StorageClass } from '@runwaycrm/sdk'
import { isMainPart } from '../access/condition-tree.ts'
import type { Field } from '../model/model.ts'
import { identifier, literal } from './sql-text.ts'

/**
 * Where a field's value, or a part of it, stands in a row. Values in `custom` are cast only when they
 * can be: what an older version or an import left there must not break a query.
 *
 * @param part null for the main value.
 */
export function columnSql(field: Field, part: string | null, alias: string): string {
  const { storage } = field
  if (storage.in === 'computed') {
    const { stored, class: kind } = storage
    return stored ? customSql(`${alias}.custom`, stored.id, kind) : 'null::text'
  }
  if (field.typeDefinition.kind === 'actor' && storage.in === 'column') {
    const column = `${alias}.${identifier(storage.column)}`
    return part === null ? column : `(${column} ->> ${literal(part)})`
  }
  const isMain = part === null || isMainPart(field, part)
  if (storage.in === 'column') {
    const column = isMain ? storage.column : storage.parts[part]!.column
    return `${alias}.${identifier(column)}`
  }
  const { id, class: kind } = isMain ? storage : storage.parts[part]!
  return customSql(`${alias}.custom`, id, kind)
}

/** The class that a value, or a part of it, has in SQL. */
export function classOf(field: Field, part: string | null): StorageClass {
  const { storage } = field
  if (field.typeDefinition.kind === 'actor') return 'text'
  if (storage.in === 'computed') return computedClass(field, part)
  if (part === null || isMainPart(field, part)) return storage.class
  return storage.parts[part]?.class ?? 'text'
}

function computedClass({ storage, typeDefinition }: Field, part: string | null): StorageClass {
  if (part !== null && part !== 'id') return typeDefinition.parts?.[part] ?? 'text'
  return storage.class === 'computed' ? 'text' : storage.class
}

function customSql(custom: string, id: string, kind: StorageClass): string {
  const text = `(${custom} ->> ${literal(id)})`
  switch (kind) {
    case 'text':
    case 'computed':
      return text
    case 'jsonb':
      // JSON's null is a value to PostgreSQL; to us it is none.
      return `nullif(${custom} -> ${literal(id)}, 'null')`
    default:
      return `(case when pg_input_is_valid(${text}, '${kind}') then ${text}::${kind} end)`
  }
}
