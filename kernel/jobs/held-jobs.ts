import { isSuspect, leaseKey, type StartedJob } from './lease.ts'

/** A job that is leased to this worker: it waits for its turn, runs, or its end is being written. */
export interface HeldJob {
  readonly job: StartedJob
  readonly stop: AbortController
  readonly takenAt: number
  /** When the lease was last known to hold, by `performance.now()`. */
  heldAt: number
}

/**
 * What a worker has in its hands. Beside the jobs that run it holds some more when jobs are short, so
 * that it need not ask the database for each: as many as twice those that ended since it last asked. Long
 * jobs are never hoarded.
 */
export function createHeldJobs(concurrency: number, mostPerOrg: number) {
  const all = new Map<string, HeldJob>()
  const running = new Map<string, number>()
  let waiting: HeldJob[] = []
  let runs = 0
  let suspects = 0
  let ended = 0
  let appetite = 0

  function isFree({ job }: HeldJob): boolean {
    return (running.get(job.orgId) ?? 0) < mostPerOrg
  }

  /** So that one which was hit by chance is not the next to be hit; whoever kills its workers is left at last. */
  function leastSuspect(orgId: string): HeldJob {
    return waiting
      .filter(({ job }) => job.orgId === orgId && isSuspect(job))
      .reduce((least, one) => (one.job.deaths < least.job.deaths ? one : least))
  }

  return {
    /** How many more to claim now; 0 while there is enough. */
    wanted(): number {
      // Those that wait for others of their own organisation keep no place from the rest.
      const ready = waiting.filter(isFree).length
      const free = concurrency - runs - ready
      return free > 0 || ready < appetite / 2 ? Math.max(0, free + appetite) : 0
    },

    /** Whether half of the places are taken. */
    isBusy: (): boolean => runs >= concurrency / 2,

    /** What to tell the claim: at most so many per organisation, and what is held of each. */
    perOrg(): { readonly most: number; readonly present: ReadonlyMap<string, number> } {
      appetite = Math.min(8 * concurrency, 2 * ended)
      ended = 0
      const present = new Map(running)
      for (const { job } of waiting) present.set(job.orgId, (present.get(job.orgId) ?? 0) + 1)
      return { most: mostPerOrg + appetite, present }
    },

    add(job: StartedJob, heldAt: number): void {
      const entry: HeldJob = { job, stop: new AbortController(), takenAt: heldAt, heldAt }
      all.set(leaseKey(job), entry)
      waiting.push(entry)
    },

    /** The job to run next: of the organisation of which the fewest run. Null when nothing can. */
    next(): HeldJob | null {
      if (runs >= concurrency) return null
      let best: HeldJob | null = null
      let fewest = Number.POSITIVE_INFINITY
      for (const entry of waiting) {
        const count = running.get(entry.job.orgId) ?? 0
        if (count >= fewest || !isFree(entry)) continue
        // Of two that ran when the worker died nobody knows which it was.
        if (suspects > 0 && isSuspect(entry.job)) continue
        best = entry
        fewest = count
        if (count === 0) break
      }
      if (!best) return null
      if (isSuspect(best.job)) best = leastSuspect(best.job.orgId)
      waiting.splice(waiting.indexOf(best), 1)
      running.set(best.job.orgId, fewest + 1)
      if (isSuspect(best.job)) suspects++
      runs++
      return best
    },

    /** It does not run any more; its lease is still to be ended. */
    leave({ job }: HeldJob): void {
      const count = running.get(job.orgId) ?? 0
      if (count > 1) running.set(job.orgId, count - 1)
      else running.delete(job.orgId)
      if (isSuspect(job)) suspects--
      runs--
      ended++
    },

    forget(job: StartedJob): void {
      all.delete(leaseKey(job))
    },

    all: (): HeldJob[] => [...all.values()],

    /** Takes out those that were claimed before a moment and did not begin: others may be free. */
    takeWaiting(before = Number.POSITIVE_INFINITY): HeldJob[] {
      const taken = waiting.filter((entry) => entry.takenAt < before)
      waiting = waiting.filter((entry) => entry.takenAt >= before)
      return taken
    },
  }
}
