import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import {
  endAll,
  postmasterOf,
  removeDataFolder,
  type Server,
  startServer,
} from '../integration/server-process.ts'
import { signUp, startLoad } from '../integration/write-ledger.ts'
import { step, trigger, workflowsOf } from '../setup/workflows.ts'
import { suiteScale } from './support/scale.ts'

/**
 * PostgreSQL is stopped hard while leads come in and workflows run. Every lead that was acknowledged has its run, every
 * run ends, and each made its task once.
 */
const kills = suiteScale === 1 ? 2 : 20

let dataDir: string
let server: Server

beforeAll(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), 'runway-workflow-outage-'))
  // PostgreSQL runs as another user and lies below it.
  await chmod(dataDir, 0o755)
  server = await startServer({ RUNWAY_DATA_DIR: dataDir })
}, 120_000)
afterAll(async () => {
  await endAll()
  await removeDataFolder(dataDir).catch(() => {})
  await rm(dataDir, { recursive: true, force: true })
})

it(`loses no run and does nothing twice, though PostgreSQL is killed ${kills} times`, {
  timeout: 240_000 + kills * 30_000,
}, async () => {
  const account = await signUp(server.url)
  const call = async (method: string, url: string, body?: unknown) => {
    const answer = await fetch(`${server.url}/api/v1${url}`, {
      method,
      headers: { ...account.headers, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await answer.text()
    return { statusCode: answer.status, body: text, json: () => JSON.parse(text) }
  }
  const workflows = workflowsOf({ call } as never)
  await workflows.publish({
    greet: {
      label: 'Greet',
      entity: 'crm.leads:lead',
      triggers: { created: trigger('record-created') },
      start: 'task',
      steps: {
        task: step(
          'create-record',
          { entity: 'platform.tasks:task', values: { title: '{{ record.name }}' } },
          { next: 'mark' },
        ),
        mark: step('update-record', { values: { notes: 'Greeted' } }),
      },
    },
  })
  const load = startLoad(account, { writers: 2 })
  for (let kill = 0; kill < kills; kill++) {
    await expect.poll(load.acknowledged, { timeout: 60_000 }).toBeGreaterThan(40 * (kill + 1))
    process.kill((await postmasterOf(dataDir)) as number, kill % 2 === 0 ? 'SIGKILL' : 'SIGQUIT')
  }
  const before = load.acknowledged()
  await expect.poll(load.acknowledged, { timeout: 60_000 }).toBeGreaterThan(before + 10)
  const attempts = await load.stop()

  const count = async (plural: string, filter: object): Promise<number> => {
    const body = { filter, measures: { n: { count: '*' } } }
    return (await workflows.ask('POST', `/${plural}/aggregate`, body)).data[0].n
  }
  // Those that got no answer may be there all the same.
  const leads = await count('leads', {})
  expect(leads).toBeGreaterThanOrEqual(attempts.filter(({ status }) => status === 201).length)
  const ended = async () => ({
    runs: await count('runs', { status: 'done' }),
    greeted: await count('leads', { notes: 'Greeted' }),
  })
  await expect
    .poll(ended, { timeout: 120_000, interval: 500 })
    .toEqual({ runs: leads, greeted: leads })
  expect(await count('runs', {})).toBe(leads)
  const titles = await workflows.ask('POST', '/tasks/aggregate', {
    measures: { all: { count: '*' }, titles: { countDistinct: 'title' } },
  })
  expect(titles.data[0]).toEqual({ all: leads, titles: leads })
})
