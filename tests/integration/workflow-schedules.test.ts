import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { nextTick } from '../../kernel/jobs/cron.ts'
import { type Caller, startApp, type TestApp } from '../setup/test-app.ts'
import { step, trigger, workflowsOf } from '../setup/workflows.ts'
import { endAll, startBeside } from './server-process.ts'

/** Half a day from now where the organisation is in the end, so that no tick comes by itself. */
const place = { hour: 'numeric', hourCycle: 'h23', timeZone: 'America/New_York' } as const
const hour = Number(new Intl.DateTimeFormat('en', place).format(new Date()))
const cron = `30 ${(hour + 12) % 24} * * *`

let app: TestApp
let org: Caller
let admin: pg.Client

beforeAll(async () => {
  // Schedules are the workers', and there is none until a test starts some.
  app = await startApp({ RUNWAY_ROLES: 'web' })
  org = await app.createOrg({ name: 'Acme' })
  admin = new pg.Client({ connectionString: app.database.adminUrl })
  await admin.connect()
})
afterAll(async () => {
  await endAll()
  await admin?.end()
  await app?.stop()
})

const worker = () => startBeside(app)

async function due(): Promise<Date> {
  const { rows } = await admin.query(
    `select due from directory.schedule where org_id = $1 and ref like 't:clock%'`,
    [org.orgId],
  )
  expect(rows).toHaveLength(1)
  return rows[0].due
}

it('of a workflow follows the time zone of the organisation, and a tick that nobody was there for is made up for once', {
  timeout: 120_000,
}, async () => {
  const workflows = workflowsOf(org)
  const at = async (timeZone: string) => {
    await workflows.ask('PATCH', '/settings/org', { timeZone })
    await expect.poll(due).toEqual(nextTick(cron, timeZone, new Date()))
  }
  await workflows.publish({
    clock: {
      label: 'Clock',
      triggers: { daily: trigger('schedule', { cron }) },
      start: 'keep',
      steps: { keep: step('set', { values: { at: '{{ trigger.at }}' } }) },
    },
  })
  await at('Asia/Tokyo')
  await at('America/New_York')

  // Nobody was there when its time came. Two begin at the same moment.
  const missed = new Date(Date.now() - 20 * 60_000)
  await admin.query(`update directory.schedule set due = $2 where org_id = $1 and ref like 't:%'`, [
    org.orgId,
    missed,
  ])
  const [one] = await Promise.all([worker(), worker()])
  const run = await workflows.only('t:clock')
  expect(run.steps[0].output).toEqual({ at: missed.toISOString() })
  expect(await due()).toEqual(nextTick(cron, 'America/New_York', new Date()))

  // One is killed and another comes: what was done is not done again.
  one.signal('SIGKILL')
  await one.ended
  await worker()
  const { runs } = await workflows.ask('POST', '/workflows/t:clock/run', {})
  await workflows.becomes(runs[0].id ?? runs[0], 'done')
  expect((await workflows.runs()).map(({ trigger: by }) => by)).toEqual(['schedule', 'manual'])
  expect(await due()).toEqual(nextTick(cron, 'America/New_York', new Date()))
})
