import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { startApp, type TestApp } from '../setup/test-app.ts'
import { type Command, type Commands, createCommands } from './restore/commands.ts'
import { isBehind } from './support/is-behind.ts'
import { succeed } from './support/own-layer.ts'
import { createRecordsHash } from './support/records-hash.ts'
import { suiteRandom, suiteScale, suiteTimeoutMs } from './support/scale.ts'
import { changedTables, createTenantHash } from './support/tenant-hash.ts'
import { createWorld, type World } from './support/world.ts'

/**
 * Sequences of everything that changes records and the model, taken back from the last to the first: what
 * was there is as it was, what was made is gone, and the other organisation has not moved.
 */
const sequences = suiteScale > 1 ? 30 * suiteScale : 20
const random = suiteRandom('restore')
vi.setConfig({ testTimeout: suiteTimeoutMs })

let app: TestApp
let admin: pg.Client
let ours: World
let theirs: World
let commands: Commands
const counts = new Map<string, number>()

beforeAll(async () => {
  app = await startApp()
  admin = new pg.Client({ connectionString: app.database.adminUrl })
  await admin.connect()
  ours = await createWorld(app, admin, 'a')
  theirs = await createWorld(app, admin, 'b')
  // What changes by itself when an hour is full is nobody's doing here.
  await admin.query("update directory.schedule set due = 'infinity'")
  commands = createCommands(ours, await ours.model(), random)
  await commands.prepare()
}, suiteTimeoutMs)
afterAll(async () => {
  console.info('restore:', Object.fromEntries([...counts].sort()))
  await admin?.end()
  await app?.stop()
})

interface Change {
  readonly id: string
  readonly state: 'open' | 'done' | 'reverted'
}

/** One step of a sequence, and what has to be taken back of it, the last first. */
interface Step {
  readonly told: string
  readonly undo: () => Promise<string[]>
}

/** Change sets since the one that is named, the newest first, when all of them are complete. */
async function changesSince(last: string): Promise<Change[]> {
  for (let tries = 0; tries < 2_400; tries++) {
    const { data } = await succeed<{ data: Change[] }>(ours.key.call('GET', '/changes?limit=200'))
    const since = data.filter(({ id }) => id > last)
    if (since.every(({ state }) => state !== 'open')) return since
    await sleep(25)
  }
  throw new Error('A change set stays open.')
}

/** @returns what went wrong. */
async function revert(id: string, told: string): Promise<string[]> {
  const { statusCode, body } = await ours.key.call('POST', `/changes/${id}/revert`, {})
  if (statusCode === 200) return []
  return [`${told}: taking it back answers ${statusCode} ${body.slice(0, 500)}`]
}

function count(command: Command, status: number): void {
  const kind = command.name.startsWith('POST') ? 'action' : command.name.replace(/ [\w-]+$/, '')
  const name = `${kind} ${status < 300 ? 'done' : 'refused'}`
  counts.set(name, (counts.get(name) ?? 0) + 1)
}

/** Imports and changes of all that match go on behind the answer. */
async function untilDone(body: string, status: number): Promise<void> {
  if (status !== 202) return
  const { id } = JSON.parse(body) as { id?: string }
  if (id === undefined) return
  for (let tries = 0; tries < 2_400; tries++) {
    const run = await succeed<{ status: string }>(ours.key.call('GET', `/imports/${id}`))
    if (!['reading', 'waiting', 'running'].includes(run.status)) return
    await sleep(25)
  }
  throw new Error('An import does not end.')
}

async function change(mark: { last: string }, known: readonly string[]): Promise<Step> {
  const command = await commands.next(known)
  const { status, body } = await commands.perform(command)
  if (status >= 500) throw new Error(`${toldOf(command)}: ${status} ${body}`)
  count(command, status)
  await untilDone(body, status)
  const told = `${toldOf(command)} -> ${status} ${body.slice(0, 300)}`
  const since = await changesSince(mark.last)
  mark.last = since[0]?.id ?? mark.last
  return {
    told,
    async undo() {
      const troubles: string[] = []
      for (const { id } of since) troubles.push(...(await revert(id, told.slice(0, 200))))
      return troubles
    },
  }
}

function toldOf({ name, exchange }: Command): string {
  return `${name}: ${exchange.method} ${exchange.path} ${JSON.stringify(exchange.body ?? exchange.form)}`
}

/** A field more for leads, and an older revision published again to take it back. */
async function publish(): Promise<Step> {
  const { data } = await succeed<{ data: { revision: number }[] }>(
    ours.key.call('GET', '/studio/revisions'),
  )
  const before = Math.max(...data.map(({ revision }) => revision))
  const { name, op } = commands.newField()
  await succeed(ours.key.call('PATCH', '/studio/draft', { ops: [op] }))
  const { hash } = await succeed<{ hash: string }>(ours.key.call('POST', '/studio/plan'))
  await succeed(ours.key.call('POST', '/studio/publish', { hash, message: 'By a sequence' }))
  counts.set('publish', (counts.get('publish') ?? 0) + 1)
  const value = { [name]: ours.source.token }
  await ours.key.call('PATCH', `/leads/${commands.leadId()}`, value)
  return {
    told: `publish ${name}`,
    async undo() {
      await succeed(ours.key.call('POST', '/studio/rollback', { revision: before }))
      return []
    },
  }
}

/** What the organisation's layer says, whatever its number. */
async function layer(): Promise<string> {
  const { headers, body } = await ours.key.call('POST', '/studio/export', {})
  return `${headers['content-type']} ${body}`
}

it(`is as it was after everything was taken back, ${sequences} times`, async () => {
  const records = createRecordsHash(admin, ours.orgId, await ours.model())
  const hashOf = await createTenantHash(admin)
  const others = await quiet(theirs, () => hashOf(theirs.orgId))
  await commands.look()
  const findings: string[] = []
  for (let sequence = 0; sequence < sequences; sequence++) {
    const mark = { last: (await changesSince(''))[0]!.id }
    const [snapshot, document] = [await records.take(), await layer()]
    const steps: Step[] = []
    const known: string[] = []
    const length = 6 + random.below(8)
    for (let n = 0; n < length; n++) {
      if (random.chance(0.06)) steps.push(await publish())
      const { last } = mark
      steps.push(await change(mark, known))
      if (mark.last !== last) known.push(mark.last)
    }
    const troubles: string[] = []
    for (const step of steps.toReversed()) troubles.push(...(await step.undo()))
    for (const one of await records.strangers(snapshot)) troubles.push(`still there: ${one}`)
    for (const one of changedTables(snapshot.hashes, await records.hashes(snapshot.ids)))
      troubles.push(`other than before: ${one}`)
    if ((await layer()) !== document) troubles.push('other than before: the layer')
    for (const one of changedTables(others, await hashOf(theirs.orgId)))
      if (!background.includes(one)) troubles.push(`moved in the other organisation: ${one}`)
    if (troubles.length === 0) continue
    const told = steps.map((one) => one.told.slice(0, 900)).join('\n  ')
    findings.push(`sequence ${sequence}: ${troubles.join('\n')}\n  ${told}`)
  }
  expect(findings.join('\n\n'), `RUNWAY_SEED=${random.seed}`).toBe('')
})

/** What the kernel does for an organisation itself, a while after it has published. */
const background = ['directory.ready_job', 'tenant.job', 'tenant.slot_fill', 'tenant.org_state']

/** Events are numbered and searched for a moment later. */
async function quiet(
  world: World,
  take: () => Promise<ReadonlyMap<string, string>>,
): Promise<ReadonlyMap<string, string>> {
  let last = await take()
  for (let same = 0; same < 4; ) {
    await sleep(100)
    const next = await take()
    const isSame = changedTables(last, next).length === 0 && !(await isBehind(admin, world.orgId))
    same = isSame ? same + 1 : 0
    last = next
  }
  return last
}
