import { setTimeout as sleep } from 'node:timers/promises'
import type { Log, OrgInfo } from '@runwaycrm/sdk'
import type { Database, Statement } from '../database/postgres.ts'
import { uuidv7 } from '../database/uuid.ts'
import type { Model } from '../model/model.ts'
import { nextTick } from './cron.ts'
import { asPlugin, defaultMaxAttempts } from './queue.ts'

/** What a scheduled job gets as its payload. */
export interface Tick {
  /** `plugin:key` of the schedule. */
  readonly schedule: string
  /** When it was due, UTC. */
  readonly tick: string
}

export interface Schedules {
  /** Writes down the schedules of an organisation, after its model or its time zone changed. */
  sync(org: OrgInfo, model: Model): Promise<void>
  start(): void
  stop(): Promise<void>
  /** Enqueues what is due now; returns how many jobs. */
  run(): Promise<number>
}

export interface SchedulesOptions {
  readonly db: Database
  readonly log: Log
  readonly onEnqueued: () => void
  readonly stateOf: (orgId: string) => Promise<{ org: OrgInfo; model: Model }>
  /**
   * Names the set of plugins of this deployment and their versions. Organisations whose schedules were
   * written under another mark are written again, one after the other.
   */
  readonly mark: string
  readonly now?: () => Date
  /** Default 1,000 ms. */
  readonly pollMs?: number
  /** Default a minute: by then an organisation that was made since the start has its schedules. */
  readonly staleMs?: number
}

/**
 * Ticks older than this that were missed, because nothing ran, become one: nobody wants a hundred
 * summaries after a weekend. Younger ones are all made up for.
 */
const catchUpMs = 3_600_000
const atOnce = 100

/**
 * Turns the `schedules` of each organisation's model into jobs. The directory holds the next tick of
 * each; one statement moves it on and enqueues the job, for exactly one of all nodes. So a tick is
 * neither lost nor doubled, whenever a node dies.
 */
export function createSchedules(options: SchedulesOptions): Schedules {
  const { db, log, onEnqueued, stateOf, mark, now = () => new Date() } = options
  const { pollMs = 1_000, staleMs = 60_000 } = options
  const stopping = new AbortController()
  let loop: Promise<void> | null = null

  async function sync(org: OrgInfo, model: Model): Promise<void> {
    const rows = [...model.schedules.values()].flatMap(({ ref, definition }) => {
      if (definition.enabled === false) return []
      const { cron } = definition
      return [{ ref, cron, zone: org.timeZone, due: dueAfter(ref, cron, org.timeZone, now()) }]
    })
    await db.query(org.id, {
      name: 'schedule_set',
      text: 'select kernel.set_schedules($1, $2::jsonb)',
      values: [mark, JSON.stringify(rows)],
    })
  }

  function dueAfter(ref: string, cron: string, zone: string, after: Date): Date | null {
    try {
      return nextTick(cron, zone, after)
    } catch (error) {
      log.warn('a schedule cannot be read and never runs', { ref, cron, zone, error })
      return null
    }
  }

  async function run(): Promise<number> {
    const { rows } = await db.query<Due>(null, {
      name: 'schedule_due',
      text: 'select org_id, ref, due from kernel.due_schedules($1)',
      values: [atOnce],
    })
    let enqueued = 0
    for (const row of rows) {
      if (stopping.signal.aborted) break
      try {
        enqueued += await runTick(row)
      } catch (error) {
        log.error('a schedule did not run and is tried again', { ...row, error })
      }
    }
    if (enqueued > 0) onEnqueued()
    return enqueued
  }

  async function runTick({ org_id: orgId, ref, due }: Due): Promise<number> {
    const { org, model } = await stateOf(orgId)
    const contribution = model.schedules.get(ref)
    if (!contribution || contribution.definition.enabled === false) {
      await sync(org, model)
      return 0
    }
    const { cron, job } = contribution.definition
    const from = new Date(Math.max(Date.parse(due), now().getTime() - catchUpMs))
    const next = dueAfter(ref, cron, org.timeZone, from)
    const answer = await db.query(orgId, tickStatement(orgId, { ref, due, next, job, model }))
    return answer.rows.length
  }

  /** @returns how many were written; one that cannot be is tried again with the next start. */
  async function syncStale(): Promise<number> {
    const { rows } = await db.query<{ org_id: string }>(null, {
      name: 'schedule_stale',
      text: 'select org_id from kernel.stale_schedules($1, $2)',
      values: [mark, atOnce],
    })
    let written = 0
    for (const { org_id: orgId } of rows) {
      if (stopping.signal.aborted) break
      try {
        const { org, model } = await stateOf(orgId)
        await sync(org, model)
        written++
      } catch (error) {
        log.error('the schedules of an organisation were not written', { orgId, error })
      }
    }
    return written
  }

  async function poll(): Promise<void> {
    let lookedAt = Number.NEGATIVE_INFINITY
    while (!stopping.signal.aborted) {
      try {
        // Organisations are made at any time, by any process.
        if (performance.now() - lookedAt >= staleMs && (await syncStale()) === 0) {
          lookedAt = performance.now()
        }
        await run()
      } catch (error) {
        log.warn('schedules are not looked at', { error })
      }
      await sleep(pollMs, undefined, { signal: stopping.signal, ref: false }).catch(() => {})
    }
  }

  return {
    sync,
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

interface Due {
  readonly org_id: string
  readonly ref: string
  readonly due: string
}

/** One statement, so one transaction: the tick moves on and its job is there, or neither. */
function tickStatement(
  orgId: string,
  tick: { ref: string; due: string; next: Date | null; job: string; model: Model },
): Statement {
  const [plugin, key] = splitReference(tick.job)
  const definition = tick.model.jobs.get(tick.job)?.definition
  const payload: Tick = { schedule: tick.ref, tick: tick.due }
  return {
    name: 'schedule_tick',
    text: `with moved as materialized (
        select kernel.advance_schedule($2, $3::timestamptz, $4::timestamptz) as is_mine
      ), made as (
        insert into tenant.job (org_id, id, plugin, job, payload, run_as, run_at, max_attempts,
            dedupe_key)
          select $1, $5, $6, $7, $8::jsonb, $9::jsonb, now(), $10, $11 from moved where is_mine
          on conflict (org_id, dedupe_key, plugin, job) where dedupe_key is not null do nothing
          returning id, run_at
      )
      select id, kernel.enqueue_jobs(array[id], array[run_at]) from made`,
    values: [
      orgId,
      tick.ref,
      tick.due,
      tick.next?.toISOString() ?? null,
      uuidv7(),
      plugin,
      key,
      JSON.stringify(payload),
      JSON.stringify(asPlugin(plugin as string)),
      definition?.maxAttempts ?? defaultMaxAttempts,
      `${tick.ref}@${tick.due}`,
    ],
  }
}

function splitReference(ref: string): [plugin: string, key: string] {
  const colon = ref.indexOf(':')
  return [ref.slice(0, colon), ref.slice(colon + 1)]
}
