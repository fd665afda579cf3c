/**
 * `npm run bench`: the product against bare Fastify + pg, side by side in one run. Prints ratios and
 * never fails on a figure. `-- --only search --rows 200000` searches an organisation of so many leads,
 * `--only workflows --runs 5000` measures the engine, `--only studio` publishes to open pages, `--only data` asks for records of its own making by indexed fields, `--only import --rows 50000` imports a
 * file of so many lines. `-- --leads 20000 --rounds 3 --seconds 2` makes it shorter.
 */
import { type ChildProcess, fork, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { openEmbedded } from '../../kernel/database/embedded.ts'
import { openHouse } from '../../kernel/main.ts'
import manifest from '../../package.json' with { type: 'json' }
import { leadBody, leadColumns, makeBenchOrg } from './bench-org.ts'
import { measureCompose } from './compose.ts'
import { measureData } from './data.ts'
import { measureImport } from './import.ts'
import { type LoadResult, load, rawRequest } from './load.ts'
import { measureOrgs } from './orgs.ts'
import { measureSearch } from './search.ts'
import { measurePublish } from './studio.ts'
import { measureWorkflows } from './workflows.ts'

const { values } = parseArgs({
  options: {
    leads: { type: 'string', default: '100000' },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '3' },
    orgs: { type: 'string', default: '1000' },
    only: { type: 'string' },
    rows: { type: 'string', default: '1000000' },
    runs: { type: 'string', default: '5000' },
  },
})
const leads = Number(values.leads)
const rounds = Number(values.rounds)
const seconds = Number(values.seconds)
const connections = 32
const root = path.resolve(import.meta.dirname, '../..')
/** As `npm start` does it, without npm. */
const startArguments = manifest.scripts.start.split(' ').slice(1)
const say = (line = '') => process.stdout.write(`${line}\n`)

const defaults: Record<string, string> = {
  created_at: ' not null default now()',
  updated_at: ' not null default now()',
  version: ' not null default 1',
}
const children = new Set<ChildProcess>()
const dataDir = await mkdtemp(path.join(tmpdir(), 'runway-bench-'))
const environment = {
  ...process.env,
  RUNWAY_DATA_DIR: dataDir,
  RUNWAY_DEMO: 'false',
  RUNWAY_RATE_LIMIT: '0',
  LOG_LEVEL: 'error',
  // A million lines are more than an upload may be.
  RUNWAY_UPLOAD_LIMIT: '2GiB',
  PORT: '0',
}
const embedded = await openEmbedded({ dataDir, settings: { shared_buffers: '1GB', jit: 'off' } })
try {
  if (!values.only || values.only === 'crud') await compare()
  if (!values.only || values.only === 'orgs') {
    await measureStart()
    await measureOrgs({ environment, orgs: Number(values.orgs), say })
  }
  if (!values.only || values.only === 'studio') {
    measureCompose(say)
    await measurePublish({ environment, startProduct, stop, say })
  }
  if (values.only === 'workflows') {
    await measureWorkflows({
      ...{
        environment,
        adminUrl: embedded.adminUrl,
        serverUrl: embedded.serverUrl,
        runs: Number(values.runs),
      },
      ...{ startProduct, say },
    })
  }
  if (values.only === 'data') {
    await measureData({
      environment,
      rows: Number(values.rows),
      seconds,
      adminUrl: embedded.adminUrl,
      startProduct,
      stop,
      say,
    })
  }
  if (values.only === 'search') {
    await measureSearch({
      environment,
      rows: Number(values.rows),
      seconds,
      adminUrl: embedded.adminUrl,
      startProduct,
      stop,
      say,
    })
  }
  if (values.only === 'import') {
    await measureImport({
      environment,
      folder: dataDir,
      rows: Number(values.rows),
      startProduct,
      stop,
      say,
    })
  }
} finally {
  // A failure half-way leaves no server behind.
  await Promise.all([...children].map(stop))
  await embedded.stop()
  await rm(dataDir, { recursive: true, force: true })
}

async function compare(): Promise<void> {
  const opened = await openHouse(environment, { roles: { web: false, worker: false } })
  const { orgId, key } = await makeBenchOrg(opened.house, 'bench')
  await opened.close()
  const product = await startProduct()
  const headers = { authorization: `Bearer ${key}` }
  say(`Writing ${leads} leads of 30 fields ...`)
  await seed(product.port, headers)
  const bare = await startBare(orgId)
  const ids = await someIds(orgId)

  const operations: readonly {
    name: string
    floor: number
    aim: number
    next: (base: string, headers: Record<string, string>) => (i: number) => Buffer
  }[] = [
    {
      name: 'get',
      floor: 0.5,
      aim: 0.6,
      next: (base, more) =>
        memo((i) => rawRequest('GET', `${base}/leads/${ids[i % ids.length]}`, more), ids.length),
    },
    {
      name: 'list',
      floor: 0.65,
      aim: 0.8,
      next: (base, more) =>
        once(
          rawRequest(
            'GET',
            base === ''
              ? '/leads'
              : `${base}/leads?limit=25&sort=-createdAt&filter=${encodeURIComponent('{"status":"new"}')}`,
            more,
          ),
        ),
    },
    {
      name: 'create',
      floor: 0.3,
      aim: 0.45,
      next: (base, more) => (i) => rawRequest('POST', `${base}/leads`, more, leadBody(leads + i)),
    },
    {
      name: 'update',
      floor: 0.3,
      aim: 0.45,
      next: (base, more) => (i) =>
        rawRequest('PATCH', `${base}/leads/${ids[(i * 7) % ids.length]}`, more, {
          score: i % 100,
          title: `Title ${i % 50}`,
          own0: `changed ${i}`,
        }),
    },
  ]
  say(
    `\n${connections} connections, ${rounds} alternating rounds of ${seconds} s, medians; ratio = product / bare Fastify + pg\n`,
  )
  say('| operation | bare/s | product/s | ratio | at least | aim | bare p99 ms | product p99 ms |')
  say('|---|---:|---:|---:|---:|---:|---:|---:|')
  for (const { name, floor, aim, next } of operations) {
    const targets = [
      { port: bare.port, next: next('', {}) },
      { port: product.port, next: next('/api/v1', headers) },
    ]
    const results: LoadResult[][] = [[], []]
    for (let round = 0; round <= rounds; round++) {
      for (const [which, target] of targets.entries()) {
        const result = await load({ ...target, connections, seconds: round === 0 ? 2 : seconds })
        // The first round warms both up.
        if (round > 0) results[which]!.push(result)
        if (Object.keys(result.failures).length > 0)
          say(`  ${name}: answers other than 2xx: ${JSON.stringify(result.failures)}`)
      }
    }
    const [bareRate, productRate] = results.map((list) =>
      median(list.map((result) => result.perSecond)),
    ) as [number, number]
    const [bareP99, productP99] = results.map((list) =>
      median(list.map((result) => result.p99Ms)),
    ) as [number, number]
    say(
      `| ${name} | ${bareRate.toFixed(0)} | ${productRate.toFixed(0)} | **${(productRate / bareRate).toFixed(2)}** | ${floor} | ${aim} | ${bareP99.toFixed(1)} | ${productP99.toFixed(1)} |`,
    )
  }
  await stop(bare.child)
  await stop(product.child)
}

/** From the call of Node to the line that says it is ready, on a data folder that is in use. */
async function measureStart(): Promise<void> {
  const times: number[] = []
  for (let i = 0; i < 5; i++) {
    const began = performance.now()
    const { child } = await startProduct()
    times.push(performance.now() - began)
    await stop(child)
  }
  say(
    `\nStart on an initialised data folder: median ${(median(times) / 1000).toFixed(2)} s of 5 (aim: under 3 s)`,
  )
}

async function startProduct(): Promise<{ child: ChildProcess; port: number }> {
  const child = spawn(process.execPath, startArguments, {
    cwd: root,
    env: environment,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.add(child)
  let text = ''
  const port = await new Promise<number>((resolve, reject) => {
    // Read to the end, so that what it says later finds somebody who listens.
    child.stdout!.on('data', (chunk) => {
      text += String(chunk)
      const found = /ready at http:\/\/[^:]+:(\d+)/.exec(text)?.[1]
      if (found) resolve(Number(found))
    })
    child.once('exit', () => reject(new Error(`The product did not start:\n${text}`)))
  })
  return { child, port }
}

async function startBare(orgId: string): Promise<{ child: ChildProcess; port: number }> {
  await admin(async (client) => {
    const { rows } = await client.query<{ document: { storageIds: Record<string, string> } }>(
      'select document from tenant.layer_revision where org_id = $1 order by n desc limit 1',
      [orgId],
    )
    const ids = rows[0]?.document.storageIds ?? {}
    await client.query(
      `create schema bare; create table bare.lead (${leadColumns.map(({ column, type }) => `${column} ${type}${defaults[column] ?? ''}`).join(', ')}, primary key (id))`,
    )
    const source = ({ name, column, type }: (typeof leadColumns)[number]) => {
      if (!name.startsWith('own') || name === 'ownerId')
        return name === 'campaignId' ? 'campaign' : column
      const id = Object.entries(ids).find(([at]) => at.split('/').includes(name))?.[1] ?? name
      return `(custom->>'${id}')::${type}`
    }
    await client.query(
      `insert into bare.lead (${leadColumns.map(({ column }) => column).join(', ')}) select ${leadColumns.map(source).join(', ')} from tenant.crm_leads_lead where org_id = $1`,
      [orgId],
    )
    await client.query(
      'create index on bare.lead (status, created_at desc, id desc); create index on bare.lead (owner_id); analyze bare.lead; analyze tenant.crm_leads_lead',
    )
  })
  const child = fork(
    path.join(import.meta.dirname, 'bare-server.ts'),
    [embedded.adminUrl, JSON.stringify(leadColumns)],
    { stdio: 'inherit' },
  )
  children.add(child)
  const port = await new Promise<number>((resolve) =>
    child.once('message', (message) => resolve((message as { port: number }).port)),
  )
  return { child, port }
}

async function seed(port: number, headers: Record<string, string>): Promise<void> {
  for (let start = 0; start < leads; start += 1000) {
    const create = Array.from({ length: Math.min(1000, leads - start) }, (_, i) =>
      leadBody(start + i),
    )
    const answer = await fetch(`http://127.0.0.1:${port}/api/v1/leads/bulk`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify({ create }),
    })
    if (!answer.ok) throw new Error(`Bulk answered ${answer.status}: ${await answer.text()}`)
  }
}

async function someIds(orgId: string): Promise<string[]> {
  return admin(async (client) =>
    (
      await client.query<{ id: string }>(
        'select id from tenant.crm_leads_lead where org_id = $1 order by id limit 2000',
        [orgId],
      )
    ).rows.map(({ id }) => id),
  )
}

async function admin<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: embedded.adminUrl })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

function stop(child: ChildProcess): Promise<void> {
  if (!children.delete(child) || child.signalCode) return Promise.resolve()
  return new Promise((resolve) => {
    child.once('exit', () => resolve())
    child.kill('SIGTERM')
  })
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}

function once(bytes: Buffer): () => Buffer {
  return () => bytes
}

function memo(make: (i: number) => Buffer, size: number): (i: number) => Buffer {
  const made = new Map<number, Buffer>()
  return (i) => {
    const key = i % size
    let bytes = made.get(key)
    if (!bytes) {
      bytes = make(key)
      made.set(key, bytes)
    }
    return bytes
  }
}
