import type { Entity } from '../model/model.ts'
import type { Writer } from '../records/change-set.ts'
import { slotsOf, upsertSlotsSql } from '../records/slots.ts'
import { identifier } from '../records/sql-text.ts'
import { storageOf } from '../records/storage-columns.ts'
import { storedFieldsOf, withStoredSql } from '../records/stored-sql.ts'
import type { TransactionContext } from '../records/transactions.ts'
import type { StorageValues } from '../records/validate.ts'
import { ofEntity } from '../records/write-checks.ts'
import type { FoundRecord } from './found-record.ts'
import { erasedValues, type Traits } from './personal-values.ts'
import { patternsOf } from './words.ts'

/**
 * Takes out of records what is the person's. Those that stand go through the writer: search, live pages
 * and copies of values follow as with every change. Deleted ones keep their version: nobody sees them.
 *
 * @returns how many records changed.
 */
export async function clearRecords(
  ctx: TransactionContext,
  writer: Writer,
  records: readonly FoundRecord[],
  traits: Traits,
): Promise<number> {
  let count = 0
  for (const found of records) {
    const { entity, id, row } = found
    const stored = erasedValues(found, traits)
    if (stored && row['deleted_at'] !== null) await clearDeleted(ctx, entity, id, stored)
    else if (stored) {
      const [outcome] = await writer.records.write(ctx, entity, 'update', [{ id, stored }], {
        answer: 'version',
      })
      if (outcome?.status === 'failed') throw outcome.error
    }
    const lost = await clearLost(ctx, found, traits)
    if (stored || lost) count++
  }
  return count
}

async function clearDeleted(
  ctx: TransactionContext,
  entity: Entity,
  id: string,
  { columns, custom, unset }: StorageValues,
): Promise<void> {
  const set = Object.keys(columns).map((name) => `${identifier(name)} = n.${identifier(name)}, `)
  await ctx.tx.one({
    text: `update ${entity.table} t set ${set.join('')}custom = (t.custom - $4::text[]) || $5::jsonb
      from jsonb_populate_record(null::${entity.table}, $3::jsonb) n
      where t.org_id = $1 and t.id = $2${ofEntity(entity, 't')}`,
    values: [ctx.org.id, id, JSON.stringify(columns), unset, JSON.stringify(custom)],
  })
  const formulas = storedFieldsOf(entity)
  if (formulas.length > 0) {
    await ctx.tx.one({
      text: `update ${entity.table} t set custom = ${withStoredSql(entity, formulas, 't')}
        where t.org_id = $1 and t.id = $2${ofEntity(entity, 't')}`,
      values: [ctx.org.id, id],
    })
  }
  if (slotsOf(entity).length === 0) return
  const rows = `(select * from ${entity.table} t where t.org_id = $1 and t.id = $2${ofEntity(entity, 't')}) w`
  await ctx.tx.one({ text: upsertSlotsSql(entity, rows, 'w'), values: [ctx.org.id, id] })
}

/** Values of fields that were removed, or that another plugin brings while it is switched on. */
async function clearLost(
  ctx: TransactionContext,
  { entity, id, tie }: FoundRecord,
  { words, more }: Traits,
): Promise<boolean> {
  if (tie === 'holder') return false
  const known = [
    ...storageOf(entity).custom.map((part) => part.ledgerKey),
    ...storedFieldsOf(entity).map(({ stored }) => stored.id),
  ]
  const patterns = patternsOf(tie === 'named' ? words : [...words, ...more])
  const { rowCount } = await ctx.tx.one({
    text: `update ${entity.table} t set custom = t.custom - l.keys
      from (
        select array_agg(e.key) as keys from ${entity.table} r cross join lateral jsonb_each(r.custom) e (key, value)
          where r.org_id = $1 and r.id = $2${ofEntity(entity, 'r')} and e.key <> all ($3::text[])
            and ($4 or e.value::text ilike any ($5::text[]))
      ) l
      where t.org_id = $1 and t.id = $2${ofEntity(entity, 't')} and l.keys is not null`,
    values: [ctx.org.id, id, known, tie === 'own', patterns],
  })
  return rowCount > 0
}
