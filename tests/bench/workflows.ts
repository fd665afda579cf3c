import type { ChildProcess } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { createDatabase } from '../../kernel/database/postgres.ts'
import { createQueue } from '../../kernel/jobs/queue.ts'
import { createWorker } from '../../kernel/jobs/worker.ts'
import { openHouse } from '../../kernel/main.ts'

interface Product {
  readonly child: ChildProcess
  readonly port: number
}
interface Options {
  readonly environment: NodeJS.ProcessEnv
  readonly adminUrl: string
  readonly serverUrl: string
  /** Runs per round. */
  readonly runs: number
  startProduct(): Promise<Product>
  say(line?: string): void
}

/** An event, a condition and an action: what most workflows are. */
const trivial = {
  label: 'Trivial',
  entity: 'crm.leads:lead',
  triggers: { created: { type: 'platform.workflows:record-created', settings: {} } },
  start: 'good',
  steps: {
    good: {
      type: 'platform.workflows:condition',
      settings: {
        when: { fact: 'record', path: 'score', operator: '$gte', value: 10 },
        then: 'mark',
      },
    },
    mark: {
      type: 'platform.workflows:update-record',
      settings: { values: { title: 'Ranked {{ record.score }}' } },
    },
  },
}

/** Runs per second beside the queue's own jobs, what a second process takes, and how soon a run begins. */
export async function measureWorkflows(options: Options): Promise<void> {
  const { environment, adminUrl, runs, startProduct, say } = options
  const admin = new pg.Client({ connectionString: adminUrl })
  await admin.connect()
  const opened = await openHouse(environment, { roles: { web: false, worker: false } })
  const orgs: { id: string; key: string }[] = []
  for (const slug of ['flows', 'others']) {
    const { orgId } = await opened.house.accounts.provision({
      ...{ orgName: slug, slug, email: `${slug}@bench.example`, password: 'correct-horse-battery' },
    })
    const { key } = await opened.house.accounts.createKey(orgId, { name: 'Bench' })
    orgs.push({ id: orgId, key })
  }
  await opened.close()
  const [flows, others] = orgs as [(typeof orgs)[0], (typeof orgs)[0]]
  const raw = await rawJobs(options.serverUrl, opened.config.secretKey, flows.id, runs)
  say(`queue alone             ${Math.round(raw)} jobs/s`)

  const nodes = [await startProduct()]
  const call = caller(nodes[0]!)
  for (const { key } of orgs) await publish(call, key)

  const round = async () => {
    const before = await cpu(nodes)
    const told = await burst(call, admin, flows, runs)
    const after = await cpu(nodes)
    const used = (name: string) => (after.get(name) ?? 0) - (before.get(name) ?? 0)
    const shares = nodes.map(({ child }) => used(String(child.pid)))
    return { rate: told, databaseMs: used('postgres') / runs, shares }
  }
  /** The middle one of three: a single one may meet a checkpoint. */
  const rounds = async () => {
    await round()
    const three = [await round(), await round(), await round()]
    return three.sort((a, b) => a.rate - b.rate)[1]!
  }
  const one = await rounds()
  say(
    `one process             ${Math.round(one.rate)} runs/s (aim 300), ${one.databaseMs.toFixed(2)} ms of database a run, ` +
      `${(one.rate / raw).toFixed(3)} of the queue alone`,
  )
  nodes.push(await startProduct())
  await sleep(1_000)
  const two = await rounds()
  const total = two.shares[0]! + two.shares[1]!
  say(
    `two processes           ${Math.round(two.rate)} runs/s (${(two.rate / one.rate).toFixed(2)} of one), ${two.databaseMs.toFixed(2)} ms of database a run, ` +
      `the second has ${Math.round((100 * two.shares[1]!) / total)} % of the work (aim 30)`,
  )
  const takenOver = await killed(call, admin, flows, nodes.pop()!, runs)
  say(`after a SIGKILL         all of its work is done ${takenOver.toFixed(1)} s later (aim 20)`)

  const waits: number[] = []
  for (let i = 0; i < 100; i++) {
    waits.push(await startLatency(call, admin, flows))
    await sleep(50)
  }
  waits.sort((a, b) => a - b)
  say(
    `idle, event to action   p50 ${waits[49]!.toFixed(0)} ms (aim 50), p99 ${waits[98]!.toFixed(0)} ms (aim 300)`,
  )

  const crowd = 20 * runs
  await fill(call, flows, crowd)
  await until(async () => (await count(admin, flows.id, 'ready')) > crowd / 4, 600_000)
  const delayed: number[] = []
  for (let i = 0; i < 5; i++) delayed.push(await startLatency(call, admin, others))
  say(
    `beside ${await count(admin, flows.id, 'ready')} queued       ${Math.max(...delayed).toFixed(0)} ms at most (aim 5,000)`,
  )
  await admin.end()
}

type Call = (key: string, method: string, url: string, body?: object) => Promise<unknown>

function caller(node: Product): Call {
  return async (key, method, url, body) => {
    const answer = await fetch(`http://127.0.0.1:${node.port}/api/v1${url}`, {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        ...(body ? { 'content-type': 'application/json' } : {}),
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
    })
    if (!answer.ok) throw new Error(`${method} ${url}: ${answer.status} ${await answer.text()}`)
    return answer.json()
  }
}

async function publish(call: Call, key: string): Promise<void> {
  const ops = [{ op: 'set', path: ['workflows', 'trivial'], value: trivial }]
  await call(key, 'PATCH', '/studio/draft', { ops })
  const { hash } = (await call(key, 'POST', '/studio/plan')) as { hash: string }
  await call(key, 'POST', '/studio/publish', { hash, message: 'Bench' })
}

async function rawJobs(url: string, secretKey: string, orgId: string, jobs: number) {
  const db = createDatabase({ url, secretKey })
  const silent = () => {}
  const log = { debug: silent, info: silent, warn: silent, error: silent }
  let ended = 0
  const run = async () => void ended++
  const worker = createWorker({ db, log, run })
  const queue = createQueue({ db, onEnqueued: () => worker.poke() })
  const runAs = { type: 'system', id: null, userId: null, name: 'System' } as const
  const began = performance.now()
  worker.start()
  for (let at = 0; at < jobs; at += 500) {
    const some = Array.from({ length: 500 }, (_, n) => ({
      ...{ plugin: 'bench', job: 'nothing', payload: { n: at + n }, runAs },
    }))
    await queue.enqueue(orgId, some)
  }
  await until(() => ended >= jobs, 120_000)
  const rate = jobs / ((performance.now() - began) / 1000)
  await worker.stop()
  await db.close()
  return rate
}

async function fill(call: Call, org: { key: string }, leads: number): Promise<void> {
  for (let at = 0; at < leads; at += 1_000) {
    const create = Array.from({ length: Math.min(1_000, leads - at) }, (_, n) => ({
      ...{ name: `Lead ${at + n}`, score: 50 },
    }))
    await call(org.key, 'POST', '/leads/bulk', { create })
  }
}

/** Kills a process in the middle of a burst. @returns seconds until all that was under way then has ended. */
async function killed(
  call: Call,
  admin: pg.Client,
  org: { id: string; key: string },
  { child }: Product,
  runs: number,
): Promise<number> {
  const before = await count(admin, org.id, 'done')
  await fill(call, org, runs)
  await until(async () => (await count(admin, org.id, 'done')) > before + runs / 4, 120_000)
  child.kill('SIGKILL')
  const at = performance.now()
  const held = await admin.query("select id from tenant.job where state = 'running'")
  const ids = held.rows.map(({ id }) => id)
  const isOpen = `select 1 from tenant.job where id = any ($1::uuid[]) and state in ('ready', 'running') limit 1`
  await until(async () => (await admin.query(isOpen, [ids])).rowCount === 0, 120_000, 100)
  const seconds = (performance.now() - at) / 1000
  await until(async () => (await count(admin, org.id, 'done')) >= before + runs, 300_000, 200)
  return seconds
}

/** Runs and parts of an organisation in one state. */
async function count(admin: pg.Client, orgId: string, status: 'ready' | 'done'): Promise<number> {
  const { rows } = await admin.query(
    'select count(*)::int as n from tenant.platform_workflows_state where org_id = $1 and status = $2',
    [orgId, status],
  )
  return rows[0].n
}

/** From the first event to the end of the last run. */
async function burst(
  call: Call,
  admin: pg.Client,
  org: { id: string; key: string },
  runs: number,
): Promise<number> {
  const before = await count(admin, org.id, 'done')
  const began = performance.now()
  await fill(call, org, runs)
  // Counting costs the database too, so it is asked seldom.
  await until(async () => (await count(admin, org.id, 'done')) >= before + runs, 300_000, 200)
  return runs / ((performance.now() - began) / 1000)
}

async function startLatency(
  call: Call,
  admin: pg.Client,
  org: { id: string; key: string },
): Promise<number> {
  const { id, createdAt } = (await call(org.key, 'POST', '/leads', {
    ...{ name: 'One', score: 50 },
  })) as { id: string; createdAt: string }
  let startedAt: Date | undefined
  await until(async () => {
    const { rows } = await admin.query(
      `select s.started_at from tenant.platform_workflows_step s
        join tenant.platform_workflows_state r on r.org_id = s.org_id and r.id = s.state
        where r.org_id = $1 and r.subject_id = $2 order by s.id limit 1`,
      [org.id, id],
    )
    startedAt = rows[0]?.started_at
    return startedAt !== undefined
  }, 120_000)
  return Number(startedAt) - Date.parse(createdAt)
}

/** Milliseconds of CPU by process id; all of PostgreSQL's under one name. */
async function cpu(nodes: readonly Product[]): Promise<Map<string, number>> {
  const found = new Map<string, number>()
  const pids = new Set(nodes.map(({ child }) => String(child.pid)))
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid)) continue
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
    const end = stat.lastIndexOf(')')
    const name = stat.slice(stat.indexOf('(') + 1, end)
    const fields = stat.slice(end + 2).split(' ')
    const ms = (Number(fields[11]) + Number(fields[12])) * 10
    if (name === 'postgres') found.set('postgres', (found.get('postgres') ?? 0) + ms)
    else if (pids.has(pid)) found.set(pid, ms)
  }
  return found
}

async function until(isTrue: () => unknown, ms: number, everyMs = 20): Promise<void> {
  const end = performance.now() + ms
  while (!(await isTrue())) {
    if (performance.now() > end) throw new Error('It did not happen in time.')
    await sleep(everyMs)
  }
}
