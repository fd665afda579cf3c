import { ForbiddenError } from '@runwaycrm/sdk'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../tests/setup/test-database.ts'
import { createDatabase, type Database } from '../database/postgres.ts'
import { uuidv7 } from '../database/uuid.ts'
import { quietLog } from '../events/testing/quiet-log.ts'
import { asPlugin, createQueue, type JobRequest, type Queue } from '../jobs/queue.ts'
import { createWorker, type Worker } from '../jobs/worker.ts'
import { keyOf, subscriberJob, type Told, takeTurn } from './subscriber-turns.ts'

let database: TestDatabase
let db: Database
let queue: Queue
let worker: Worker
let org: string
/** What subscribers were told, in order: `ref from-to`. */
let told: string[]
/** What goes wrong, by what is told; and what holds it up. */
let faults: Map<string, Error[]>
let held: Map<string, Promise<void>>

beforeAll(async () => {
  database = await createTestDatabase()
  db = createDatabase({ url: database.serverUrl, secretKey: database.secretKey, poolSize: 8 })
})
afterAll(async () => {
  await db.close()
  await database.drop()
})
beforeEach(() => {
  org = uuidv7()
  told = []
  faults = new Map()
  held = new Map()
  queue = createQueue({ db, onEnqueued: () => worker.poke() })
  // Few places, so that those that wait would fill them all.
  const run = async ({ orgId, payload }: { orgId: string; payload: unknown }) => {
    if (!(await takeTurn(db, orgId, payload as Told))) return
    const { subscriber, from, to } = payload as Told
    const name = `${subscriber} ${from}-${to}`
    await held.get(name)
    const fault = faults.get(name)?.shift()
    if (fault) throw fault
    told.push(name)
  }
  const options = { concurrency: 3, pollMs: 50, random: () => 0 }
  worker = createWorker({ db, log: quietLog(), run, ...options })
  worker.start()
})
afterEach(() => worker.stop(0))

const request = (from: number, to = from, subscriber = 'a.b:c'): JobRequest => {
  const payload: Told = { subscriber, from, to }
  const runAs = asPlugin('a.b')
  return { plugin: 'kernel', job: subscriberJob, payload, runAs, dedupeKey: keyOf(payload) }
}
const enqueue = (...requests: readonly JobRequest[]) => queue.enqueue(org, requests)
const becomes = (wanted: () => unknown, expected: unknown) =>
  expect.poll(wanted, { interval: 10 }).toEqual(expected)
const statesOf = async (ids: readonly string[]) =>
  (await Promise.all(ids.map((id) => queue.find(org, id)))).map((one) => one?.state)
const numbers = () => told.map((name) => name.split(' ')[1]!.split('-').map(Number))

/** @returns how to let go. */
function hold(name: string): () => void {
  const { promise, resolve } = Promise.withResolvers<void>()
  held.set(name, promise)
  return resolve
}

describe('an ordered subscriber', () => {
  it('is told of later events after earlier ones, also when those come again after a failure', async () => {
    // It fails for as long as the others are looked at.
    faults.set('a.b:c 9-9', Array(9).fill(new Error('Not now')))
    const [first] = await enqueue(request(9))
    await becomes(async () => (await queue.find(org, first!))?.error, 'Not now')
    const ids = await enqueue(...Array.from({ length: 40 }, (_, n) => request(10 + n)))
    // Others are not held up, nor is another organisation.
    await enqueue(request(50, 50, 'a.b:d'))
    await queue.enqueue(uuidv7(), [request(60)])
    await becomes(() => told.slice(0, 2).toSorted(), ['a.b:c 60-60', 'a.b:d 50-50'])
    faults.clear()
    await becomes(() => statesOf(ids), Array(40).fill('done'))
    const [, , ...ranges] = numbers()
    expect(ranges[0]).toEqual([9, 9])
    // Each event once and in order, in fewer calls than there were jobs.
    expect(ranges.flatMap(([from, to]) => [from!, to! + 1]).slice(1, -1)).toEqual(
      ranges.slice(1).flatMap(([from]) => [from, from]),
    )
    expect(ranges.at(-1)![1]).toBe(49)
    expect(ranges.length).toBeLessThan(41)
    expect((await queue.find(org, ids[0]!))?.attempts).toBe(1)
  })

  it('waits for one that runs long, and not for one that is dead', async () => {
    const letGo = hold('a.b:c 1-2')
    faults.set('a.b:c 1-2', [new ForbiddenError('Never')])
    const [first] = await enqueue(request(1, 2))
    const ids = await enqueue(request(3, 3_000), request(3_001, 4_000), request(4_001))
    await becomes(async () => (await statesOf([first!]))[0], 'running')
    // It looked, and its attempt did not count.
    const text = `select from tenant.job where org_id = $1 and id = $2 and lease_token > 1 and attempts = 0`
    const looked = async () => (await db.query(org, { text, values: [org, ids[0]] })).rows.length
    await becomes(looked, 1)
    expect(told).toEqual([])
    letGo()
    await becomes(() => statesOf([first!, ...ids]), ['dead', 'done', 'done', 'done'])
    // Those that are large enough stay for themselves.
    expect(numbers()[0]).toEqual([3, 3_000])
    expect(numbers().at(-1)![1]).toBe(4_001)
    expect(numbers().map(([from]) => from)).toEqual(
      numbers()
        .map(([from]) => from!)
        .toSorted((a, b) => a - b),
    )
  })
})
