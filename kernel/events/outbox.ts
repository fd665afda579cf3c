import type { FieldValues } from '@runwaycrm/sdk'
import type { Statement } from '../database/postgres.ts'

/** Something that happened, as the relay hands it on. */
export interface OutboxEvent {
  readonly batchId: string
  readonly id: string
  /** Rises per organisation, with gaps. */
  readonly seq: number
  readonly changeSetId: string | null
  /** `record.created|updated|deleted|restored`, or `<plugin>:<key>`. */
  readonly event: string
  readonly entity: string | null
  readonly recordId: string | null
  readonly version: number | null
  readonly payload: FieldValues
  readonly workflows: 'run' | 'skip'
  readonly createdAt: string
}

/** An event of a plugin, before it is written. `id` is a uuidv7. */
export interface PluginEvent {
  readonly id: string
  /** `crm.leads:scored`. */
  readonly event: string
  readonly payload: FieldValues
  readonly record?: { readonly entity: string; readonly id: string }
}

export const eventColumns = `o.batch_id as "batchId", o.id, o.seq, o.change_set_id as "changeSetId",
  o.event, o.entity, o.record_id as "recordId", o.version, o.payload, o.workflows,
  o.created_at as "createdAt"`

/**
 * Writes events of plugins as one batch. Runs in the transaction of whatever they tell about, or alone.
 *
 * @param batch `batchId` is a uuidv7 that no other statement uses.
 */
export function outboxStatement(
  orgId: string,
  events: readonly PluginEvent[],
  batch: {
    readonly batchId: string
    readonly changeSetId: string | null
    readonly workflows: 'run' | 'skip'
  },
): Statement {
  const rows = events.map(({ id, event, payload, record }) => ({
    id,
    event,
    payload,
    entity: record?.entity ?? null,
    record_id: record?.id ?? null,
  }))
  return {
    name: 'outbox_write',
    text: `with written as (
        insert into tenant.outbox (org_id, batch_id, id, change_set_id, event, entity, record_id,
            payload, workflows, created_at)
          select $1, $2, r.id, $3, r.event, r.entity, r.record_id, r.payload, $4, now()
            from jsonb_to_recordset($5::jsonb)
              r (id uuid, event text, entity text, record_id uuid, payload jsonb)
          returning 1
      )
      select kernel.note_outbox($1, $2) from (select 1 from written limit 1) noted`,
    values: [orgId, batch.batchId, batch.changeSetId, batch.workflows, JSON.stringify(rows)],
  }
}

/** Events behind a cursor, in order. */
export function eventsAfter(orgId: string, seq: number, limit: number): Statement {
  return {
    name: 'outbox_after',
    text: `select ${eventColumns} from tenant.outbox o
      where o.org_id = $1 and o.seq > $2 order by o.seq limit $3`,
    values: [orgId, seq, limit],
  }
}

/** `{last, oldest}`: the last number given and the oldest event that is still there (null for none). */
export function streamState(orgId: string): Statement {
  return {
    name: 'outbox_state',
    text: `select kernel.stream_seq() as last,
      (select o.seq from tenant.outbox o
        where o.org_id = $1 and o.seq is not null order by o.seq limit 1) as oldest`,
    values: [orgId],
  }
}
