import type { Entity, Field } from '../model/model.ts'
import { fileFieldsOf } from '../records/attach-files.ts'
import { storageOf } from '../records/storage-columns.ts'
import type { TransactionContext } from '../records/transactions.ts'
import type { Tie } from './found-record.ts'
import { isFreeText, personalFields, type Traits } from './personal-values.ts'
import { patternsOf } from './words.ts'

/**
 * Takes the person out of the history of records: personal fields, files, and whatever names the person.
 *
 * @param files names of the fields in which files go.
 * @returns rows that held some.
 */
export async function forgetHistory(
  ctx: TransactionContext,
  of: { readonly entity: Entity; readonly tie: Tie; readonly ids: readonly string[] },
  { words, more }: Traits,
  files: ReadonlySet<string>,
): Promise<number> {
  const { entity, tie, ids } = of
  const { partsOf, byLedgerKey } = storageOf(entity)
  const gone = [
    ...(tie === 'own' || tie === 'about' ? personalFields(entity) : []),
    ...fileFieldsOf(entity).filter(({ apiName }) => tie === 'own' || files.has(apiName)),
  ]
  const keysOf = (field: Field) => (partsOf.get(field) ?? []).map((part) => part.ledgerKey)
  const closed = [...entity.fields.values()].filter((field) => !isFreeText(field))
  const wanted = { own: [...words, ...more], about: [...words, ...more], named: words, holder: [] }
  const isGone = `(k = any ($3::text[]) or ($4 and k <> all ($5::text[])) or (k <> all ($7::text[]) and v::text ilike any ($6::text[])))`
  const { rowCount } = await ctx.tx.one({
    text: `update tenant.ledger l
      set fields = (select coalesce(jsonb_object_agg(k, v), '{}') from jsonb_each(l.fields) e (k, v) where not ${isGone})
      where l.org_id = $1 and l.record_id = any ($2::uuid[])
        and exists (select from jsonb_each(l.fields) e (k, v) where ${isGone})`,
    values: [
      ctx.org.id,
      ids,
      gone.flatMap(keysOf),
      // Of fields that are no more, nobody can say that they were not personal.
      tie === 'own',
      [...byLedgerKey.keys()],
      patternsOf(wanted[tie]),
      closed.flatMap(keysOf),
    ],
  })
  return rowCount
}
