import { setTimeout as sleep } from 'node:timers/promises'
import { type Log, RunwayError } from '@runwaycrm/sdk'
import type { Database } from '../database/postgres.ts'
import { createEnder } from './ender.ts'
import { createHeldJobs, type HeldJob } from './held-jobs.ts'
import { createLeases, isSuspect, type JobEnd, leaseKey, type StartedJob } from './lease.ts'
import { NotYetError } from './not-yet.ts'
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
  /**
   * Called before a job is dead for good, so that what it began can be ended. When that fails, the lease
   * runs out and the job comes again.
   */
  readonly onDead?: (job: StartedJob, problem: JobProblem) => Promise<void>
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

/** Why a job is dead, as whoever asked for it may read it. */
export interface JobProblem {
  readonly code: string
  readonly detail: string
}

const fewAtOnce = 8
const gatherMs = 15

/** These will not be different next time. */
const finalStatus = new Set([400, 402, 403, 404, 405, 413, 415, 422])

/** Claims due jobs, runs them under a lease that it renews, and says how they ended. */
export function createWorker(options: WorkerOptions): Worker {
  const { db, log, run, leaseMs = 15_000, pollMs = 1_000, random = Math.random } = options
  const concurrency = options.concurrency ?? 16
  const perOrg = options.perOrg ?? Math.max(1, Math.ceil(concurrency * 0.75))
  const leases = createLeases(db, leaseMs)
  const ender = createEnder(leases, log)
  const held = createHeldJobs(concurrency, perOrg)
  const ending = new Set<Promise<void>>()
  let isStopping = false
  let loop: Promise<void> | null = null
  let renewing: NodeJS.Timeout | null = null
  let isPoked = false
  let wake: () => void = () => {}

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
      // While there is enough to do a few places may wait for more to be free: a claim for each costs more.
      if (took < fewAtOnce && held.isBusy()) await sleep(gatherMs)
      if (isPoked || (took > 0 && held.wanted() > 0)) continue
      await Promise.race([woken, sleep(pollMs * (0.75 + random() / 2), undefined, { ref: false })])
    }
  }

  async function take(): Promise<number> {
    const wanted = held.wanted()
    if (wanted === 0) return 0
    const { most, present } = held.perOrg()
    const claimed = await leases.claim(wanted, most, present)
    const heldAt = performance.now()
    const byOrg = Map.groupBy(claimed, (job) => job.orgId)
    await Promise.all(
      [...byOrg].map(async ([orgId, jobs]) => {
        for (const job of await leases.start(orgId, jobs)) held.add(job, heldAt)
        runNext()
      }),
    )
    return claimed.length
  }

  function runNext(): void {
    if (isStopping) return
    for (let next = held.next(); next; next = held.next()) {
      const one = runOne(next).finally(() => ending.delete(one))
      ending.add(one)
    }
  }

  async function runOne(entry: HeldJob): Promise<void> {
    const end = await attempt(entry.job, entry.stop.signal)
    held.leave(entry)
    runNext()
    if (held.wanted() > 0) wakeUp()
    if (end.state !== 'dead' || (await bury(entry, end.problem))) await write(entry, end)
    else held.forget(entry.job)
  }

  async function bury({ job, stop }: HeldJob, problem: JobProblem): Promise<boolean> {
    // Somebody else has it by now, and its end is theirs to decide.
    if (stop.signal.aborted) return true
    try {
      await options.onDead?.(job, problem)
      return true
    } catch (error) {
      log.error('what a dead job began could not be ended', { orgId: job.orgId, id: job.id, error })
      return false
    }
  }

  async function write({ job }: HeldJob, end: JobEnd): Promise<void> {
    const isHeld = await ender.end(job, end)
    held.forget(job)
    // Sooner than the next look would find it.
    const againMs = end.state === 'ready' ? end.delayMs : 0
    if (againMs > 0 && againMs < pollMs) setTimeout(wakeUp, againMs).unref()
    const about = { orgId: job.orgId, job: `${job.plugin}:${job.job}`, id: job.id }
    if (!isHeld) log.warn('a job ended after it was cancelled or taken over', about)
    else if (end.state === 'dead') log.error('a job is dead', { ...about, reason: end.error })
  }

  async function attempt(job: StartedJob, signal: AbortSignal): Promise<Attempted> {
    if (job.deaths >= mostDeaths) {
      return { state: 'dead', error: 'Its workers died while it ran.', problem: problemOf(null) }
    }
    try {
      signal.throwIfAborted()
      if (isSuspect(job)) await leases.suspect(job)
      await run({ ...job, signal })
      return { state: 'done' }
    } catch (error) {
      if (signal.aborted && isStopping) return givenBack
      if (error instanceof NotYetError) return { ...givenBack, delayMs: error.delayMs }
      const reason = describe(error)
      const isFinal = error instanceof RunwayError && finalStatus.has(error.status)
      if (isFinal || job.attempt >= job.maxAttempts) {
        return { state: 'dead', error: reason, problem: problemOf(error) }
      }
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
    for (const entry of held.takeWaiting(performance.now() - leaseMs / 3)) {
      void write(entry, givenBack)
    }
    const all = held.all()
    if (all.length === 0) return
    const askedAt = performance.now()
    try {
      const kept = await leases.renew(all.map(({ job }) => job))
      for (const entry of all) {
        if (kept.has(leaseKey(entry.job))) entry.heldAt = askedAt
        else entry.stop.abort(new Error('The job was cancelled or taken over.'))
      }
    } catch (error) {
      log.warn('leases of jobs were not renewed', { error })
      for (const entry of all) {
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
      await Promise.all(held.takeWaiting().map((entry) => write(entry, givenBack)))
      const all = () => Promise.all(ending)
      await Promise.race([all(), sleep(graceMs, undefined, { ref: false })])
      for (const { stop } of held.all()) stop.abort(new Error('The worker stops.'))
      await Promise.race([all(), sleep(2_000, undefined, { ref: false })])
      if (renewing) clearInterval(renewing)
    },
  }
}

type Dead = Extract<JobEnd, { readonly state: 'dead' }> & { readonly problem: JobProblem }
type Attempted = Exclude<JobEnd, { readonly state: 'dead' }> | Dead

/** Most of them while it ran as a suspect. */
const mostDeaths = 30

/** It did not run to its end, and not because it failed. */
const givenBack = { state: 'ready', error: null, delayMs: 0, refund: true } as const

/** The reason as operators and admins read it; the stack is in the log. */
function describe(error: unknown): string {
  const code = error instanceof RunwayError ? `${error.code}: ` : ''
  const message = error instanceof Error ? error.message : String(error)
  return `${code}${message}`.slice(0, 1000)
}

/** Errors of our own making carry no internals. */
function problemOf(error: unknown): JobProblem {
  if (error instanceof RunwayError && error.status < 500) {
    return { code: error.code, detail: error.message }
  }
  return { code: 'INTERNAL', detail: 'Something went wrong on our side. Try again later.' }
}
