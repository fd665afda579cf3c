import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../tests/setup/test-database.ts'
import { createDatabase, type Database } from '../database/postgres.ts'
import { uuidv7 } from '../database/uuid.ts'
import { createMemoryBus } from '../events/bus.ts'
import { type OutboxEvent, outboxStatement } from '../events/outbox.ts'
import { createRelay } from '../events/relay.ts'
import { quietLog } from '../events/testing/quiet-log.ts'
import { createQueue } from './queue.ts'
import { createWorker, type RunningJob } from './worker.ts'

const leaseMs = 5_000
let database: TestDatabase
let db: Database
const nodes: ChildProcess[] = []

beforeAll(async () => {
  database = await createTestDatabase()
  db = createDatabase({ url: database.serverUrl, secretKey: database.secretKey, poolSize: 4 })
})
afterAll(async () => {
  for (const node of nodes) node.kill('SIGKILL')
  await db.close()
  await database.drop()
})

/** Another process with a worker and a relay that hang in the first thing they take. */
function startDoomed(): { node: ChildProcess; said: Record<string, unknown>[] } {
  const file = fileURLToPath(new URL('./testing/doomed-node.ts', import.meta.url))
  const { serverUrl: url, secretKey } = database
  const node = spawn(process.execPath, [file, JSON.stringify({ url, secretKey, leaseMs })], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  nodes.push(node)
  const said: Record<string, unknown>[] = []
  createInterface({ input: node.stdout! }).on('line', (line) => said.push(JSON.parse(line)))
  return { node, said }
}

async function until(isTrue: () => unknown, ms = 60_000): Promise<void> {
  const end = performance.now() + ms
  while (!isTrue()) {
    if (performance.now() > end) throw new Error('It did not happen in time.')
    await sleep(10)
  }
}

describe('a node that is killed', () => {
  it('leaves its job and its events to another one, within twice the lease', async () => {
    const org = uuidv7()
    const log = quietLog()
    const queue = createQueue({ db, onEnqueued: () => {} })
    const runAs = { type: 'system', id: null, userId: null, name: 'System' } as const
    const [id] = await queue.enqueue(org, [{ plugin: 'p', job: 'j', payload: null, runAs }])
    const event = { id: uuidv7(), event: 'p:happened', payload: {} }
    const batch = { batchId: uuidv7(), changeSetId: null, workflows: 'run' } as const
    await db.query(org, outboxStatement(org, [event], batch))

    const { node, said } = startDoomed()
    await until(() => said.some((line) => line['job']) && said.some((line) => line['events']))
    node.kill('SIGKILL')
    const killedAt = performance.now()

    const ran: RunningJob[] = []
    const heard: OutboxEvent[] = []
    const times: number[] = []
    const worker = createWorker({
      db,
      log,
      leaseMs,
      pollMs: 50,
      async run(job) {
        ran.push(job)
        times.push(performance.now() - killedAt)
      },
    })
    const relay = createRelay({ db, bus: createMemoryBus(log), log, leaseMs, pollMs: 50 })
    relay.subscribe('survivor', (_, events) => {
      heard.push(...events)
      times.push(performance.now() - killedAt)
    })
    worker.start()
    relay.start()
    try {
      await until(() => ran.length > 0 && heard.length > 0)
      await until(() => times.length >= 2)
      expect(Math.max(...times)).toBeLessThan(2 * leaseMs)
      expect(ran).toMatchObject([{ id, attempt: 1, deaths: 1 }])
      expect(said.find((line) => line['events'])).toEqual({
        events: [{ id: event.id, seq: heard[0]!.seq }],
      })
      await worker.stop()
      expect(await queue.find(org, id!)).toMatchObject({ state: 'done', attempts: 1 })
    } finally {
      await worker.stop(0)
      await relay.stop()
    }
  })
})
