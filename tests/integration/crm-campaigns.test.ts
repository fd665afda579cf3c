import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CrmTest, openCrm, type Who } from './crm-setup.ts'

let crm: CrmTest
let admin: Who
let anna: Who

type Fields = Readonly<Record<string, unknown>>
const c = (action: string) => `crm.campaigns:${action}`

beforeAll(async () => {
  crm = await openCrm()
  admin = crm.admin
  anna = await crm.member('Anna Berg', 'rep')
})
afterAll(() => crm.stop())

const campaign = (values: object = {}) => admin.create('campaigns', { name: 'Fair', ...values })
const lead = (values: object = {}) => admin.create('leads', { name: 'Ada Byron', ...values })

describe('add_to_campaign', () => {
  it('adds leads and contacts with name and address, and nobody twice', async () => {
    const { id: campaignId } = await campaign()
    const ada = await lead({ email: 'ada@orrin.example' })
    const bo = await admin.create('contacts', { firstName: 'Bo', lastName: 'Dahl' })
    const input = { campaignId, leadIds: [ada.id, ada.id], contactIds: [bo.id] }
    const first = await admin.run(c('add_to_campaign'), input)
    expect(first.output).toEqual({ campaignId, added: 2, already: 0, members: 2 })
    const again = await admin.run(c('add_to_campaign'), input)
    expect(again.output).toEqual({ campaignId, added: 0, already: 2, members: 2 })
    expect(await admin.list('campaign-members', { campaignId, name: 'Ada Byron' })).toMatchObject([
      { email: 'ada@orrin.example', status: 'added', person: { id: ada.id } },
    ])
    expect(await admin.list('campaign-members', { campaignId, name: 'Bo Dahl' })).toHaveLength(1)
  })

  it('adds all that match a filter, in one change set that can be reverted', async () => {
    const { id: campaignId } = await campaign()
    const leads = Array.from({ length: 230 }, (_, index) => ({
      name: `Visitor ${index}`,
      company: 'Fair guests',
    }))
    await admin.call('POST', '/leads/bulk', { create: leads })
    const leadFilter = { company: 'Fair guests' }
    const { output, changeSetId } = await admin.run(c('add_to_campaign'), {
      campaignId,
      leadFilter,
    })
    expect(output).toMatchObject({ added: 230, members: 230 })
    const answer = await admin.call('POST', `/changes/${changeSetId}/revert`, {})
    expect(answer.status).toBe(200)
    expect(await admin.list('campaign-members', { campaignId })).toEqual([])
  })

  it('adds somebody once when several add them at once', async () => {
    const { id: campaignId } = await campaign()
    const { id } = await lead()
    const input = { campaignId, leadIds: [id] }
    await Promise.all(
      [1, 2, 3].map(() => admin.call('POST', `/actions/${c('add_to_campaign')}`, { input })),
    )
    expect(await admin.list('campaign-members', { campaignId })).toHaveLength(1)
  })

  it('names who is missing, a filter that is none, and refuses those without the right', async () => {
    const { id: campaignId } = await campaign()
    const { id } = await lead()
    const refused = (input: object, who: Who = admin) =>
      who.refused(c('add_to_campaign'), { campaignId, ...input })
    expect(await refused({})).toMatchObject({ status: 422, errors: [{ path: 'input' }] })
    expect(await refused({ leadIds: [id, crm.unknownId()] })).toMatchObject({
      status: 422,
      errors: [{ path: 'input.leadIds[1]', code: 'UNKNOWN_RECORD' }],
    })
    expect(await refused({ leadFilter: { charm: 1 } })).toMatchObject({
      status: 400,
      code: 'UNKNOWN_FIELD',
    })
    expect(await refused({ campaignId: crm.unknownId(), leadIds: [id] })).toMatchObject({
      status: 422,
    })
    const viewer = await crm.key('viewer')
    expect(await refused({ leadIds: [id] }, viewer)).toMatchObject({ status: 403 })
    const hidden = await lead({ ownerId: admin.userId })
    expect(await refused({ leadIds: [hidden.id] }, anna)).toMatchObject({
      errors: [{ path: 'input.leadIds[0]', code: 'UNKNOWN_RECORD' }],
    })
    expect(await admin.list('campaign-members', { campaignId })).toEqual([])
  })
})

describe('a member', () => {
  it('is a lead or a contact, once, whatever the door', async () => {
    const { id: campaignId } = await campaign()
    const { id } = await lead()
    const account = await admin.create('accounts', { name: 'Orrin' })
    const post = (person: object) =>
      admin.call('POST', '/campaign-members', { name: 'Ada', campaignId, person })
    expect((await post({ entity: 'leads', id })).status).toBe(201)
    expect(await post({ entity: 'leads', id })).toMatchObject({
      status: 409,
      body: { code: 'UNIQUE_TAKEN' },
    })
    expect(await post({ entity: 'accounts', id: account.id })).toMatchObject({
      status: 422,
      body: { errors: [{ path: 'person' }] },
    })
  })

  it('is dated when they answer, and keeps a date that somebody gave', async () => {
    const { id: campaignId } = await campaign()
    const member = await admin.create('campaign-members', { name: 'Ada', campaignId })
    const url = `/campaign-members/${member.id}`
    await admin.call('PATCH', url, { status: 'contacted' })
    expect((await admin.get('campaign-members', member.id))['respondedAt']).toBeNull()
    await admin.call('PATCH', url, { status: 'responded' })
    expect((await admin.get('campaign-members', member.id))['respondedAt']).toContain(crm.today())
    const respondedAt = '2026-01-02T03:04:05.000Z'
    const given = await admin.create('campaign-members', {
      name: 'Bo',
      campaignId,
      status: 'declined',
      respondedAt,
    })
    expect(given['respondedAt']).toBe(respondedAt)
  })
})

describe('campaign_analytics', () => {
  it('counts answers, leads and what was won, each currency for itself, against the budget', async () => {
    const { id: campaignId } = await campaign({ budget: 1000 })
    const people = [await lead(), await lead(), await lead(), await lead()]
    await admin.run(c('add_to_campaign'), { campaignId, leadIds: people.map(({ id }) => id) })
    const [first] = await admin.list('campaign-members', { campaignId })
    await admin.call('PATCH', `/campaign-members/${first!['id']}`, { status: 'responded' })
    for (const value of [3000, { amount: '70', currency: 'EUR' }, null]) {
      const { id: leadId } = await lead({ campaignId, company: `Firm ${JSON.stringify(value)}` })
      if (value === null) continue
      const { output } = await admin.run('crm.leads:convert_lead', { leadId })
      await admin.call('PATCH', `/opportunities/${output.opportunityId}`, { value, stage: 'won' })
    }
    await lead({ campaignId })
    const { output } = await admin.run(c('campaign_analytics'), { campaignId })
    expect((output['campaigns'] as Fields[])[0]).toMatchObject({
      members: { count: 4, responded: 1, responseRate: 25, byStatus: { added: 3, responded: 1 } },
      leads: {
        count: 4,
        converted: 2,
        conversionRate: 50,
        won: 2,
        wonValue: [
          { amount: '3000.00', currency: 'USD' },
          { amount: '70.00', currency: 'EUR' },
        ],
      },
      costPerLead: { amount: '250.00', currency: 'USD' },
      returnPercent: 200,
    })
  })

  it('has words for those without campaigns, and answers unknown ones with 404', async () => {
    const other = await crm.otherOrg()
    expect((await other.run(c('campaign_analytics'), {})).output).toMatchObject({
      campaigns: [],
      summary: ['There are no campaigns yet.'],
    })
    const { id: campaignId } = await campaign()
    expect(await other.refused(c('campaign_analytics'), { campaignId })).toMatchObject({
      status: 404,
    })
    const viewer = await crm.key('viewer')
    expect((await viewer.run(c('campaign_analytics'), { campaignId })).output).toMatchObject({
      campaigns: [{ members: { count: 0, responseRate: null }, returnPercent: null }],
    })
  })
})
