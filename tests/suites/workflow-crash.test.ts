import { createServer, type Server as HttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { endAll, type Server, startBeside } from '../integration/server-process.ts'
import { type Caller, startApp, type TestApp } from '../setup/test-app.ts'
import { step, trigger, workflowsOf } from '../setup/workflows.ts'
import { suiteRandom, suiteScale } from './support/scale.ts'

/**
 * Workers are killed in the middle of runs: before a step is committed, after another system has applied its effect,
 * and at any moment. No event is lost, every run ends, and each effect is there once.
 */
const kills = suiteScale === 1 ? 20 : 500
const { pick, below } = suiteRandom('workflow-crash')
const table = 'tenant.platform_workflows_state'

let app: TestApp
let org: Caller
let admin: pg.Client
let worker: Server
let receiver: HttpServer
/** What the other system applied: requests by the key that they carry. */
const applied = new Map<string, string[]>()
/** Set to hear of the next request before it is answered. */
let onRequest: (() => Promise<void>) | null = null

beforeAll(async () => {
  receiver = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => {
      body += chunk
    })
    request.on('end', async () => {
      const key = String(request.headers['idempotency-key'])
      applied.set(key, [...(applied.get(key) ?? []), body])
      const hear = onRequest
      onRequest = null
      await hear?.()
      response.end('{"ok":true}')
    })
  })
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve))
  const outside = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`
  app = await startApp({ RUNWAY_ROLES: 'web', TWILIO_BASE_URL: outside })
  org = await app.createOrg({ name: 'Acme' })
  admin = new pg.Client({ connectionString: app.database.adminUrl })
  await admin.connect()
  await workflowsOf(org).publish({
    chain: {
      label: 'Chain',
      entity: 'crm.leads:lead',
      triggers: { created: trigger('record-created') },
      start: 'task',
      steps: {
        task: step(
          'create-record',
          { entity: 'platform.tasks:task', values: { title: 'Call {{ record.name }}' } },
          { next: 'tell' },
        ),
        tell: step(
          'http',
          { url: `${outside}/`, body: { lead: '{{ record.id }}' } },
          { next: 'mark', retry: { attempts: 20, backoffSeconds: 1 } },
        ),
        mark: step('update-record', { values: { notes: 'Told {{ steps.tell.output.status }}' } }),
      },
    },
  })
  worker = await startWorker()
}, 120_000)
afterAll(async () => {
  await endAll()
  receiver?.closeAllConnections()
  receiver?.close()
  await admin?.end()
  await app?.stop()
})

const startWorker = () =>
  startBeside(app, { TWILIO_BASE_URL: app.config.baseUrls['twilio'] as string })

async function kill(): Promise<void> {
  worker.signal('SIGKILL')
  await worker.ended
}

let made = 0
async function lead(): Promise<void> {
  const answer = await org.call('POST', '/leads', { name: `Lead ${++made}` })
  expect(answer.statusCode, answer.body).toBe(201)
}

const failpoints = {
  /** Its writes are there but not committed: whoever holds the run's row stops it in front of that. */
  async 'before the commit'() {
    await lead()
    const found = async () => {
      const { rows } = await admin.query(
        `select (select count(*)::int from ${table} where status = 'ready') as ready,
          (select count(*)::int from ${table} where status = 'done') as done`,
      )
      // One that was through before anybody looked is followed by another.
      if (rows[0].done === made) await lead()
      return rows[0].ready
    }
    await expect.poll(found, { timeout: 60_000, interval: 5 }).toBeGreaterThan(0)
    await admin.query('begin')
    await admin.query(`select 1 from ${table} where status = 'ready' for update`)
    await sleep(100 + below(200))
    await kill()
    await admin.query('rollback')
  },
  async 'after the effect'() {
    // Before there is anything to hear of.
    const heard = new Promise<void>((resolve) => {
      onRequest = async () => {
        await kill()
        resolve()
      }
    })
    await lead()
    await heard
  },
  async 'at any moment'() {
    for (let n = 0; n < 5; n++) await lead()
    await sleep(below(400))
    await kill()
  },
}

it(`does all of it once, though workers are killed ${kills} times`, {
  timeout: 600_000 + kills * 10_000,
}, async () => {
  const names = Object.keys(failpoints) as (keyof typeof failpoints)[]
  for (let n = 0; n < kills; n++) {
    await failpoints[n < names.length ? names[n]! : pick(names)]()
    worker = await startWorker()
  }
  const left = async () =>
    (
      await admin.query(
        `select (select count(*)::int from ${table}) as begun, (select count(*)::int from ${table} where status <> 'done') as open`,
      )
    ).rows[0]
  await expect.poll(left, { timeout: 240_000, interval: 200 }).toEqual({ begun: made, open: 0 })
  const { rows: tasks } = await admin.query(
    `select count(*)::int as all, count(distinct title)::int as titles from tenant.platform_tasks_task where title like 'Call Lead %'`,
  )
  expect(tasks[0]).toEqual({ all: made, titles: made })
  const { rows: told } = await admin.query(
    `select count(*)::int as n from tenant.crm_leads_lead where notes = 'Told 200'`,
  )
  expect(told[0].n).toBe(made)
  // What was sent twice carried the same key and said the same, so it was applied once.
  expect(applied.size).toBe(made)
  for (const bodies of applied.values()) expect(new Set(bodies).size).toBe(1)
  expect(new Set([...applied.values()].map(([body]) => body)).size).toBe(made)
  const { rows: shown } = await admin.query(
    `select status, count(*)::int as n from tenant.platform_workflows_run group by status`,
  )
  expect(shown).toEqual([{ status: 'done', n: made }])
})
