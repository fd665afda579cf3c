import type { ChildProcess } from 'node:child_process'
import { createWriteStream, openAsBlob } from 'node:fs'
import { readFile, rm } from 'node:fs/promises'
import { loadavg } from 'node:os'
import path from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { openHouse } from '../../kernel/main.ts'

interface ImportBench {
  readonly environment: NodeJS.ProcessEnv
  readonly folder: string
  readonly rows: number
  startProduct(): Promise<{ child: ChildProcess; port: number }>
  stop(child: ChildProcess): Promise<void>
  say(line?: string): void
}

interface Run {
  readonly status: string
  readonly changeSetId: string
  readonly problem?: string
  readonly counts: Readonly<Record<'rows' | 'created' | 'updated' | 'skipped' | 'failed', number>>
}

/** What the start leaves behind is not what the import takes. */
const settleMs = 3000

/** A million leads from a file, through the door that everybody uses, into a server of its own process. */
export async function measureImport(bench: ImportBench): Promise<void> {
  const { rows, say } = bench
  const opened = await openHouse(bench.environment, { roles: { web: false, worker: false } })
  const { orgId } = await opened.house.accounts.provision({
    orgName: 'Import',
    slug: 'import',
    email: 'import@bench.example',
    password: 'correct-horse-battery',
  })
  const { key } = await opened.house.accounts.createKey(orgId, { name: 'Bench', role: 'admin' })
  await opened.close()

  const file = path.join(bench.folder, 'leads.csv')
  await pipeline(Readable.from(csvOfLeads(rows)), createWriteStream(file))
  // Twice: the first start after a change of the code compiles it, and keeps the memory that this took.
  await bench.stop((await bench.startProduct()).child)
  const product = await bench.startProduct()
  const base = `http://127.0.0.1:${product.port}/api/v1`
  const headers = { authorization: `Bearer ${key}` }
  await fetch(`${base}/leads?limit=1`, { headers })
  await sleep(settleMs)
  let memory = watchMemory(product.child.pid!)
  const [busyBefore] = loadavg()
  const began = performance.now()
  try {
    const run = await importFile(base, headers, file)
    const seconds = (performance.now() - began) / 1000
    const { created, failed } = run.counts
    if (run.status !== 'done' || created !== rows)
      say(`Not as it should be: ${JSON.stringify(run)}`)
    say(
      `${created} of ${rows} leads in ${(seconds / 60).toFixed(2)} min, ${failed} failed: ` +
        `**${(created / seconds).toFixed(0)} rows/s** (aim: 1,667); ${growthOf(memory.stop())}; load of the ` +
        `machine before ${busyBefore!.toFixed(1)}, after ${loadavg()[0]!.toFixed(1)}`,
    )
    memory = watchMemory(product.child.pid!)
    const backAt = performance.now()
    const reverted = await revert(base, headers, run.changeSetId)
    const backSeconds = (performance.now() - backAt) / 1000
    say(
      `${reverted} taken back in ${(backSeconds / 60).toFixed(2)} min; ${growthOf(memory.stop())}`,
    )
  } finally {
    memory.stop()
    await rm(file)
  }
  await bench.stop(product.child)
}

async function importFile(
  base: string,
  headers: Record<string, string>,
  file: string,
): Promise<Run> {
  const form = new FormData()
  form.set('spec', JSON.stringify({ entity: 'leads', columns, key: [] }))
  form.set('file', await openAsBlob(file, { type: 'text/csv' }), 'leads.csv')
  const answer = await fetch(`${base}/imports`, { method: 'POST', headers, body: form })
  if (!answer.ok) throw new Error(`The import answered ${answer.status}: ${await answer.text()}`)
  const { id } = (await answer.json()) as { id: string }
  for (;;) {
    await sleep(500)
    const run = (await (await fetch(`${base}/imports/${id}`, { headers })).json()) as Run
    if (run.status !== 'running') return run
  }
}

/** @returns how many records were taken back, by a job when there are many. */
async function revert(
  base: string,
  headers: Record<string, string>,
  changeSetId: string,
): Promise<number> {
  const url = `${base}/changes/${changeSetId}/revert`
  const answer = await fetch(url, { method: 'POST', headers })
  if (!answer.ok) throw new Error(`The revert answered ${answer.status}: ${await answer.text()}`)
  const begun = (await answer.json()) as { changeSetId: string; reverted?: number }
  if (begun.reverted !== undefined) return begun.reverted
  for (;;) {
    await sleep(500)
    const look = await fetch(`${base}/changes/${begun.changeSetId}`, { headers })
    const { state, counts } = (await look.json()) as { state: string; counts: { deleted: number } }
    if (state !== 'open') return counts.deleted
  }
}

function growthOf({ first, most }: { first: number; most: number }): string {
  return `resident memory from ${first} MB to at most ${most} MB, **${most - first} MB** more (aim: 150)`
}

const columns = {
  Name: 'name',
  'E-mail': 'email',
  Phone: 'phone',
  Company: 'company',
  Title: 'title',
  Website: 'website',
  Source: 'source',
  Status: 'status',
  Score: 'score',
  Notes: 'notes',
}

/** Chunks of a file of `rows` leads; the same ones each time. */
export function* csvOfLeads(rows: number): Generator<string> {
  yield `${Object.keys(columns).join(',')}\n`
  const atOnce = 1000
  for (let from = 0; from < rows; from += atOnce) {
    const lines: string[] = []
    for (let i = from; i < Math.min(rows, from + atOnce); i++) lines.push(lineOf(i))
    yield lines.join('')
  }
}

const firsts = ['Ada', 'Bo', 'Cleo', 'Dag', 'Eva', 'Finn', 'Gro', 'Håkon', 'Ida', 'Jon']
const lasts = ['Berg', 'Dahl', 'Eide', 'Foss', 'Haug', 'Lie', 'Moen', 'Nygård', 'Vik', 'Øye']
const mixed = (i: number) => Math.imul(i ^ (i >>> 7), 0x9e3779b1) >>> 0

function lineOf(i: number): string {
  const n = mixed(i)
  const firm = n % 5000
  return (
    `${firsts[n % 10]} ${lasts[(n >>> 4) % 10]} ${i},lead${i}@firm${firm}.example,+4722${100_000 + (n % 800_000)},` +
    `"Firm ${firm}, Ltd",Head of purchasing,https://firm${firm}.example,${['web', 'referral', 'event'][n % 3]},` +
    `${['new', 'contacted', 'qualified', 'unqualified'][n % 4]},${n % 100},"Met at the ""fair""; wants a quote."\n`
  )
}

/** Resident memory of a process each second, in MB. */
function watchMemory(pid: number): { stop(): { first: number; most: number } } {
  let first = 0
  let most = 0
  const look = async () => {
    // Linux alone tells it so; elsewhere the figures stay 0.
    const text = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
    const now = Math.round(Number(/VmRSS:\s+(\d+)/.exec(text)?.[1] ?? 0) / 1024)
    first ||= now
    most = Math.max(most, now)
  }
  void look()
  const timer = setInterval(look, 1000)
  return {
    stop() {
      clearInterval(timer)
      return { first, most }
    },
  }
}
