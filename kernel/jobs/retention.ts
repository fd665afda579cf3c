import type { FieldValues } from '@runwaycrm/sdk'
import type { Database, Statement } from '../database/postgres.ts'
import type { Entity, Model } from '../model/model.ts'

/** The kernel's own job, which its schedule starts every night of each organisation. */
export const retentionJob = 'retention'
export const retentionSettings = 'kernel:retention'
const atOnce = 5_000

/** How long an organisation keeps what nobody sees every day; absent means for ever. */
export interface Retention {
  /** Months of history: who changed what. What is older can no longer be taken back. */
  readonly historyMonths?: number
  /** Days in which a deleted record may be restored. */
  readonly deletedDays?: number
}

/**
 * Lets go of history and of deleted records that are older than the organisation wants. Small steps, so
 * that nobody waits for it; doing it again goes on where it stopped.
 *
 * @returns rows of the ledger, change sets and records that are gone.
 */
export async function applyRetention(
  db: Pick<Database, 'query'>,
  org: { readonly id: string; readonly model: Model; readonly settings: FieldValues | undefined },
  now: Date,
  signal?: AbortSignal,
): Promise<{ readonly history: number; readonly changes: number; readonly records: number }> {
  const { historyMonths, deletedDays } = (org.settings ?? {}) as Retention
  const all = async (statement: Statement): Promise<number> => {
    let gone = 0
    for (;;) {
      signal?.throwIfAborted()
      const { rowCount } = await db.query(org.id, statement)
      gone += rowCount
      if (rowCount < atOnce) return gone
    }
  }
  let [history, changes, records] = [0, 0, 0]
  if (historyMonths !== undefined) {
    const before = new Date(now)
    before.setUTCMonth(before.getUTCMonth() - historyMonths)
    history = await all(forgetHistory(org.id, before))
    changes = await all(forgetChanges(org.id, before))
  }
  for (const entity of org.model.entities.values()) {
    const days = isRestorable(entity) ? deletedDays : 0
    if (days === undefined) continue
    const before = new Date(now.getTime() - days * 86_400_000)
    records += await all(purge(org.id, entity, org.model, before))
  }
  return { history, changes, records }
}

/** What is its owner's alone and not for them to restore is gone with the night after it was deleted. */
function isRestorable({ definition }: Entity): boolean {
  return definition.private?.includes('restore') ?? true
}

/** The creation of a record that stands is kept: it says who made it. */
function forgetHistory(orgId: string, before: Date): Statement {
  return {
    text: `delete from tenant.ledger l using (
        select change_set_id, id, at from tenant.ledger
          where org_id = $1 and at < $2 and op <> 'create' limit ${atOnce}
      ) old
      where l.org_id = $1 and l.change_set_id = old.change_set_id and l.id = old.id and l.at = old.at`,
    values: [orgId, before],
  }
}

function forgetChanges(orgId: string, before: Date): Statement {
  return {
    text: `delete from tenant.change_set c using (
        select id from tenant.change_set s
          where s.org_id = $1 and s.created_at < $2 and s.state <> 'open'
            and not exists (select from tenant.ledger l where l.org_id = $1 and l.change_set_id = s.id)
          limit ${atOnce}
      ) old
      where c.org_id = $1 and c.id = old.id`,
    values: [orgId, before],
  }
}

/**
 * Deleted records that no table refers to any more, their history with them: a record that is gone for
 * good leaves no values behind.
 */
function purge(orgId: string, entity: Entity, model: Model, before: Date): Statement {
  const { table, shared, ref } = entity
  const referring = [...model.entities.values()].flatMap((other) =>
    [...other.fields.values()].flatMap(({ target, storage }) =>
      target === ref && storage.in === 'column' ? [{ table: other.table, ...storage }] : [],
    ),
  )
  const free = referring.map(
    (from) =>
      ` and not exists (select from ${from.table} f where f.org_id = $1 and f."${from.column}" = t.id)`,
  )
  return {
    text: `with old as (
        select t.id from ${table} t
          where t.org_id = $1 and t.deleted_at < $2${shared ? ' and t.entity = $3' : ''}${free.join('')} limit ${atOnce}
      ), past as (
        delete from tenant.ledger l using old where l.org_id = $1 and l.record_id = old.id
      ), copies as (
        delete from tenant.slot s using old where s.org_id = $1 and s.record_id = old.id
      )
      delete from ${table} t using old where t.org_id = $1 and t.id = old.id`,
    values: [orgId, before, ...(shared ? [ref] : [])],
  }
}
