import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { joinOrg } from '../setup/join-org.ts'
import { type Caller, startApp, type TestApp } from '../setup/test-app.ts'

interface Job {
  readonly id: string
  readonly job: string
  readonly state: string
  readonly changeSetId: string | null
  readonly label: string | null
  readonly about: string | null
  readonly done: number | null
  readonly total: number | null
}

let app: TestApp
let org: Caller
beforeAll(async () => {
  app = await startApp()
  org = await app.createOrg()
})
afterAll(() => app.stop())

const jobsOf = async (caller: Caller) =>
  (await caller.call('GET', '/jobs')).json<{ data: Job[] }>().data
const mine = async (caller: Caller, id: string) =>
  (await jobsOf(caller)).find((job) => job.id === id)

async function leads(count: number): Promise<void> {
  const create = Array.from({ length: count }, (_, n) => ({ name: `L ${n}` }))
  expect((await org.call('POST', '/leads/bulk', { create })).statusCode).toBe(200)
}

describe('long work', () => {
  it('is told of to whoever began it, with how far it is, and to nobody else', async () => {
    await leads(300)
    const begun = await org.call('POST', '/leads/bulk', { filter: {}, update: { score: 5 } })
    const { jobId, changeSetId } = begun.json<{ jobId: string; changeSetId: string }>()
    await expect.poll(async () => (await mine(org, jobId))?.state).toBe('done')
    expect(await mine(org, jobId)).toMatchObject({
      job: 'kernel:bulk_by_filter',
      changeSetId,
      label: 'Changed Leads',
      done: 300,
      total: 300,
    })
    const editor = await joinOrg(app, org, 'editor')
    const stranger = await app.createOrg()
    for (const caller of [editor, stranger]) {
      expect((await jobsOf(caller)).map(({ id }) => id)).not.toContain(jobId)
      const stopped = await caller.call('POST', `/jobs/${jobId}/cancel`, {})
      expect(stopped.statusCode).toBe(404)
    }
    const late = await org.call('POST', `/jobs/${jobId}/cancel`, {})
    expect(late.json()).toMatchObject({ status: 409, code: 'STATE_CONFLICT' })
  })

  it('can be stopped: what was written stays, and its change set is closed', async () => {
    await leads(1_000)
    // Somebody holds one of the records, so that it is not through before it is stopped.
    const holder = new pg.Client({ connectionString: app.database.adminUrl })
    await holder.connect()
    await holder.query('begin')
    await holder.query(
      `select 1 from tenant.crm_leads_lead where org_id = $1 and name = 'L 500' for update`,
      [org.orgId],
    )
    const body = { filter: {}, update: { notes: 'x' } }
    const begun = await org.call('POST', '/leads/bulk', body)
    const { jobId, changeSetId } = begun.json<{ jobId: string; changeSetId: string }>()
    const stopped = await org.call('POST', `/jobs/${jobId}/cancel`, {})
    await holder.end()
    expect(stopped.json()).toMatchObject({ id: jobId, state: 'cancelled' })
    expect(await mine(org, jobId)).toMatchObject({ state: 'cancelled' })
    const change = (await org.call('GET', `/changes/${changeSetId}`)).json<{ state: string }>()
    expect(change.state).toBe('done')
    expect((await org.call('POST', `/changes/${changeSetId}/revert`, {})).statusCode).toBe(200)
  })

  it('of a plugin names what it is about, and is stopped there', async () => {
    const begun = await org.call('POST', '/exports', { entity: 'leads', format: 'csv' })
    const { id } = begun.json<{ id: string }>()
    const job = (await jobsOf(org)).find(({ about }) => about === id)
    expect(job).toMatchObject({ job: 'platform.exports:write', changeSetId: null })
    const stopped = await org.call('POST', `/jobs/${job!.id}/cancel`, {})
    expect(stopped.statusCode).toBe(409)
  })
})
