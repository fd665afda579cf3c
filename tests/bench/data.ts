import type { ChildProcess } from 'node:child_process'
import { loadavg } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { openHouse } from '../../kernel/main.ts'
import { makeBenchOrg } from './bench-org.ts'
import { load, rawRequest } from './load.ts'

interface DataBench {
  readonly environment: NodeJS.ProcessEnv
  /** Records of the organisation that is asked; another one beside it has half as many. */
  readonly rows: number
  readonly seconds: number
  readonly adminUrl: string
  startProduct(): Promise<{ child: ChildProcess; port: number }>
  stop(child: ChildProcess): Promise<void>
  say(line?: string): void
}

const connections = 8
const cities = ['Oslo', 'Bergen', 'Trondheim', 'Stavanger', 'Tromsø', 'Drammen', 'Bodø', 'Ålesund']

/** An object of the organisation's own with very many records: publishing fields, filling indexes, lists. */
export async function measureData(bench: DataBench): Promise<void> {
  const { rows, say } = bench
  const opened = await openHouse(bench.environment, { roles: { web: false, worker: false } })
  const orgs = [
    await makeBenchOrg(opened.house, 'bench'),
    await makeBenchOrg(opened.house, 'other'),
  ]
  const keys = await Promise.all(
    orgs.map(
      async ({ orgId }) => (await opened.house.accounts.createKey(orgId, { name: 'Bench' })).key,
    ),
  )
  await opened.close()
  const { child, port } = await bench.startProduct()
  const client = new pg.Client({ connectionString: bench.adminUrl })
  await client.connect()
  try {
    const call = caller(port, keys[0]!)
    for (const key of keys) {
      await publish(caller(port, key), [{ path: ['entities', 'property'], value: property() }])
    }
    const ids = await storageIds(client, orgs[0]!.orgId)
    say(`Writing ${rows} records, and ${Math.floor(rows / 2)} of another organisation ...`)
    await seed(client, orgs[0]!.orgId, ids, rows)
    await seed(
      client,
      orgs[1]!.orgId,
      await storageIds(client, orgs[1]!.orgId),
      Math.floor(rows / 2),
    )
    await client.query('analyze tenant.record')

    const writing = writeAllTheTime(call)
    const plain = await timed(() =>
      publish(call, [{ path: [...fields, 'note'], value: { type: 'number' } }]),
    )
    const longest = await writing.stop()
    say(
      `A field is added to ${rows} records in ${plain.toFixed(0)} ms (publish and plan); of the records changed meanwhile the slowest took ${longest.toFixed(0)} ms.`,
    )
    for (const name of ['price', 'reference', 'city']) {
      const began = performance.now()
      await publish(call, [{ path: [...fields, name, 'indexed'], value: true }])
      await filled(client, orgs[0]!.orgId)
      const seconds = (performance.now() - began) / 1000
      say(`${name}: filled in ${seconds.toFixed(1)} s, ${(rows / seconds).toFixed(0)} records/s.`)
    }
    say(`load average ${loadavg()[0]!.toFixed(1)}`)

    say(`\n${connections} connections, ${bench.seconds} s each, 25 rows, through HTTP\n`)
    say('| question | per second | p50 ms | p99 ms | load |')
    say('|---|---:|---:|---:|---:|')
    const headers = { authorization: `Bearer ${keys[0]!}` }
    for (const [name, question] of Object.entries(questions)) {
      const next = (i: number) =>
        rawRequest('GET', `/api/v1/properties?limit=25&${question(i)}`, headers)
      await load({ port, next, connections, seconds: 2 })
      const result = await load({ port, next, connections, seconds: bench.seconds })
      if (Object.keys(result.failures).length > 0)
        say(`  ${name}: answers other than 2xx: ${JSON.stringify(result.failures)}`)
      say(
        `| ${name} | ${result.perSecond.toFixed(0)} | ${result.p50Ms.toFixed(1)} | ${result.p99Ms.toFixed(1)} | ${loadavg()[0]!.toFixed(1)} |`,
      )
    }
  } finally {
    await client.end()
    await bench.stop(child)
  }
}

const fields = ['entities', 'property', 'fields']
const filter = (value: object) => `filter=${encodeURIComponent(JSON.stringify(value))}`
const questions: Readonly<Record<string, (i: number) => string>> = {
  list: () => '',
  'filter on an indexed text, one': (i) => filter({ reference: `R-${1 + i}` }),
  'filter on an indexed text, one in eight': (i) => filter({ city: cities[i % 8]! }),
  'filter on an indexed text, beginning so': (i) =>
    filter({ reference: { $startsWith: `R-${1000 + (i % 9000)}` } }),
  'filter on an indexed number, few': (i) =>
    filter({ price: { $gte: i % 900, $lt: (i % 900) + 0.05 } }),
  'sort by an indexed number': (i) => `sort=${i % 2 ? '-' : ''}price`,
  'filter and sort': (i) => `${filter({ city: cities[i % 8]! })}&sort=-price`,
}

function property() {
  return {
    label: 'Property',
    labelPlural: 'Properties',
    plural: 'properties',
    titleField: 'name',
    fields: {
      name: { type: 'text', required: true },
      reference: { type: 'text' },
      city: { type: 'text' },
      price: { type: 'number' },
      ...Object.fromEntries(
        Array.from({ length: 8 }, (_, n) => [`own${n}`, { type: n % 2 ? 'integer' : 'text' }]),
      ),
    },
  }
}

function caller(port: number, key: string) {
  return async (method: string, path: string, body?: object) => {
    const answer = await fetch(`http://127.0.0.1:${port}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      ...(body ? { body: JSON.stringify(body) } : {}),
    })
    const told = (await answer.json()) as Record<string, unknown>
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(told)}`)
    return told
  }
}

async function publish(
  call: ReturnType<typeof caller>,
  ops: readonly { path: readonly string[]; value: unknown }[],
): Promise<void> {
  await call('PATCH', '/studio/draft', { ops: ops.map((op) => ({ op: 'set', ...op })) })
  const { hash } = await call('POST', '/studio/plan', {})
  await call('POST', '/studio/publish', { hash: String(hash) })
}

async function storageIds(client: pg.Client, orgId: string): Promise<Record<string, string>> {
  const { rows } = await client.query<{ ids: Record<string, string> }>(
    `select document -> 'storageIds' as ids from tenant.layer_revision where org_id = $1 order by n desc limit 1`,
    [orgId],
  )
  return Object.fromEntries(
    Object.entries(rows[0]!.ids).map(([path, id]) => [path.split('/').at(-1)!, id]),
  )
}

/** Straight into the table: what is measured is reading. */
async function seed(
  client: pg.Client,
  orgId: string,
  ids: Readonly<Record<string, string>>,
  rows: number,
): Promise<void> {
  const own = Array.from(
    { length: 8 },
    (_, n) => `'${ids[`own${n}`]}', ${n % 2 ? 'n' : `'text ' || n`}`,
  )
  for (let at = 0; at < rows; at += 50_000) {
    await client.query(
      `insert into tenant.record (org_id, entity, id, version, created_at, updated_at, created_by, updated_by, custom)
       select $1, 't:property', uuidv7(), 1, now(), now(), '{"type":"system","id":null,"name":"Bench"}',
         '{"type":"system","id":null,"name":"Bench"}',
         jsonb_build_object('${ids['name']}', 'Property ' || n, '${ids['reference']}', 'R-' || n,
           '${ids['city']}', ($4::text[])[1 + (n * 7919::bigint) % 8], '${ids['price']}', ((n * 104729::bigint) % 1000000) / 1000.0,
           ${own.join(', ')})
       from generate_series($2::integer, $3::integer) n`,
      [orgId, at + 1, Math.min(rows, at + 50_000), cities],
    )
  }
}

async function filled(client: pg.Client, orgId: string): Promise<void> {
  for (;;) {
    const { rows } = await client.query(
      'select 1 from tenant.slot_fill where org_id = $1 and not is_ready',
      [orgId],
    )
    if (rows.length === 0) return
    await sleep(100)
  }
}

/** One record after the other, as people do; the answer is the longest that one of them waited, in ms. */
function writeAllTheTime(call: ReturnType<typeof caller>) {
  let isOver = false
  const work = async () => {
    const { data } = (await call('GET', '/properties?limit=20')) as { data: { id: string }[] }
    let longest = 0
    for (let n = 0; !isOver; n++) {
      const { id } = data[n % data.length]!
      const change = () => call('PATCH', `/properties/${id}`, { name: `Changed ${n}` })
      longest = Math.max(longest, await timed(change))
    }
    return longest
  }
  const working = work()
  return {
    stop(): Promise<number> {
      isOver = true
      return working
    },
  }
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now()
  await work()
  return performance.now() - began
}
