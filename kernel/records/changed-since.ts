import type { RequestContext } from '../context/request-context.ts'
import type { Database } from '../database/postgres.ts'
import type { Entity, Field } from '../model/model.ts'
import { storageOf } from './storage-columns.ts'

export interface ChangedSinceInput {
  /** A reference or a plural. */
  readonly entity: string
  readonly records: readonly { readonly id: string; readonly version: number }[]
}

/**
 * What was changed after some versions of records, as the API names it, in the order in which they are given:
 * of fields that are not among it a record that was read before this was asked says what that version said.
 */
export function changedSince({ db }: { readonly db: Pick<Database, 'query'> }) {
  return async (
    ctx: RequestContext,
    { entity: ref, records }: ChangedSinceInput,
  ): Promise<readonly (readonly string[])[]> => {
    const entity = ctx.model.entities.get(ref) ?? ctx.model.entityByPlural.get(ref)
    if (!entity || records.length === 0) return records.map(() => [])
    const { rows } = await db.query<{ place: number; keys: string[] }>(ctx.org.id, {
      name: 'changed_since',
      text: `select r.place, array_agg(distinct k) as keys
        from unnest($2::uuid[], $3::bigint[]) with ordinality r (id, version, place)
        join tenant.ledger l on l.org_id = $1 and l.record_id = r.id and l.version > r.version
        cross join lateral jsonb_object_keys(coalesce(l.fields, '{}')) k
        group by r.place`,
      values: [ctx.org.id, records.map(({ id }) => id), records.map(({ version }) => version)],
    })
    const later = new Map(rows.map(({ place, keys }) => [place, changedFields(entity, keys)]))
    return records.map((_, at) => (later.get(at + 1) ?? []).map(({ apiName }) => apiName))
  }
}

/** Outbox and ledger name fields by `value.currency`, or by storage ids of added fields. */
export function changedFields(entity: Entity, keys: readonly unknown[]): Field[] {
  const { byLedgerKey } = storageOf(entity)
  return [...new Set(keys.flatMap((key) => byLedgerKey.get(String(key))?.field ?? []))]
}
