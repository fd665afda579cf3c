import type { Actor, Door, Log } from '@runwaycrm/sdk'
import type { Database, Statement } from '../database/postgres.ts'
import { uuidv7 } from '../database/uuid.ts'

/** One run of an action. Neither input nor output: both may hold what operators should not read. */
export interface ActionTrace {
  readonly action: string
  readonly actor: Actor
  readonly door: Door
  readonly outcome: 'done' | 'deferred' | 'refused' | 'failed'
  /** Of the error. */
  readonly code: string | null
  readonly ms: number
  /** SHA-256 of the input's canonical JSON. */
  readonly inputHash: string
  readonly changeSetId: string | null
  readonly traceId: string
  readonly at: Date
}

export interface Trace {
  /** Writes soon; never fails and is never waited for. */
  note(orgId: string, trace: ActionTrace): void
  /** Writes what was noted. */
  flush(): Promise<void>
}

export interface TraceOptions {
  readonly db: Pick<Database, 'query'>
  readonly log: Log
  /** Rows of this long are written together. Default 250 ms. */
  readonly gatherMs?: number
}

const mostWaiting = 5_000

/** Keeps what was done in `tenant.action_trace`. The record of changes is the ledger; this is for operators. */
export function createTrace({ db, log, gatherMs = 250 }: TraceOptions): Trace {
  const waiting = new Map<string, ActionTrace[]>()
  let count = 0
  let timer: NodeJS.Timeout | null = null

  async function flush(): Promise<void> {
    if (timer) clearTimeout(timer)
    timer = null
    const batches = [...waiting]
    waiting.clear()
    count = 0
    for (const [orgId, traces] of batches) {
      try {
        await db.query(orgId, traceStatement(orgId, traces))
      } catch (error) {
        log.warn('traces of actions were lost', { orgId, traces: traces.length, error })
      }
    }
  }

  return {
    note(orgId, trace) {
      const traces = waiting.get(orgId)
      if (traces) traces.push(trace)
      else waiting.set(orgId, [trace])
      if (++count >= mostWaiting) void flush()
      else timer ??= setTimeout(() => void flush(), gatherMs).unref()
    },
    flush,
  }
}

function traceStatement(orgId: string, traces: readonly ActionTrace[]): Statement {
  const rows = traces.map((trace) => ({
    id: uuidv7(),
    at: trace.at,
    action: trace.action,
    actor: trace.actor,
    door: trace.door,
    outcome: trace.outcome,
    code: trace.code,
    ms: Math.round(trace.ms),
    input_hash: trace.inputHash,
    change_set_id: trace.changeSetId,
    trace_id: trace.traceId,
  }))
  return {
    name: 'action_trace',
    text: `insert into tenant.action_trace (org_id, id, at, action, actor, door, outcome, code, ms,
        input_hash, change_set_id, trace_id)
      select $1, r.* from jsonb_to_recordset($2::jsonb) r (id uuid, at timestamptz, action text,
        actor jsonb, door text, outcome text, code text, ms integer, input_hash text,
        change_set_id uuid, trace_id text)`,
    values: [orgId, JSON.stringify(rows)],
  }
}
