import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { joinOrg } from '../setup/join-org.ts'
import { type Caller, startApp, type TestApp } from '../setup/test-app.ts'
import { type Json, workflowsOf } from '../setup/workflows.ts'

/** The recipes that ship, each turned on by an override of one leaf and run to its end. */
let app: TestApp
let org: Caller
let flows: ReturnType<typeof workflowsOf>
let ada: Json
let bo: Json

beforeAll(async () => {
  app = await startApp()
  org = await app.createOrg({ name: 'Acme' })
  flows = workflowsOf(org)
  ada = await flows.ask('POST', '/users', {
    name: 'Ada',
    email: 'ada@acme.example',
    roles: ['executive'],
  })
  bo = await flows.ask('POST', '/users', {
    name: 'Bo',
    email: 'bo@acme.example',
    roles: ['rep'],
    managerId: ada.id,
  })
})
afterAll(() => app?.stop())

async function turnOn(key: string): Promise<string> {
  const target = `crm.recipes:${key}`
  const place = { target: `workflows/${target}`, path: ['enabled'] }
  const op = { op: 'set', ...place, from: false, value: true }
  await flows.ask('PATCH', '/studio/draft', { ops: [op] })
  const { hash } = await flows.ask('POST', '/studio/plan')
  await flows.ask('POST', '/studio/publish', { hash, message: key })
  return target
}
const start = async (workflow: string, status = 'done') => {
  const { runs } = await flows.ask('POST', `/workflows/${workflow}/run`, {})
  return flows.becomes(runs[0], status)
}
const list = async (plural: string, filter: object): Promise<Json[]> =>
  (
    await flows.ask(
      'GET',
      `/${plural}?limit=100&filter=${encodeURIComponent(JSON.stringify(filter))}`,
    )
  ).data
const mailsOf = async (subject: RegExp): Promise<Json[]> =>
  (await flows.ask('GET', '/mail/messages')).data.filter((one: Json) => subject.test(one.subject))

describe('a recipe', () => {
  it('is off until somebody turns it on', async () => {
    const { data } = await flows.ask('GET', '/workflows')
    const recipes = data.filter(({ ref }: Json) => ref.startsWith('crm.recipes:'))
    expect(recipes.length).toBe(8)
    expect(recipes.every(({ enabled }: Json) => enabled === false)).toBe(true)
  })

  it('makes a deal of a lead with many points, and lets an executive say whether it joins the campaign', async () => {
    const carla = await joinOrg(app, org, 'crm.recipes:executive', 'Carla')
    const ref = await turnOn('lead-qualification')
    const made = await flows.ask('POST', '/leads', {
      ...{ name: 'Dag Holm', email: 'dag@nordvik.example', phone: '+4722334455' },
      ...{ company: 'Nordvik', title: 'Chief executive', website: 'https://nordvik.example' },
      ...{ source: 'referral', notes: 'Has a budget, decides alone, needs it this quarter.' },
    })
    const low = await flows.ask('POST', '/leads', { name: 'Nobody' })
    const runOf = async (id: string) =>
      (await flows.runs({ workflow: ref })).find((run) => run.about.id === id)
    await expect.poll(async () => (await runOf(low.id))?.status).toBe('done')
    await expect.poll(async () => (await runOf(made.id))?.status).toBe('waiting')
    const waits = (await carla.call('GET', '/approvals')).json<{ data: Json[] }>().data
    expect(waits).toMatchObject([{ title: 'High value: Dag Holm' }])
    const decided = await carla.call('POST', `/approvals/${waits[0].id}/decide`, {
      decision: 'approved',
      hash: waits[0].hash,
    })
    expect(decided.statusCode, decided.body).toBe(200)
    const run = await flows.becomes((await runOf(made.id)).id, 'done')
    const deal = await flows.ask('GET', `/opportunities/${run.state.result}`)
    expect(deal.accountId).not.toBeNull()
    const [campaign] = await list('campaigns', { name: 'high-value' })
    const members = await list('campaign-members', { campaignId: campaign.id })
    expect(members).toMatchObject([{ person: { entity: 'leads', id: made.id } }])
    await flows.ask('PATCH', '/studio/draft', {
      ops: [{ op: 'unset', target: `workflows/${ref}`, path: ['enabled'], from: true }],
    })
    const { hash } = await flows.ask('POST', '/studio/plan')
    await flows.ask('POST', '/studio/publish', { hash, message: 'Off again' })
  })

  it('assigns new leads in turn', async () => {
    const ref = await turnOn('round-robin')
    const owned = await flows.ask('POST', '/leads', { name: 'Owned', ownerId: bo.id })
    const free = await flows.ask('POST', '/leads', { name: 'Free' })
    const told = await flows.only(ref)
    expect(told.run.about.id).toBe(free.id)
    expect((await flows.ask('GET', `/leads/${free.id}`)).ownerId).not.toBeNull()
    expect((await flows.ask('GET', `/leads/${owned.id}`)).ownerId).toBe(bo.id)
  })

  it('hands over a deal that is won', async () => {
    const ref = await turnOn('won-handover')
    const account = await flows.ask('POST', '/accounts', { name: 'Nordvik' })
    const deal = await flows.ask('POST', '/opportunities', {
      name: 'Sails',
      accountId: account.id,
      ownerId: bo.id,
      value: { amount: '1200', currency: 'USD' },
    })
    await flows.ask('POST', '/actions/crm.opportunities:close_opportunity', {
      input: { opportunityId: deal.id, outcome: 'won' },
    })
    await flows.only(ref)
    expect(await list('orders', { accountId: account.id })).toHaveLength(1)
    const tasks = await list('tasks', { ownerId: bo.id })
    expect(tasks.map(({ title }) => title).sort()).toEqual(['Kick-off: Sails', 'Thank Sails'])
  })

  it('nudges the owners of stale deals once', async () => {
    const ref = await turnOn('stale-deal-nudge')
    const deal = await flows.ask('POST', '/opportunities', { name: 'Old', ownerId: bo.id })
    await app.house.db.query(org.orgId, {
      text: `update tenant.crm_opportunities_opportunity set updated_at = now() - interval '20 days' where org_id = $1 and id = $2`,
      values: [org.orgId, deal.id],
    })
    await start(ref)
    await start(ref)
    expect(await list('tasks', { title: 'Stale deal: Old' })).toMatchObject([
      { ownerId: bo.id, priority: 'high' },
    ])
  })

  it('escalates tasks that are a day late', async () => {
    const ref = await turnOn('overdue-escalation')
    const late = await flows.ask('POST', '/tasks', {
      title: 'Call back',
      ownerId: bo.id,
      dueAt: '2026-01-05T09:00:00Z',
    })
    await start(ref)
    expect((await flows.ask('GET', `/tasks/${late.id}`)).priority).toBe('urgent')
    expect(await list('tasks', { ownerId: ada.id })).toMatchObject([
      { title: 'A day late: Call back', priority: 'high' },
    ])
  })

  it('sends up tickets whose time is over', async () => {
    const ref = await turnOn('ticket-sla')
    const { output } = await flows.ask('POST', '/actions/crm.tickets:create_ticket', {
      input: { subject: 'No power', email: 'c@d.example', priority: 'urgent', assignTo: bo.id },
    })
    await app.house.db.query(org.orgId, {
      text: `update tenant.crm_tickets_ticket set first_response_due = now() - interval '1 hour' where org_id = $1 and id = $2`,
      values: [org.orgId, output.ticketId],
    })
    await start(ref)
    expect(await flows.ask('GET', `/tickets/${output.ticketId}`)).toMatchObject({
      escalationLevel: 1,
      escalationReason: 'Its time is over.',
      ownerId: ada.id,
    })
  })

  it('writes one report to each executive, and the pipeline to every member', async () => {
    const report = await turnOn('executive-report')
    await start(report)
    const mails = await mailsOf(/: \d{4}-\d\d-01 to /)
    // Carla is an executive too.
    expect(mails).toHaveLength(2)
    const ofAda = mails.find(({ to }) => to === 'ada@acme.example')
    const mail = await flows.ask('GET', `/mail/messages/${ofAda.id}`)
    expect(mail.text).toContain('Win rate')
    const summary = await turnOn('pipeline-summary')
    await start(summary)
    const to = (await mailsOf(/the pipeline this week/)).map((one) => one.to)
    expect(to).toEqual(expect.arrayContaining(['ada@acme.example', 'bo@acme.example']))
    expect(new Set(to).size).toBe(to.length)
  })
})
