import { setTimeout as sleep } from 'node:timers/promises'
import { ForbiddenError } from '@runwaycrm/sdk'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../tests/setup/test-database.ts'
import { createDatabase, type Database } from '../database/postgres.ts'
import { uuidv7 } from '../database/uuid.ts'
import { quietLog } from '../events/testing/quiet-log.ts'
import { createLeases, isSuspect } from './lease.ts'
import { createQueue, type JobRequest, type Queue } from './queue.ts'
import { createWorker, type RunningJob, type Worker, type WorkerOptions } from './worker.ts'

let database: TestDatabase
let db: Database
let queue: Queue
const workers: Worker[] = []
let orgA: string
let orgB: string

beforeAll(async () => {
  database = await createTestDatabase()
  db = createDatabase({ url: database.serverUrl, secretKey: database.secretKey, poolSize: 8 })
  const onEnqueued = () => {
    for (const worker of workers) worker.poke()
  }
  queue = createQueue({ db, onEnqueued })
})
afterAll(async () => {
  await db.close()
  await database.drop()
})
beforeEach(() => {
  orgA = uuidv7()
  orgB = uuidv7()
})
afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.stop(0)))
  await Promise.all([orgA, orgB].map((org) => cancelAll(org)))
})

async function cancelAll(org: string): Promise<void> {
  await db.query(org, {
    text: `with gone as (update tenant.job set state = 'cancelled' where org_id = $1 and
      state in ('ready', 'running') returning id) select kernel.drop_job(id) from gone`,
    values: [org],
  })
}

const request = (payload: unknown, more: Partial<JobRequest> = {}): JobRequest => ({
  plugin: 'test.plugin',
  job: 'work',
  payload,
  runAs: { type: 'user', id: 'u', userId: 'u', name: 'U' },
  ...more,
})

function startWorker(
  run: (job: RunningJob) => Promise<void>,
  options: Partial<WorkerOptions> = {},
): { worker: Worker; log: ReturnType<typeof quietLog> } {
  const log = quietLog()
  const worker = createWorker({ db, log, run, pollMs: 50, random: () => 0.5, ...options })
  workers.push(worker)
  worker.start()
  return { worker, log }
}

async function until(isTrue: () => boolean | Promise<boolean>, ms = 40_000): Promise<void> {
  const end = performance.now() + ms
  while (!(await isTrue())) {
    if (performance.now() > end) throw new Error('It did not happen in time.')
    await sleep(10)
  }
}

/** As if its waiting time were over. */
async function makeDue(org: string, id: string): Promise<void> {
  const token = 'select lease_token as token from tenant.job where org_id = $1 and id = $2'
  await db.query(org, {
    text: `select kernel.end_jobs(array[$2::uuid], array[t.token], array[now()]) from (${token}) t`,
    values: [org, id],
  })
}

describe('the queue', () => {
  it('runs a job once, with its payload and whom it acts for', async () => {
    const ran: RunningJob[] = []
    startWorker(async (job) => void ran.push(job))
    const [id] = await queue.enqueue(orgA, [request({ lead: 7 }, { traceId: 'trace' })])
    await until(async () => (await queue.find(orgA, id!))?.state === 'done')
    expect(ran).toHaveLength(1)
    expect(ran[0]).toMatchObject({
      orgId: orgA,
      plugin: 'test.plugin',
      job: 'work',
      payload: { lead: 7 },
      runAs: { type: 'user', userId: 'u' },
      attempt: 1,
      traceId: 'trace',
    })
  })

  it('starts a job when it is enqueued, long before the worker looks by itself', async () => {
    const ran: unknown[] = []
    startWorker(async ({ payload }) => void ran.push(payload), { pollMs: 3_600_000 })
    // The second comes when the worker is known to have nothing to do.
    for (const n of [1, 2]) {
      const [id] = await queue.enqueue(orgA, [request(n)])
      await until(async () => (await queue.find(orgA, id!))?.state === 'done')
    }
    expect(ran).toEqual([1, 2])
  })

  it('waits until a job is due', async () => {
    let ranAt = 0
    startWorker(async () => {
      ranAt = Date.now()
    })
    const at = new Date(Date.now() + 400)
    await queue.enqueue(orgA, [request(1, { at })])
    await until(() => ranAt > 0)
    expect(ranAt).toBeGreaterThanOrEqual(+at)
  })

  it('makes no second job while one with the same key waits or runs', async () => {
    const ids = await Promise.all(
      [1, 2, 3].map(() => queue.enqueue(orgA, [request(1, { dedupeKey: 'k' })])),
    )
    expect(new Set(ids.flat()).size).toBe(1)
    const [other] = await queue.enqueue(orgA, [request(1, { dedupeKey: 'other' })])
    expect(other).not.toBe(ids[0]![0])
    let ran = 0
    startWorker(async () => void ran++)
    await until(() => ran === 2)
    await until(async () => (await queue.find(orgA, other!))?.state === 'done')
    const [again] = await queue.enqueue(orgA, [request(1, { dedupeKey: 'k' })])
    expect(again).not.toBe(ids[0]![0])
  })

  it('has no job when the transaction that made it is undone', async () => {
    let id = ''
    await db
      .transaction(orgA, async (tx) => {
        id = (await queue.enqueue(orgA, [request(1)], tx))[0]!
        throw new Error('no')
      })
      .catch(() => {})
    expect(id).not.toBe('')
    expect(await queue.find(orgA, id)).toBeNull()
  })

  it('shows a job to nobody else', async () => {
    const [id] = await queue.enqueue(orgA, [request(1)])
    expect(await queue.find(orgB, id!)).toBeNull()
    expect(await queue.cancel(orgB, id!, 'test.plugin')).toBe(false)
    expect(await queue.cancel(orgA, id!, 'another.plugin')).toBe(false)
    expect(await queue.cancel(orgA, id!, 'test.plugin')).toBe(true)
  })
})

describe('a job that fails', () => {
  it('is tried again after a wait and tells its attempt', async () => {
    const attempts: number[] = []
    startWorker(async (job) => {
      attempts.push(job.attempt)
      if (job.attempt < 3) throw new Error('the service is away')
    })
    const [id] = await queue.enqueue(orgA, [request(1)])
    for (const times of [1, 2]) {
      // Its wait is a second or two, which may be over before anybody has looked.
      await until(async () => {
        if (attempts.length > times) return true
        const job = await queue.find(orgA, id!)
        if (job?.state !== 'ready' || job.attempts !== times) return false
        expect(job.error).toBe('the service is away')
        await makeDue(orgA, id!)
        return true
      })
      await until(() => attempts.length > times)
    }
    await until(async () => (await queue.find(orgA, id!))?.state === 'done')
    expect(attempts).toEqual([1, 2, 3])
  })

  it('is dead after its last attempt and keeps the reason', async () => {
    startWorker(async () => {
      throw new Error('always')
    })
    const [id] = await queue.enqueue(orgA, [request(1, { maxAttempts: 1 })])
    await until(async () => (await queue.find(orgA, id!))?.state === 'dead')
    expect(await queue.find(orgA, id!)).toMatchObject({ attempts: 1, error: 'always' })
  })

  it('is not tried again when trying cannot help', async () => {
    startWorker(async () => {
      throw new ForbiddenError('You may not do this.')
    })
    const [id] = await queue.enqueue(orgA, [request(1)])
    await until(async () => (await queue.find(orgA, id!))?.state === 'dead')
    expect((await queue.find(orgA, id!))?.error).toBe('FORBIDDEN: You may not do this.')
  })
})

describe('leases', () => {
  it('give a killed worker’s job to another one, and what the dead one says no longer counts', async () => {
    const leases = createLeases(db, 300)
    const [id] = await queue.enqueue(orgA, [request(1)])
    const [stale] = await leases.claim(1)
    expect(stale).toMatchObject({ orgId: orgA, id })
    await leases.start(orgA, [stale!])

    const ran: RunningJob[] = []
    const over = Promise.withResolvers<void>()
    startWorker(async (job) => {
      ran.push(job)
      await over.promise
    })
    await until(() => ran.length === 1)
    expect(ran[0]).toMatchObject({ id, attempt: 1, deaths: 1 })
    expect(ran[0]!.token).toBeGreaterThan(stale!.token)

    const end = { job: stale!, end: { state: 'dead', error: 'zombie' } as const }
    expect(await leases.end(orgA, [end])).toEqual(new Set())
    expect(await leases.start(orgA, [stale!])).toEqual([])
    expect(await leases.renew([stale!])).toEqual(new Set())
    over.resolve()
    await until(async () => (await queue.find(orgA, id!))?.state === 'done')
  })

  it('are renewed while a job takes longer', async () => {
    let ran = 0
    const leaseMs = 3_000
    const slow = async () => {
      ran++
      await sleep(1.5 * leaseMs)
    }
    startWorker(slow, { leaseMs })
    startWorker(slow, { leaseMs })
    const [id] = await queue.enqueue(orgA, [request(1)])
    await until(async () => (await queue.find(orgA, id!))?.state === 'done')
    expect(ran).toBe(1)
  })

  it('end a job that was cancelled while it ran', async () => {
    let reason = ''
    startWorker(
      (job) =>
        new Promise((_, reject) => {
          job.signal.addEventListener('abort', () => {
            reason = (job.signal.reason as Error).message
            reject(job.signal.reason as Error)
          })
        }),
      { leaseMs: 150 },
    )
    const [id] = await queue.enqueue(orgA, [request(1)])
    await until(async () => (await queue.find(orgA, id!))?.state === 'running')
    expect(await queue.cancel(orgA, id!, 'test.plugin')).toBe(true)
    await until(() => reason !== '')
    expect(reason).toContain('cancelled')
    expect((await queue.find(orgA, id!))?.state).toBe('cancelled')
  })

  it('do not count it against jobs that their workers died, and run those one at a time', async () => {
    const leases = createLeases(db, 1)
    const ids = await queue.enqueue(
      orgA,
      [1, 2, 3].map((n) => request(n, { maxAttempts: 2 })),
    )
    for (let death = 0; death < 40; death++) {
      await sleep(3)
      await leases.start(orgA, await leases.claim(5))
    }
    const order: unknown[] = []
    await db.query(orgA, {
      text: 'update tenant.job set deaths = 9 where org_id = $1 and id = $2',
      values: [orgA, ids[0]],
    })
    let together = 0
    let most = 0
    startWorker(async ({ payload }) => {
      order.push(payload)
      most = Math.max(most, ++together)
      await sleep(20)
      together--
    })
    for (const id of ids) {
      await until(async () => (await queue.find(orgA, id))?.state === 'done')
      expect((await queue.find(orgA, id))?.attempts).toBe(1)
    }
    expect(most).toBe(1)
    expect(order).toEqual([2, 3, 1])
  })

  it('let a job come to an end whose worker dies every time it runs', async () => {
    const leases = createLeases(db, 1)
    const [id] = await queue.enqueue(orgA, [request(1)])
    for (let death = 0; death < 40; death++) {
      await sleep(3)
      const [job] = await leases.start(orgA, await leases.claim(1))
      if (job && isSuspect(job)) await leases.suspect(job)
    }
    startWorker(async () => {})
    await until(async () => (await queue.find(orgA, id!))?.state === 'dead')
    expect((await queue.find(orgA, id!))?.error).toContain('died')
  })

  it('are given back when the worker stops, without counting the attempt', async () => {
    const { worker } = startWorker(
      (job) =>
        new Promise((_, reject) =>
          job.signal.addEventListener('abort', () => reject(new Error('stopped'))),
        ),
    )
    const [id] = await queue.enqueue(orgA, [request(1)])
    await until(async () => (await queue.find(orgA, id!))?.state === 'running')
    await worker.stop(0)
    expect(await queue.find(orgA, id!)).toMatchObject({ state: 'ready', attempts: 0 })
    let ran = 0
    startWorker(async () => void ran++)
    await until(() => ran === 1)
  })

  it('are drained before the worker is gone', async () => {
    let hasBegun = false
    let isDone = false
    const { worker } = startWorker(async () => {
      hasBegun = true
      await sleep(200)
      isDone = true
    })
    const [id] = await queue.enqueue(orgA, [request(1)])
    // Not by its row: that says so before the worker hears of it, and what has not begun is given back.
    await until(() => hasBegun)
    await worker.stop(5_000)
    expect(isDone).toBe(true)
    expect((await queue.find(orgA, id!))?.state).toBe('done')
  })
})

describe('fairness', () => {
  it('runs the few jobs of one organisation although another one has thousands before them', async () => {
    for (let i = 0; i < 5; i++) {
      await queue.enqueue(
        orgA,
        Array.from({ length: 1000 }, (_, n) => request(n)),
      )
    }
    await queue.enqueue(
      orgB,
      Array.from({ length: 10 }, (_, n) => request(n)),
    )
    let ofA = 0
    let ofB = 0
    let aheadOfB = 0
    const { worker } = startWorker(
      async (job) => {
        if (job.orgId === orgA) ofA++
        else if (++ofB === 10) aheadOfB = ofA
      },
      { concurrency: 8 },
    )
    await until(() => ofB === 10)
    expect(aheadOfB).toBeLessThan(200)
    await worker.stop()
  })

  it('keeps places free while the long jobs of one organisation run', async () => {
    let release = () => {}
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    let ofB = 0
    startWorker(
      async (job) => {
        if (job.orgId === orgA) await released
        else ofB++
      },
      { concurrency: 4 },
    )
    await queue.enqueue(
      orgA,
      Array.from({ length: 10 }, (_, n) => request(n)),
    )
    await sleep(200)
    await queue.enqueue(orgB, [request(1)])
    await until(() => ofB === 1)
    release()
  })
})

describe('many short jobs', () => {
  it('are claimed in bunches that grow, and each runs once', async () => {
    const ids = await queue.enqueue(
      orgA,
      Array.from({ length: 1000 }, (_, n) => request(n)),
    )
    const ran: string[] = []
    startWorker(async (job) => void ran.push(job.id), { concurrency: 4, perOrg: 4 })
    await until(() => ran.length === 1000)
    expect(new Set(ran)).toEqual(new Set(ids))
  })

  it('do not keep others waiting when they turn long', async () => {
    await queue.enqueue(
      orgA,
      Array.from({ length: 200 }, (_, n) => request(n)),
    )
    const ofA = new Set<string>()
    let ofB = 0
    let release = () => {}
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    // Where the machine stands still for longer than a lease, one of them runs twice.
    const run = async (job: RunningJob) => {
      if (job.orgId === orgB) ofB++
      else if (ofA.add(job.id).size > 100) await released
    }
    startWorker(run, { concurrency: 4, leaseMs: 600 })
    await until(() => ofA.size > 100)
    await queue.enqueue(orgB, [request(1)])
    await until(() => ofB === 1)
    release()
    await until(() => ofA.size === 200)
  })
})
