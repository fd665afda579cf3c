import { createDatabase } from '../../database/postgres.ts'
import { createMemoryBus } from '../../events/bus.ts'
import { createRelay } from '../../events/relay.ts'
import { createWorker } from '../worker.ts'

/**
 * A node that takes a job and events and never gets done with them, to be killed. Says what it took, a
 * line of JSON each.
 */
const { url, secretKey, leaseMs } = JSON.parse(process.argv[2]!) as {
  url: string
  secretKey: string
  leaseMs: number
}
const say = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`)
const quiet = { debug() {}, info() {}, warn() {}, error() {} }
const never = () => new Promise<never>(() => {})

const db = createDatabase({ url, secretKey, poolSize: 4 })
const worker = createWorker({
  db,
  log: quiet,
  leaseMs,
  pollMs: 50,
  async run({ id, attempt }) {
    say({ job: id, attempt })
    await never()
  },
})
const relay = createRelay({ db, bus: createMemoryBus(quiet), log: quiet, leaseMs, pollMs: 50 })
relay.subscribe('doomed', async (_, events) => {
  say({ events: events.map(({ id, seq }) => ({ id, seq })) })
  await never()
})
worker.start()
relay.start()
