import type { Entity } from '../model/model.ts'
import { literal } from './sql-text.ts'
import { storageOf } from './storage-columns.ts'
import type { RowOperation } from './write-checks.ts'
import type { InputShape } from './write-input.ts'

interface UniqueWrite {
  readonly entity: Entity
  readonly operation: RowOperation
  readonly input: Pick<InputShape, 'given' | 'hasCustom'>
}

/** Keeps the side table of unique values in `custom` in step. */
export function uniqueParts({ entity, operation, input }: UniqueWrite): string[] {
  const fields = storageOf(entity).customUnique
  return fields.flatMap((part, at) => {
    if (operation === 'update' && !input.given.includes(part.ledgerKey)) return []
    const id = literal(part.ledgerKey)
    // An array and no join: without statistics the planner takes the table for empty, and a join of it
    // with many rows compares each with each.
    const drop = (name: string, which: string) =>
      `${name} as (delete from tenant.unique_value u where u.org_id = $1 and u.entity = ${literal(entity.ref)}
 and u.field = ${id} and u.record_id = any(array(select w.id from written w${which})))`
    const insert = `u${at} as (insert into tenant.unique_value (org_id, entity, field, record_id, value)
select $1, ${literal(entity.ref)}, ${id}, w.id, w.custom ->> ${id} from written w where w.custom ->> ${id} is not null`
    if (operation === 'delete') return [drop(`u${at}`, '')]
    if (operation !== 'update') return [`${insert})`]
    return [
      `${insert} and w."_changes" ? ${id} on conflict (org_id, entity, field, record_id) do update set value = excluded.value)`,
      drop(`v${at}`, ` where w."_changes" ? ${id} and w.custom ->> ${id} is null`),
    ]
  })
}

/** What a statement selects besides when it may touch values that are unique by now: see `hold_uniques`. */
export function holdUniques({ entity, operation, input }: UniqueWrite): string {
  const isWrite = operation === 'create' || operation === 'update'
  const isElsewhere = isWrite && !input.hasCustom && storageOf(entity).numbered.length === 0
  return isElsewhere ? '' : `, (select ${holdUniquesSql(entity)}) as "_held"`
}

/** Fails with RW001 when the entity has a unique field in `custom` that the model does not know of. */
export function holdUniquesSql(entity: Entity): string {
  const known = storageOf(entity).customUnique.map(({ ledgerKey }) => literal(ledgerKey))
  return `kernel.hold_uniques(${literal(entity.ref)}, array[${known.join(', ')}]::text[])`
}
