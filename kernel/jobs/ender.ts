import { setTimeout as sleep } from 'node:timers/promises'
import type { Log } from '@runwaycrm/sdk'
import type { ClaimedJob, JobEnd, Leases } from './lease.ts'

export interface Ender {
  /** @returns false when the job was not held any more: then the end does not count. */
  end(job: ClaimedJob, end: JobEnd): Promise<boolean>
}

interface Waiting {
  readonly job: ClaimedJob
  readonly end: JobEnd
  readonly settle: (isHeld: boolean) => void
}

const tries = 5
/** Nobody waits for the end of a job but the next with its key, so those that follow one another may gather. */
const gatherMs = 25

/**
 * Writes how jobs ended. Those of an organisation that end while the last ones are being written, or soon after, go
 * together: many short jobs cost few statements, a single one waits for nothing.
 */
export function createEnder(leases: Pick<Leases, 'end'>, log: Log): Ender {
  const waiting = new Map<string, Waiting[]>()
  const sending = new Set<string>()

  async function send(orgId: string): Promise<void> {
    sending.add(orgId)
    for (let batch = next(orgId); batch; batch = next(orgId)) {
      const held = await write(orgId, batch)
      for (const { job, settle } of batch) settle(held.has(job.id))
      await sleep(gatherMs, undefined, { ref: false })
    }
    sending.delete(orgId)
  }

  function next(orgId: string): Waiting[] | null {
    const batch = waiting.get(orgId) ?? null
    waiting.delete(orgId)
    return batch
  }

  /** When the database stays away the lease runs out and the jobs run again, which they must stand. */
  async function write(orgId: string, batch: readonly Waiting[]): Promise<ReadonlySet<string>> {
    for (let round = 1; ; round++) {
      try {
        return await leases.end(orgId, batch)
      } catch (error) {
        if (round === tries) {
          log.error('the end of jobs could not be written', { orgId, jobs: batch.length, error })
          return new Set()
        }
        await sleep(200 * 2 ** round)
      }
    }
  }

  return {
    end(job, end) {
      return new Promise((settle) => {
        const entry = { job, end, settle }
        const batch = waiting.get(job.orgId)
        if (batch) batch.push(entry)
        else waiting.set(job.orgId, [entry])
        if (!sending.has(job.orgId)) void send(job.orgId)
      })
    },
  }
}
