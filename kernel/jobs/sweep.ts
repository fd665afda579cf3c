import { setTimeout as sleep } from 'node:timers/promises'
import type { Log } from '@runwaycrm/sdk'
import type { Database } from '../database/postgres.ts'
import { lowestUuidAt } from '../database/uuid.ts'

export interface Sweeper {
  start(): void
  stop(): Promise<void>
  /** One round over the organisations that are due; returns how many. */
  run(): Promise<number>
}

export interface SweeperOptions {
  readonly db: Database
  readonly log: Log
  /** Default a minute. */
  readonly pollMs?: number
  readonly now?: () => Date
  /** What else is kept for a while only; called about once an hour. */
  readonly sweepElse?: () => Promise<unknown>
}

const day = 86_400_000
/** Ids are uuidv7, so "older than" is a range of the primary key. */
const kept = { outbox: day, jobs: 7 * day, traces: 30 * day } as const
const rowsAtOnce = 10_000

/**
 * Removes what is kept for a while only: events that no cursor asks for any more (24 hours), ended jobs
 * (7 days) and traces of actions (30 days).
 */
export function createSweeper(options: SweeperOptions): Sweeper {
  const { db, log, pollMs = 60_000, now = () => new Date() } = options
  const stopping = new AbortController()
  let loop: Promise<void> | null = null

  async function run(): Promise<number> {
    const { rows } = await db.query<{ org_id: string }>(null, {
      name: 'sweep_claim',
      text: 'select org_id from kernel.claim_sweeps($1)',
      values: [20],
    })
    for (const { org_id: orgId } of rows) {
      try {
        await sweep(orgId)
      } catch (error) {
        log.warn('old rows were not removed', { orgId, error })
      }
    }
    return rows.length
  }

  async function sweep(orgId: string): Promise<void> {
    const before = (age: number) => lowestUuidAt(now().getTime() - age)
    const statements = [
      {
        text: `delete from tenant.outbox o using (
            select batch_id, id from tenant.outbox
              where org_id = $1 and batch_id < $2 and seq is not null limit $3
          ) old
          where o.org_id = $1 and o.batch_id = old.batch_id and o.id = old.id`,
        values: [orgId, before(kept.outbox), rowsAtOnce],
      },
      {
        text: `delete from tenant.job where org_id = $1 and id in (
            select id from tenant.job
              where org_id = $1 and id < $2 and finished_at is not null limit $3
          )`,
        values: [orgId, before(kept.jobs), rowsAtOnce],
      },
      {
        text: `delete from tenant.action_trace where org_id = $1 and id in (
            select id from tenant.action_trace where org_id = $1 and id < $2 limit $3
          )`,
        values: [orgId, before(kept.traces), rowsAtOnce],
      },
    ]
    for (;;) {
      const answers = await db.batch(orgId, statements)
      if (answers.every((answer) => answer.rowCount < rowsAtOnce)) break
    }
    await db.query(orgId, {
      text: `select kernel.note_sweep(not exists (select from tenant.outbox where org_id = $1)
        and not exists (select from tenant.job where org_id = $1 and finished_at is not null)
        and not exists (select from tenant.action_trace where org_id = $1))`,
      values: [orgId],
    })
  }

  let elseDue = 0
  async function sweepElse(): Promise<void> {
    if (now().getTime() < elseDue) return
    elseDue = now().getTime() + 3_600_000
    await options.sweepElse?.()
  }

  async function poll(): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        await sweepElse()
        if ((await run()) > 0) continue
      } catch (error) {
        log.warn('old rows are not removed', { error })
      }
      await sleep(pollMs, undefined, { signal: stopping.signal, ref: false }).catch(() => {})
    }
  }

  return {
    run,
    start() {
      loop ??= poll()
    },
    async stop() {
      stopping.abort()
      await loop
    },
  }
}
