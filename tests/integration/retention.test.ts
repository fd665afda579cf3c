import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { applyRetention } from '../../kernel/jobs/retention.ts'
import { type Caller, startApp, type TestApp } from '../setup/test-app.ts'
import { createTenantHash } from '../suites/support/tenant-hash.ts'

let app: TestApp
let acme: Caller
let other: Caller
let admin: pg.Client

beforeAll(async () => {
  app = await startApp()
  acme = await app.createOrg({ name: 'Acme' })
  other = await app.createOrg({ name: 'Other' })
  admin = new pg.Client({ connectionString: app.database.adminUrl })
  await admin.connect()
})
afterAll(async () => {
  await admin.end()
  await app.stop()
})

/** Runs what the schedule would, as if it were later. */
async function later(caller: Caller, days: number) {
  const { model, settings } = await app.house.orgStates.get(caller.orgId)
  const kept = settings.get('kernel:retention')
  const now = new Date(Date.now() + days * 86_400_000)
  return applyRetention(app.house.db, { id: caller.orgId, model, settings: kept }, now)
}

const history = async (caller: Caller, id: string) =>
  (await caller.call('GET', `/leads/${id}/history`)).json().data as {
    op: string
    fields: Record<string, unknown>
  }[]

describe('the ledger', () => {
  it('is kept in months, which nobody reads or writes directly', async () => {
    const { rows } = await admin.query(
      `select c.relname, has_table_privilege('runway_server', c.oid, 'select') as may
       from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = 'tenant.ledger'::regclass`,
    )
    const month = new Date().toISOString().slice(0, 7).replace('-', '_')
    expect(rows.map(({ relname }) => relname)).toContain(`ledger_${month}`)
    expect(rows.length).toBeGreaterThanOrEqual(5)
    expect(rows.filter(({ may }) => may)).toEqual([])
    await app.house.db.query(null, { text: 'select kernel.prepare_ledger()', values: [] })
  })
})

describe('retention', () => {
  it('keeps everything as long as nobody says otherwise', async () => {
    const id = (await acme.call('POST', '/leads', { name: 'Old' })).json().id
    await acme.call('PATCH', `/leads/${id}`, { name: 'Older' })
    expect(await later(acme, 10_000)).toEqual({ history: 0, changes: 0, records: 0 })
    expect(await history(acme, id)).toHaveLength(2)
  })

  it('lets go of history that is older than wanted, and of nobody else’s', async () => {
    const theirs = (await other.call('POST', '/leads', { name: 'Theirs' })).json().id
    await other.call('PATCH', `/leads/${theirs}`, { name: 'Still theirs' })
    const id = (await acme.call('POST', '/leads', { name: 'First', score: 1 })).json().id
    await acme.call('PATCH', `/leads/${id}`, { score: 2 })
    const [{ changeId }] = (await acme.call('GET', `/leads/${id}/history`)).json().data
    const set = await acme.call('PATCH', '/settings/kernel:retention', { historyMonths: 3 })
    expect(set.json()).toMatchObject({ values: { historyMonths: 3 } })

    expect((await later(acme, 30)).history).toBe(0)
    expect((await later(acme, 120)).history).toBeGreaterThan(0)
    // Who made it is still known; what it was made with is not made up.
    expect(await history(acme, id)).toMatchObject([{ op: 'create', fields: {} }])
    expect((await acme.call('GET', `/changes/${changeId}`)).statusCode).toBe(404)
    expect((await acme.call('POST', `/changes/${changeId}/revert`, {})).statusCode).toBe(404)
    expect((await acme.call('GET', `/leads/${id}`)).json()).toMatchObject({ score: 2, version: 2 })
    const { data } = (await acme.call('GET', `/leads/${id}/provenance`)).json()
    expect(data.name).toMatchObject({ origin: 'integration' })
    expect(await history(other, theirs)).toHaveLength(2)
  })

  it('empties old months of one organisation and leaves every row of another', async () => {
    const month = (await admin.query(`select to_char(now(), 'YYYY_MM') as m`)).rows[0].m
    const past = async (caller: Caller) => {
      const id = (await caller.call('POST', '/leads', { name: 'Long ago' })).json().id
      await caller.call('PATCH', `/leads/${id}`, { score: 3 })
      // Three years of changes: before the first month there is, and in this one.
      await admin.query(
        `insert into tenant.ledger (org_id, id, change_set_id, entity, record_id, op, version, at, actor, fields)
          select org_id, uuidv7(), uuidv7(), entity, record_id, op, version, at - n * interval '1 month', actor, fields
          from tenant.ledger l cross join generate_series(1, 36) n where org_id = $1 and record_id = $2 and op = 'update'`,
        [caller.orgId, id],
      )
      return id
    }
    const [ours, theirs] = [await past(acme), await past(other)]
    const rows = async (table: string, caller: Caller, id: string) =>
      Number(
        (
          await admin.query(
            `select count(*) as n from ${table} where org_id = $1 and record_id = $2`,
            [caller.orgId, id],
          )
        ).rows[0].n,
      )
    expect(await rows('tenant.ledger_earlier', acme, ours)).toBeGreaterThan(30)
    const before = await (await createTenantHash(admin))(other.orgId)
    await acme.call('PATCH', '/settings/kernel:retention', { historyMonths: 12 })
    expect((await later(acme, 0)).history).toBe(25)
    expect(await rows('tenant.ledger', acme, ours)).toBe(13)
    expect(await rows(`tenant.ledger_${month}`, acme, ours)).toBe(2)
    expect(await rows('tenant.ledger', other, theirs)).toBe(38)
    const after = await (await createTenantHash(admin))(other.orgId)
    for (const table of ['ledger', 'change_set', 'crm_leads_lead', 'setting'])
      expect(after.get(`tenant.${table}`), table).toBe(before.get(`tenant.${table}`))
  })

  it('ends the time in which deleted records can be restored, but not while something refers to them', async () => {
    const account = (await acme.call('POST', '/accounts', { name: 'Held' })).json().id
    const held = await acme.call('POST', '/contacts', { lastName: 'Holder', accountId: account })
    expect(held.statusCode).toBe(201)
    const lead = (await acme.call('POST', '/leads', { name: 'Gone' })).json().id
    await acme.call('DELETE', `/leads/${lead}`)
    // The contact of a deleted account may come to refer to it again when the account is restored.
    await acme.call('DELETE', `/accounts/${account}`)
    await acme.call('PATCH', '/settings/kernel:retention', { deletedDays: 30, historyMonths: null })
    expect((await later(acme, 29)).records).toBe(0)
    expect((await later(acme, 31)).records).toBeGreaterThanOrEqual(1)
    expect((await acme.call('POST', `/leads/${lead}/restore`)).statusCode).toBe(404)
    const { rows } = await admin.query('select 1 from tenant.ledger where record_id = $1', [lead])
    expect(rows).toEqual([])
    const kept = await admin.query(
      `select c.account from tenant.crm_contacts_contact c where c.id = $1`,
      [held.json().id],
    )
    const stands = await admin.query('select 1 from tenant.crm_accounts_account where id = $1', [
      account,
    ])
    expect(stands.rows.length > 0).toBe(kept.rows[0].account !== null)
  })

  it('refuses a time that is none', async () => {
    const answer = await acme.call('PATCH', '/settings/kernel:retention', { historyMonths: 0 })
    expect(answer.statusCode).toBe(422)
    expect(answer.json().errors).toMatchObject([{ path: 'historyMonths' }])
  })
})
