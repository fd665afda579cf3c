import { setTimeout as sleep } from 'node:timers/promises'
import { type Log, RunwayError } from '@runwaycrm/sdk'
import type { Database } from '../database/postgres.ts'
import { createEnder } from './ender.ts'
import { type ClaimedJob, createLeases, type JobEnd, leaseKey, type StartedJob } from './lease.ts'
import { retryDelay } from './retry-delay.ts'

/** A job as it is handed to whoever runs it. */
export interface RunningJob extends StartedJob {
  /** Aborted when the job was cancelled, its lease was lost or the worker has to stop. */
  readonly signal: AbortSignal
}

export interface Worker {
  start(): void
  /** Jobs may be waiting: look at once. */
  poke(): void
  /** Takes no more, waits for what runs, gives back what does not end in `graceMs`. */
  stop(graceMs?: number): Promise<void>
}

export interface WorkerOptions {
  readonly db: Database
  readonly log: Log
  /** Runs one job. What it throws is kept as the reason; errors of the caller's making are not tried again. */
  readonly run: (job: RunningJob) => Promise<void>
  /** Jobs at once, default 16. */
  readonly concurrency?: number
  /** Jobs of one organisation at once, default three quarters of all: the others find a place. */
  readonly perOrg?: number
  /** Default 15,000 ms. A killed worker's jobs run again after this long. */
  readonly leaseMs?: number
  /** Default 1,000 ms. */
  readonly pollMs?: number
  /** In [0, 1). */
  readonly random?: () => number
}

/** These will not be different next time. */
const finalStatus = new Set([400, 402, 403, 404, 405, 413, 415, 422])

/** Claims due jobs, runs them under a lease that it renews, and says how they ended. */
export function createWorker(options: WorkerOptions): Worker {
  const { db, log, run, leaseMs = 15_000, pollMs = 1_000, random = Math.random } = options
  const concurrency = options.concurrency ?? 16
  const perOrg = options.perOrg ?? Math.max(1, Math.ceil(concurrency * 0.75))
  const leases = createLeases(db, leaseMs)
  const ender = createEnder(leases, log)
  const running = new Map<string, { job: ClaimedJob; heldAt: number; stop: AbortController }>()
  const ended = new Set<Promise<void>>()
  let isStopping = false
  let loop: Promise<void> | null = null
  let renewing: NodeJS.Timeout | null = null
  let wake: () => void = () => {}
  let isPoked = false

  async function work(): Promise<void> {
    while (!isStopping) {
      const woken = new Promise<void>((resolve) => {
        wake = resolve
      })
      isPoked = false
      const took = await take().catch((error: unknown) => {
        log.warn('the worker cannot reach the database', { error })
        return 0
      })
      const hasMore = took > 0 && running.size < concurrency
      if (hasMore || isPoked) continue
      await Promise.race([woken, sleep(pollMs * (0.75 + random() / 2), undefined, { ref: false })])
    }
  }

  async function take(): Promise<number> {
    const free = concurrency - running.size
    if (free <= 0) return 0
    const claimed = await leases.claim(free, perOrg, runningPerOrg())
    const heldAt = performance.now()
    for (const job of claimed) {
      running.set(leaseKey(job), { job, heldAt, stop: new AbortController() })
    }
    const byOrg = Map.groupBy(claimed, (job) => job.orgId)
    await Promise.all([...byOrg].map(([orgId, jobs]) => startAll(orgId, jobs)))
    return claimed.length
  }

  function runningPerOrg(): Map<string, number> {
    const counts = new Map<string, number>()
    for (const { job } of running.values()) {
      counts.set(job.orgId, (counts.get(job.orgId) ?? 0) + 1)
    }
    return counts
  }

  async function startAll(orgId: string, jobs: readonly ClaimedJob[]): Promise<void> {
    let started: readonly StartedJob[] = []
    try {
      started = await leases.start(orgId, jobs)
    } finally {
      const ids = new Set(started.map((job) => job.id))
      for (const job of jobs) if (!ids.has(job.id)) running.delete(leaseKey(job))
    }
    for (const job of started) {
      const one = runOne(job).finally(() => {
        ended.delete(one)
        wakeUp()
      })
      ended.add(one)
    }
  }

  async function runOne(job: StartedJob): Promise<void> {
    const key = leaseKey(job)
    const signal = running.get(key)!.stop.signal
    const end = await attempt(job, signal)
    const isHeld = await ender.end(job, end)
    running.delete(key)
    const about = { orgId: job.orgId, job: `${job.plugin}:${job.job}`, id: job.id }
    if (!isHeld) log.warn('a job ended after it was cancelled or taken over', about)
    else if (end.state === 'dead') log.error('a job is dead', { ...about, reason: end.error })
  }

  async function attempt(job: StartedJob, signal: AbortSignal): Promise<JobEnd> {
    if (job.attempt > job.maxAttempts) {
      return { state: 'dead', error: 'Its worker died in every attempt.' }
    }
    try {
      await run({ ...job, signal })
      return { state: 'done' }
    } catch (error) {
      if (signal.aborted && isStopping) {
        return { state: 'ready', error: null, delayMs: 0, refund: true }
      }
      const reason = describe(error)
      const isFinal = error instanceof RunwayError && finalStatus.has(error.status)
      if (isFinal || job.attempt >= job.maxAttempts) return { state: 'dead', error: reason }
      log.warn('a job failed and will be tried again', {
        orgId: job.orgId,
        job: `${job.plugin}:${job.job}`,
        id: job.id,
        attempt: job.attempt,
        error,
      })
      return { state: 'ready', error: reason, delayMs: retryDelay(job.attempt, random()) }
    }
  }

  async function renewAll(): Promise<void> {
    const held = [...running.values()]
    if (held.length === 0) return
    const askedAt = performance.now()
    try {
      const kept = await leases.renew(held.map(({ job }) => job))
      for (const entry of held) {
        if (kept.has(leaseKey(entry.job))) entry.heldAt = askedAt
        else entry.stop.abort(new Error('The job was cancelled or taken over.'))
      }
    } catch (error) {
      log.warn('leases of jobs were not renewed', { error })
      for (const entry of held) {
        if (performance.now() - entry.heldAt > leaseMs) {
          entry.stop.abort(new Error('The lease of the job ran out.'))
        }
      }
    }
  }

  function wakeUp(): void {
    isPoked = true
    wake()
  }

  return {
    start() {
      if (loop) return
      loop = work()
      renewing = setInterval(() => void renewAll(), leaseMs / 3)
    },
    poke: wakeUp,
    async stop(graceMs = 10_000) {
      isStopping = true
      wakeUp()
      await loop
      const all = () => Promise.all(ended)
      await Promise.race([all(), sleep(graceMs, undefined, { ref: false })])
      for (const { stop } of running.values()) stop.abort(new Error('The worker stops.'))
      await Promise.race([all(), sleep(2_000, undefined, { ref: false })])
      if (renewing) clearInterval(renewing)
    },
  }
}

/** The reason as operators and admins read it; the stack is in the log. */
function describe(error: unknown): string {
  const code = error instanceof RunwayError ? `${error.code}: ` : ''
  const message = error instanceof Error ? error.message : String(error)
  return `${code}${message}`.slice(0, 1000)
}
