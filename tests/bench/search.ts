import type { ChildProcess } from 'node:child_process'
import { loadavg } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { openHouse } from '../../kernel/main.ts'
import { makeBenchOrg } from './bench-org.ts'
import { load, rawRequest } from './load.ts'

interface SearchBench {
  readonly environment: NodeJS.ProcessEnv
  /** Leads of the searched organisation; another one beside it has half as many. */
  readonly rows: number
  readonly seconds: number
  readonly adminUrl: string
  startProduct(): Promise<{ child: ChildProcess; port: number }>
  stop(child: ChildProcess): Promise<void>
  say(line?: string): void
}

const connections = 8

/** How fast the index is filled and searched: people and firms with made-up names, as in a real CRM. */
export async function measureSearch(bench: SearchBench): Promise<void> {
  const { rows, say } = bench
  const opened = await openHouse(bench.environment, { roles: { web: false, worker: false } })
  const { orgId, key } = await makeBenchOrg(opened.house, 'bench')
  const other = await makeBenchOrg(opened.house, 'other')
  await opened.close()
  const client = new pg.Client({ connectionString: bench.adminUrl })
  await client.connect()
  try {
    say(`Writing ${rows} leads, and ${Math.floor(rows / 2)} of another organisation ...`)
    await seed(client, orgId, rows)
    await seed(client, other.orgId, Math.floor(rows / 2))
    await client.query('analyze tenant.crm_leads_lead')
    const began = performance.now()
    const product = await bench.startProduct()
    await filled(client)
    const seconds = (performance.now() - began) / 1000
    say(
      `Index filled in ${seconds.toFixed(0)} s, ${((rows * 1.5) / seconds).toFixed(0)} records/s; ` +
        `sizes: ${await sizes(client)}`,
    )
    await client.query('vacuum analyze tenant.search')
    await client.query('vacuum analyze tenant.search_word')
    await measure(bench, product.port, key)
    await bench.stop(product.child)
  } finally {
    await client.end()
  }
}

async function measure({ seconds, say }: SearchBench, port: number, key: string): Promise<void> {
  const headers = { authorization: `Bearer ${key}` }
  const queries: Readonly<Record<string, (i: number) => string>> = {
    'first letters': (i) =>
      nameOf(i)
        .toLowerCase()
        .slice(0, 1 + (i % 3)),
    prefix: (i) => lastOf(i * 7).slice(0, 3 + (i % 3)),
    exact: (i) => (i % 2 ? nameOf(i * 31) : lastOf(i * 13)),
    typo: (i) => misspelt(lastOf(i * 11)),
    'two words': (i) => `${lastOf(i * 17)} ${firstOf(i * 3).slice(0, 1 + (i % 4))}`,
    'common word': (i) => `${['gmbh', 'ltd', 'head', 'purchasing'][i % 4]}`,
    phone: (i) => `030 ${String(1_000_000 + ((i * 37) % 90_000)).replace(/(...)$/, '-$1')}`,
    'email part': (i) => `${lastOf(i * 19)}${i * 19}@`.toLowerCase(),
    'common words': (i) => `${firstOf(i)} ${['gmbh', 'head of', 'purch'][i % 3]}`,
  }
  say(`\n${connections} connections, ${seconds} s each, through HTTP\n`)
  say('| search | per second | p50 ms | p99 ms | bytes | load |')
  say('|---|---:|---:|---:|---:|---:|')
  for (const [name, query] of Object.entries(queries)) {
    const next = (i: number) =>
      rawRequest('GET', `/api/v1/search?q=${encodeURIComponent(query(i))}`, headers)
    await load({ port, next, connections, seconds: 2 })
    const result = await load({ port, next: (i) => next(i + 5000), connections, seconds })
    if (Object.keys(result.failures).length > 0) {
      say(`  ${name}: answers other than 2xx: ${JSON.stringify(result.failures)}`)
    }
    say(
      `| ${name} | ${result.perSecond.toFixed(0)} | ${result.p50Ms.toFixed(1)} | ${result.p99Ms.toFixed(1)} | ${result.bytes.toFixed(0)} | ${loadavg()[0]!.toFixed(1)} |`,
    )
  }
}

async function filled(client: pg.Client): Promise<void> {
  for (;;) {
    const { rows } = await client.query<{ ready: number; failed: string | null }>(
      `select count(*) filter (where is_ready)::integer as ready,
        (select min(error) from tenant.job where job = 'search_fill' and state = 'dead') as failed
        from tenant.search_state`,
    )
    if (rows[0]!.failed) throw new Error(`The index was not filled: ${rows[0]!.failed}`)
    if (rows[0]!.ready >= 2) return
    await sleep(500)
  }
}

async function sizes(client: pg.Client): Promise<string> {
  const { rows } = await client.query<{ name: string; size: string }>(
    `select c.oid::regclass::text as name, pg_size_pretty(pg_relation_size(c.oid)) as size
      from pg_class c where c.relnamespace = 'tenant'::regnamespace and c.relname like 'search%'
        and pg_relation_size(c.oid) > 1000000 order by 1`,
  )
  return rows.map(({ name, size }) => `${name} ${size}`).join(', ')
}

const syllables =
  'an ber cal dor el fin gar hol is jen kra lu mar nor ost pet qui ros sten tor ul vin wes yor zel'.split(
    ' ',
  )
const endings = 'er mann son sen ski witz field ley ton dorf bach berg'.split(' ')
const capital = (text: string) => text[0]!.toUpperCase() + text.slice(1)
const mixed = (i: number) => Math.imul(i ^ (i >>> 7), 0x9e3779b1) >>> 0
const pick = <T>(list: readonly T[], i: number): T => list[i % list.length]!
const firsts = Array.from({ length: 300 }, (_, i) =>
  capital(
    pick(syllables, i) + pick(syllables, i * 7 + 3).slice(0, 2) + pick(['a', 'e', 'o', ''], i),
  ),
)
const lasts = Array.from({ length: 20_000 }, (_, i) =>
  capital(
    pick(syllables, i) +
      pick(syllables, Math.floor(i / 24)) +
      pick(endings, Math.floor(i / 600) + i),
  ),
)
const firms = Array.from(
  { length: 40_000 },
  (_, i) =>
    `${capital(pick(syllables, i * 5) + pick(syllables, Math.floor(i / 24)) + pick(syllables, Math.floor(i / 600)))} ${pick(['GmbH', 'Ltd', 'AG', 'Inc'], i)}`,
)
const firstOf = (i: number) => pick(firsts, mixed(i))
const lastOf = (i: number) => pick(lasts, mixed(i * 3 + 1))
const nameOf = (i: number) => `${firstOf(i)} ${lastOf(i)}`

/** One letter out, or two swapped. */
function misspelt(word: string): string {
  const at = 1 + (word.length % 3)
  return word.length % 2
    ? word.slice(0, at) + word.slice(at + 1)
    : word.slice(0, at) + word[at + 1] + word[at] + word.slice(at + 2)
}

export async function seed(client: pg.Client, orgId: string, rows: number): Promise<void> {
  const atOnce = 20_000
  for (let from = 0; from < rows; from += atOnce) {
    const ids = Array.from({ length: Math.min(atOnce, rows - from) }, (_, i) => from + i)
    await client.query(
      `insert into tenant.crm_leads_lead (org_id, id, version, created_at, updated_at, created_by,
          updated_by, name, email, phone, company, title, status)
        select $1, uuidv7(), 1, now(), now(), '{"type":"system","id":null,"name":"Bench"}',
            '{"type":"system","id":null,"name":"Bench"}', r.name, r.email, r.phone, r.company,
            'Head of purchasing', 'new'
          from unnest($2::text[], $3::text[], $4::text[], $5::text[]) r (name, email, phone, company)`,
      [
        orgId,
        ids.map(nameOf),
        ids.map((i) =>
          `${firstOf(i)}.${lastOf(i)}${i}@${pick(firms, mixed(i)).split(' ')[0]}.test`.toLowerCase(),
        ),
        ids.map((i) => `+4930${String(1_000_000 + i)}`),
        ids.map((i) => pick(firms, mixed(i))),
      ],
    )
  }
}
