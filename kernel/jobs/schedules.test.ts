import type { OrgInfo } from '@runwaycrm/sdk'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../tests/setup/test-database.ts'
import { createDatabase, type Database } from '../database/postgres.ts'
import { uuidv7 } from '../database/uuid.ts'
import { quietLog } from '../events/testing/quiet-log.ts'
import type { Model } from '../model/model.ts'
import { createSchedules, type Tick } from './schedules.ts'

let database: TestDatabase
let db: Database
let org: OrgInfo
let cron: Record<string, string>

beforeAll(async () => {
  database = await createTestDatabase()
  db = createDatabase({ url: database.serverUrl, secretKey: database.secretKey })
})
afterAll(async () => {
  await db.close()
  await database.drop()
})
beforeEach(() => {
  cron = { often: '*/10 * * * *' }
  org = {
    id: uuidv7(),
    slug: 's',
    name: 'N',
    plan: 'p',
    currency: 'USD',
    country: '',
    timeZone: 'UTC',
    locale: 'en',
  }
})

/** Only what schedules read of a model. */
function model(): Model {
  const contribution = (key: string, definition: unknown) => ({
    ref: `test.plugin:${key}`,
    plugin: 'test.plugin',
    key,
    definition,
    overriddenBy: [],
  })
  return {
    schedules: new Map(
      Object.entries(cron).map(([key, expression]) => [
        `test.plugin:${key}`,
        contribution(key, { cron: expression, job: 'test.plugin:summary' }),
      ]),
    ),
    jobs: new Map([['test.plugin:summary', contribution('summary', { handler: 'summary' })]]),
  } as unknown as Model
}

function node(now: () => Date, more: { pollMs?: number; staleMs?: number } = {}) {
  const log = quietLog()
  const stateOf = async () => ({ org, model: model() })
  return {
    log,
    ...createSchedules({ db, log, stateOf, now, mark: 'm1', onEnqueued: () => {}, ...more }),
  }
}

/** The database compares with its own clock, so the ticks of a test lie behind it. */
async function setDue(due: Date, key = 'often'): Promise<void> {
  const { rows } = await db.query<{ due: string }>(null, {
    text: 'select due from kernel.due_schedules(1000) where org_id = $1 and ref = $2',
    values: [org.id, `test.plugin:${key}`],
  })
  const present = rows[0]?.due ?? (await future(key))
  const moved = await db.query<{ ok: boolean }>(org.id, {
    text: 'select kernel.advance_schedule($1, $2, $3) as ok',
    values: [`test.plugin:${key}`, present, due],
  })
  expect(moved.rows[0]?.ok).toBe(true)
}
let plannedFor: Record<string, Date> = {}
async function future(key: string): Promise<Date> {
  return plannedFor[key]!
}

async function ticks(): Promise<string[]> {
  const { rows } = await db.query<{ payload: Tick }>(org.id, {
    text: "select payload from tenant.job where org_id = $1 order by payload->>'tick'",
    values: [org.id],
  })
  return rows.map((row) => row.payload.tick)
}

const minute = 60_000
const floorTo = (ms: number, step: number) => Math.floor(ms / step) * step

describe('schedules', () => {
  it('enqueue one job per tick although several nodes look at once', async () => {
    const at = new Date()
    const now = () => at
    const nodes = [node(now), node(now), node(now)]
    await nodes[0]!.sync(org, model())
    plannedFor = { often: new Date(floorTo(+at, 10 * minute) + 10 * minute) }
    const due = new Date(floorTo(+at, 10 * minute))
    await setDue(due)
    const enqueued = await Promise.all(nodes.map((one) => one.run()))
    expect(enqueued.reduce((a, b) => a + b)).toBe(1)
    expect(await ticks()).toEqual([due.toISOString()])
    expect(await nodes[0]!.run()).toBe(0)
  })

  it('make up for the ticks of a restart, each once', async () => {
    const at = new Date()
    const first = node(() => at)
    await first.sync(org, model())
    plannedFor = { often: new Date(floorTo(+at, 10 * minute) + 10 * minute) }
    const newest = floorTo(+at, 10 * minute)
    const due = [newest - 30 * minute, newest - 20 * minute, newest - 10 * minute, newest]
    await setDue(new Date(due[0]!))
    for (let restart = 0; restart < 6; restart++) {
      const restarted = node(() => at)
      await restarted.sync(org, model())
      await restarted.run()
    }
    expect(await ticks()).toEqual(due.map((ms) => new Date(ms).toISOString()))
  })

  it('make one run of what was missed for longer than an hour', async () => {
    const at = new Date()
    const first = node(() => at)
    await first.sync(org, model())
    plannedFor = { often: new Date(floorTo(+at, 10 * minute) + 10 * minute) }
    const old = floorTo(+at, 10 * minute) - 3 * 24 * 60 * minute
    await setDue(new Date(old))
    for (let round = 0; round < 12; round++) await first.run()
    const made = await ticks()
    expect(made[0]).toBe(new Date(old).toISOString())
    expect(made.length).toBeGreaterThanOrEqual(6)
    expect(made.length).toBeLessThanOrEqual(8)
    expect(Date.parse(made[1]!)).toBeGreaterThan(+at - 60 * minute - 1000)
  })

  it('keep the tick of an unchanged schedule and forget one that is gone', async () => {
    const at = new Date()
    const one = node(() => at)
    await one.sync(org, model())
    plannedFor = { often: new Date(floorTo(+at, 10 * minute) + 10 * minute) }
    const due = new Date(floorTo(+at, 10 * minute))
    await setDue(due)
    await one.sync(org, model())
    const dueNow = async () =>
      (
        await db.query(null, {
          text: 'select ref from kernel.due_schedules(1000) where org_id = $1',
          values: [org.id],
        })
      ).rows
    expect(await dueNow()).toHaveLength(1)
    cron = {}
    await one.sync(org, model())
    expect(await dueNow()).toEqual([])
    expect(await one.run()).toBe(0)
  })

  it('plan anew when the time zone of the organisation changes', async () => {
    cron = { often: '0 9 * * *' }
    const one = node(() => new Date('2030-07-01T00:00:00Z'))
    await one.sync(org, model())
    const at = async (due: string) =>
      (
        await db.query<{ ok: boolean }>(org.id, {
          text: 'select kernel.advance_schedule($1, $2, $2) as ok',
          values: ['test.plugin:often', due],
        })
      ).rows[0]?.ok
    expect(await at('2030-07-01T09:00:00Z')).toBe(true)
    org = { ...org, timeZone: 'Europe/Oslo' }
    await one.sync(org, model())
    expect(await at('2030-07-01T07:00:00Z')).toBe(true)
  })

  it('are there for an organisation that is made while a node runs', async () => {
    const admin = new pg.Client({ connectionString: database.adminUrl })
    await admin.connect()
    const one = node(() => new Date(), { pollMs: 10, staleMs: 30 })
    const getsThem = async () => {
      await admin.query(
        `insert into directory.org (id, slug, name, plan, region, state)
          values ($1, $2, 'New', 'free', 'local', 'active')`,
        [org.id, `s-${org.id.slice(-12)}`],
      )
      const refs = async () =>
        (await admin.query('select ref from directory.schedule where org_id = $1', [org.id])).rows
      await expect.poll(refs).toEqual([{ ref: 'test.plugin:often' }])
    }
    try {
      one.start()
      await getsThem()
      org = { ...org, id: uuidv7() }
      await getsThem()
    } finally {
      await one.stop()
      await admin.end()
    }
  })

  it('leave out one that cannot be read and say so', async () => {
    cron = { often: '*/10 * * * *', broken: 'at teatime' }
    const one = node(() => new Date())
    await one.sync(org, model())
    expect(one.log.lines.map((line) => line.message)).toEqual([
      'a schedule cannot be read and never runs',
    ])
  })
})
