import type { Entity } from '../model/model.ts'
import { identifier, literal } from './sql-text.ts'
import { type LinkField, storageOf } from './storage-columns.ts'
import type { RowOperation } from './write-checks.ts'

/**
 * Keeps `tenant.link` in step with the lists, in the statement that writes them. Rows of deleted records
 * stay as they are: whoever asks looks at the record too.
 *
 * @param given ledger keys that some row writes.
 * @returns common table expressions over `written w`.
 */
export function linkIndexParts(
  entity: Entity,
  operation: RowOperation,
  given: readonly string[],
): string[] {
  if (operation !== 'create' && operation !== 'update') return []
  return storageOf(entity)
    .links.filter(({ part }) => given.includes(part.ledgerKey))
    .flatMap((link, at) => partsOf(entity, operation, link, at))
}

function partsOf(
  entity: Entity,
  operation: 'create' | 'update',
  { part }: LinkField,
  at: number,
): string[] {
  const key = literal(part.ledgerKey)
  const list = part.column === null ? `w.custom -> ${key}` : `w.${identifier(part.column)}`
  const ids = `jsonb_array_elements_text(case when jsonb_typeof(${list}) = 'array' then ${list} end)`
  const insert = `l${at} as (insert into tenant.link (org_id, entity, field, from_id, to_id)
select $1, ${literal(entity.ref)}, ${key}, w.id, ids.id::uuid from written w, ${ids} as ids(id)`
  if (operation === 'create') return [`${insert})`]
  return [
    `${insert} where w."_changes" ? ${key} on conflict (org_id, from_id, field, to_id) do nothing)`,
    `m${at} as (delete from tenant.link x using written w where x.org_id = $1 and x.from_id = w.id and x.field = ${key}
 and w."_changes" ? ${key} and not coalesce(${list} ? x.to_id::text, false))`,
  ]
}
