import type { Statement } from '../database/postgres.ts'
import type { Entity, Field } from '../model/model.ts'
import { type LinkField, type StoredPart, storageOf } from './storage-columns.ts'
import type { StorageValues } from './validate.ts'
import { ofEntity, storedUuid } from './write-checks.ts'

/** The fields of an entity that may lead to records of another. */
export interface Pointers {
  /** Reference of the entity that they lead to. */
  readonly target: string
  readonly relations: readonly Field[]
  readonly links: readonly LinkField[]
  readonly references: readonly Field[]
  readonly partsOf: (field: Field) => readonly StoredPart[]
}

/** @returns null when nothing of the entity can lead there. */
export function pointersTo(entity: Entity, target: string): Pointers | null {
  const storage = storageOf(entity)
  const relations = storage.relations
    .filter((one) => one.target === target && !one.field.system)
    .map((one) => one.field)
  const links = storage.links.filter((one) => one.target === target)
  const { references } = storage
  if (relations.length + links.length + references.length === 0) return null
  const partsOf = (field: Field) => storage.partsOf.get(field) ?? []
  return { target, relations, links, references, partsOf }
}

/**
 * Statements that find the ids of records that lead to one of these, one per field and index.
 *
 * @param deleted those in the trash too.
 */
export function pointingStatements(
  orgId: string,
  entity: Entity,
  { target, relations, links, references, partsOf }: Pointers,
  ids: readonly string[],
  { deleted = false }: { readonly deleted?: boolean } = {},
): Statement[] {
  const rows = `select t.id from ${entity.table} t`
  const living = `t.org_id = $1${deleted ? '' : ' and t.deleted_at is null'}${ofEntity(entity, 't')}`
  const toOne = relations.map((field) => ({
    text: `${rows} where ${living} and ${storedUuid(field, 't')} = any($2::uuid[])`,
    values: [orgId, ids],
  }))
  const toAny = references.map((field) => {
    const part = partsOf(field).find((one) => one.part === 'entity')
    const name = part?.column ? `t.${part.column}` : `t.custom ->> '${part?.ledgerKey}'`
    return {
      text: `${rows} where ${living} and ${storedUuid(field, 't')} = any($2::uuid[]) and ${name} = $3`,
      values: [orgId, ids, target],
    }
  })
  const toMany =
    links.length === 0
      ? []
      : [
          {
            text: `${rows} join (select distinct l.from_id from tenant.link l where l.org_id = $1
 and l.to_id = any($2::uuid[]) and l.entity = $3 and l.field = any($4::text[])) l on t.id = l.from_id where ${living}`,
            values: [orgId, ids, entity.ref, links.map(({ part }) => part.ledgerKey)],
          },
        ]
  return [...toOne, ...toAny, ...toMany]
}

/**
 * The values of one record that lead elsewhere from now on.
 *
 * @param row of the table as JSON.
 * @returns null when none of it leads to `from`.
 */
export function repointed(
  { target, relations, links, references, partsOf }: Pointers,
  row: Readonly<Record<string, unknown>>,
  id: string,
  from: ReadonlySet<string>,
  to: string,
): StorageValues | null {
  const changes = new Map<StoredPart, unknown>()
  const leads = (value: unknown) => typeof value === 'string' && from.has(value)
  for (const field of relations) {
    const [part] = partsOf(field)
    if (part && leads(storedValue(row, part))) changes.set(part, id === to ? null : to)
  }
  for (const { part } of links) {
    const list = storedValue(row, part)
    if (!Array.isArray(list) || !list.some(leads)) continue
    const next = [...new Set(list.map((one) => (leads(one) ? to : one)))].filter(
      (one) => one !== id,
    )
    changes.set(part, next.length > 0 ? next : null)
  }
  for (const field of references) {
    const [main, ...parts] = partsOf(field)
    const kind = parts.find((part) => part.part === 'entity')
    if (!main || !kind || !leads(storedValue(row, main)) || storedValue(row, kind) !== target)
      continue
    changes.set(main, id === to ? null : to)
    changes.set(kind, id === to ? null : target)
  }
  return changes.size > 0 ? storageValues(changes) : null
}

function storedValue(
  row: Readonly<Record<string, unknown>>,
  { column, ledgerKey }: StoredPart,
): unknown {
  if (column !== null) return row[column]
  return (row['custom'] as Record<string, unknown> | null)?.[ledgerKey]
}

function storageValues(changes: ReadonlyMap<StoredPart, unknown>): StorageValues {
  const columns: Record<string, unknown> = {}
  const custom: Record<string, unknown> = {}
  const unset: string[] = []
  for (const [{ column, ledgerKey }, value] of changes) {
    if (column !== null) columns[column] = value
    else if (value === null) unset.push(ledgerKey)
    else custom[ledgerKey] = value
  }
  return { given: [...changes.keys()].map((part) => part.ledgerKey), columns, custom, unset }
}
