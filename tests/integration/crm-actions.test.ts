import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CrmTest, openCrm, type Who } from './crm-setup.ts'

let crm: CrmTest
let admin: Who
let viewer: Who
let anna: Who
let bert: Who

beforeAll(async () => {
  crm = await openCrm()
  admin = crm.admin
  viewer = await crm.key('viewer')
  anna = await crm.member('Anna Berg', 'rep')
  bert = await crm.member('Bert Dahl', 'rep')
})
afterAll(() => crm.stop())

const lead = (values: object, who: Who = admin) =>
  who.create('leads', { name: 'Ada Byron', ...values })
const deal = (values: object) => admin.create('opportunities', { name: 'Docks', ...values })

describe('score_lead', () => {
  const known = {
    email: 'ada@engines.example',
    phone: '+12025550100',
    company: 'Engines',
    title: 'Director of Works',
    source: 'referral',
  }

  it('stores the score and says where each point comes from', async () => {
    const { id } = await lead(known)
    const { output } = await admin.run('crm.leads:score_lead', { leadId: id })
    expect(output).toMatchObject({ leadId: id, name: 'Ada Byron', before: null, score: 75 })
    expect(output.reasons.map((one) => one.criterion)).toEqual([
      'decisionMaker',
      'warmSource',
      'businessEmail',
      'phone',
      'company',
      'fresh',
    ])
    expect(output.missed.map((one) => one.criterion)).toContain('website')
    expect((await admin.get('leads', id))['score']).toBe(75)
  })

  it('writes nothing when the score is the same', async () => {
    const { id } = await lead(known)
    await admin.run('crm.leads:score_lead', { leadId: id })
    await admin.run('crm.leads:score_lead', { leadId: id })
    expect((await admin.get('leads', id))['version']).toBe(2)
  })

  it('leaves no change behind when it fails, or when it had nothing to write', async () => {
    const changes = async () => (await admin.call('GET', '/changes')).body['data']
    const { id } = await lead(known)
    await admin.run('crm.leads:score_lead', { leadId: id })
    const before = await changes()
    await admin.run('crm.leads:score_lead', { leadId: id })
    await admin.refused('crm.invoices:create_invoice', { orderId: crm.unknownId() })
    await admin.refused('crm.orders:create_order', { accountId: crm.unknownId(), lines: [{}] })
    expect(await changes()).toEqual(before)
  })

  it('answers with the change set that takes back what it wrote, and with none when it wrote nothing', async () => {
    const { id } = await lead({ name: 'Una Undo', company: 'Undo Docks' })
    const done = await admin.run('crm.leads:convert_lead', { leadId: id })
    const change = await admin.call('GET', `/changes/${done.changeSetId}`)
    expect(change.body).toMatchObject({ id: done.changeSetId, door: 'action', state: 'done' })
    const reverted = await admin.call('POST', `/changes/${done.changeSetId}/revert`)
    expect(reverted).toMatchObject({ status: 200, body: { skipped: 0, conflicts: [] } })
    expect(await admin.get('leads', id)).toMatchObject({ status: 'new' })
    const account = await admin.call('GET', `/accounts/${done.output.accountId}`)
    expect(account.status).toBe(404)
    await admin.run('crm.leads:score_lead', { leadId: id })
    expect(await admin.run('crm.leads:score_lead', { leadId: id })).not.toHaveProperty(
      'changeSetId',
    )
  })

  it('takes no points for a private address, and some for nothing to reach anybody by', async () => {
    const score = async (values: object) => {
      const { id } = await lead(values)
      return (await admin.run('crm.leads:score_lead', { leadId: id })).output['score']
    }
    expect(await score({ email: 'ada@gmail.com' })).toBe(5)
    expect(await score({})).toBe(0)
  })

  it('runs from the record menu, which sends the records beside the input', async () => {
    const { id } = await lead(known)
    const answer = await admin.call('POST', '/actions/crm.leads:score_lead', {
      input: {},
      records: { entity: 'crm.leads:lead', ids: [id] },
    })
    expect(answer.status).toBe(200)
    expect(answer.body).toMatchObject({ output: { leadId: id } })
  })

  it('answers 422 with every problem of a bad input', async () => {
    const answer = await admin.refused('crm.leads:score_lead', { lead: 'x', leadId: 'not-a-uuid' })
    expect(answer).toMatchObject({ status: 422, code: 'INVALID' })
    const paths = answer.errors.map((error) => error.path)
    expect(paths.some((path) => path.startsWith('input'))).toBe(true)
    expect(await admin.refused('crm.leads:score_lead', {})).toMatchObject({
      status: 422,
      errors: [{ path: 'input.leadId', code: 'REQUIRED' }],
    })
  })

  it('answers a lead of another organisation like one that does not exist', async () => {
    const other = await crm.otherOrg()
    const theirs = await other.create('leads', { name: 'Theirs' })
    const unknown = { status: 422, errors: [{ path: 'input.leadId', code: 'UNKNOWN_RECORD' }] }
    const leadId = crm.unknownId()
    expect(await admin.refused('crm.leads:score_lead', { leadId: theirs.id })).toMatchObject(
      unknown,
    )
    expect(await admin.refused('crm.leads:score_lead', { leadId })).toMatchObject(unknown)
  })

  it('refuses a viewer, and a key without the scope', async () => {
    const { id } = await lead(known)
    expect(await viewer.refused('crm.leads:score_lead', { leadId: id })).toMatchObject({
      status: 403,
      code: 'FORBIDDEN',
    })
    const key = await crm.key('editor', ['leads:read', 'leads:write'])
    expect(await key.refused('crm.leads:score_lead', { leadId: id })).toMatchObject({
      status: 403,
      code: 'SCOPE_MISSING',
    })
  })
})

describe('qualify_lead', () => {
  it('qualifies by what the record says, and names what is missing', async () => {
    const { id } = await lead({
      title: 'Head of Purchasing',
      notes: 'Needs to replace the scanners this quarter.',
    })
    const { output } = await admin.run('crm.leads:qualify_lead', { leadId: id })
    expect(output).toMatchObject({ before: 'new', status: 'qualified', outcome: 'qualified' })
    expect(output['missing']).toEqual([
      { criterion: 'budget', label: 'Budget', question: expect.stringContaining('money') },
    ])
    expect((await admin.get('leads', id))['status']).toBe('qualified')
  })

  it('leaves a lead open that little is known of, and calls it contacted once it was talked to', async () => {
    const { id } = await lead({})
    const silent = await admin.run('crm.leads:qualify_lead', { leadId: id })
    expect(silent.output).toMatchObject({ outcome: 'open', status: 'new' })
    const talked = await admin.run('crm.leads:qualify_lead', {
      leadId: id,
      answers: { need: true },
    })
    expect(talked.output).toMatchObject({ outcome: 'open', status: 'contacted' })
  })

  it('gives a lead up whose need was answered with no', async () => {
    const { id } = await lead({})
    await admin.run('crm.leads:qualify_lead', { leadId: id, answers: { need: false } })
    expect((await admin.get('leads', id))['status']).toBe('unqualified')
  })

  it('names the criteria when an answer is to another', async () => {
    const { id } = await lead({})
    const answer = await admin.refused('crm.leads:qualify_lead', {
      leadId: id,
      answers: { charm: true },
    })
    expect(answer).toMatchObject({ status: 422, errors: [{ path: 'input.answers.charm' }] })
    expect(answer.detail).toContain('budget, authority, need, timeline')
  })
})

describe('assign_lead', () => {
  it('finds the member by name, part of a name, email, id and me', async () => {
    const { id } = await lead({})
    const named = async (owner: string, who: Who = admin) =>
      (await who.run('crm.leads:assign_lead', { leadId: id, owner })).output['owner']
    expect(await named('Anna Berg')).toBe('Anna Berg')
    expect(await named('bert')).toBe('Bert Dahl')
    expect(await named(anna.email!)).toBe('Anna Berg')
    expect(await named(bert.userId!)).toBe('Bert Dahl')
    expect((await admin.get('leads', id))['ownerId']).toBe(bert.userId)
    expect(await named('me', bert)).toBe('Bert Dahl')
  })

  it('says who it could be when several fit, and that there is nobody', async () => {
    const { id } = await lead({})
    expect(await admin.refused('crm.leads:assign_lead', { leadId: id, owner: 'e' })).toMatchObject({
      status: 422,
      errors: [{ path: 'input.owner', code: 'AMBIGUOUS' }],
    })
    expect(
      await admin.refused('crm.leads:assign_lead', { leadId: id, owner: 'Zorro' }),
    ).toMatchObject({ status: 422, errors: [{ path: 'input.owner', code: 'UNKNOWN_RECORD' }] })
  })

  it('gives it to the rep with the fewest open leads, and in turns when asked to', async () => {
    await lead({ ownerId: anna.userId })
    await lead({ ownerId: anna.userId })
    await lead({ ownerId: anna.userId })
    const { id } = await lead({})
    const fewest = await admin.run('crm.leads:assign_lead', { leadId: id })
    expect(fewest.output['owner']).toBe('Bert Dahl')
    const turn = async () => {
      const { id: leadId } = await lead({})
      const answer = await admin.run('crm.leads:assign_lead', { leadId, rule: 'round_robin' })
      return answer.output['owner']
    }
    const turns = [await turn(), await turn(), await turn()]
    expect(new Set(turns).size).toBe(2)
    expect(turns[0]).toBe(turns[2])
  })

  it('lets a rep take a lead that nobody owns, and not one of a colleague', async () => {
    const free = await lead({ ownerId: null })
    await anna.run('crm.leads:assign_lead', { leadId: free.id, owner: 'me' })
    expect((await admin.get('leads', free.id))['ownerId']).toBe(anna.userId)
    expect(
      await bert.refused('crm.leads:assign_lead', { leadId: free.id, owner: 'me' }),
    ).toMatchObject({ status: 422, errors: [{ code: 'UNKNOWN_RECORD' }] })
  })
})

describe('convert_lead', () => {
  it('makes account, contact and opportunity in one change set that can be reverted', async () => {
    const { id } = await lead({
      company: 'Orrin Foods',
      email: 'ada@orrin.example',
      phone: '+12025550101',
      title: 'Buyer',
      ownerId: anna.userId,
    })
    const { output, changeSetId } = await admin.run('crm.leads:convert_lead', {
      leadId: id,
      opportunityName: 'First order',
      value: 12_500,
      closeDate: '2027-03-31',
    })
    expect(output['reused']).toEqual({ account: false, contact: false })
    const opportunity = await admin.get('opportunities', output.opportunityId)
    expect(opportunity).toMatchObject({
      name: 'First order',
      stage: 'prospecting',
      probability: 10,
      value: { amount: '12500.00', currency: 'USD' },
      closeDate: '2027-03-31',
      accountId: output.accountId,
      contactId: output.contactId,
      ownerId: anna.userId,
    })
    expect(await admin.get('contacts', output.contactId)).toMatchObject({
      firstName: 'Ada',
      lastName: 'Byron',
      name: 'Ada Byron',
      email: 'ada@orrin.example',
      accountId: output.accountId,
    })
    expect(await admin.get('leads', id)).toMatchObject({
      status: 'converted',
      opportunityId: output.opportunityId,
    })

    const reverted = await admin.call('POST', `/changes/${changeSetId}/revert`, {})
    expect(reverted.status).toBe(200)
    expect((await admin.get('leads', id))['status']).toBe('new')
    for (const path of [`/accounts/${output.accountId}`, `/opportunities/${output.opportunityId}`])
      expect((await admin.call('GET', path)).status).toBe(404)
  })

  it('uses the account of the same name and the contact of the same email again', async () => {
    const account = await admin.create('accounts', { name: 'Pellmere Tools' })
    const contact = await admin.create('contacts', {
      lastName: 'Byron',
      email: 'ada@pellmere.example',
      accountId: account.id,
    })
    await admin.create('accounts', { name: 'Pellmere Tools North' })
    const { id } = await lead({ company: ' pellmere TOOLS', email: 'Ada@Pellmere.example' })
    const { output } = await admin.run('crm.leads:convert_lead', { leadId: id })
    expect(output).toMatchObject({
      accountId: account.id,
      contactId: contact.id,
      opportunityName: 'Pellmere Tools',
      reused: { account: true, contact: true },
    })
  })

  it('converts a lead without a company under the name of the person', async () => {
    const { id } = await lead({ name: 'Grace Murray' })
    const { output } = await admin.run('crm.leads:convert_lead', { leadId: id })
    expect((await admin.get('accounts', output.accountId))['name']).toBe('Grace Murray')
  })

  it('answers 409 for a lead that was converted, with what it was converted to', async () => {
    const { id } = await lead({ company: 'Twice' })
    const { output } = await admin.run('crm.leads:convert_lead', { leadId: id })
    expect(await admin.refused('crm.leads:convert_lead', { leadId: id })).toMatchObject({
      status: 409,
      code: 'STATE_CONFLICT',
      opportunityId: output.opportunityId,
    })
  })

  it('makes one of everything when two people convert the same lead at once', async () => {
    const { id } = await lead({ company: 'Race Freight' })
    const answers = await Promise.all(
      [1, 2, 3].map(() =>
        admin.call('POST', '/actions/crm.leads:convert_lead', { input: { leadId: id } }),
      ),
    )
    const statuses = answers.map((answer) => answer.status).sort()
    expect(statuses[0]).toBe(200)
    expect(statuses.slice(1).every((status) => status === 409 || status === 412)).toBe(true)
    const accounts = await admin.list('accounts', { name: 'Race Freight' })
    expect(accounts).toHaveLength(1)
  })
})

describe('update_opportunity_stage', () => {
  it('moves the deal and takes the probability of the stage', async () => {
    const { id } = await deal({})
    const { output } = await admin.run('crm.opportunities:update_opportunity_stage', {
      opportunityId: id,
      stage: 'Negotiation',
    })
    expect(output).toMatchObject({ from: 'prospecting', to: 'negotiation', probability: 75 })
    expect(await admin.get('opportunities', id)).toMatchObject({
      stage: 'negotiation',
      probability: 75,
    })
  })

  it('refuses to close a deal, and a stage that there is not', async () => {
    const { id } = await deal({})
    const refused = (stage: string) =>
      admin.refused('crm.opportunities:update_opportunity_stage', { opportunityId: id, stage })
    const closing = await refused('won')
    expect(closing).toMatchObject({ status: 422, errors: [{ path: 'input.stage' }] })
    expect(closing.detail).toContain('close_opportunity')
    expect(await refused('signed')).toMatchObject({
      status: 422,
      errors: [{ path: 'input.stage', code: 'UNKNOWN_OPTION' }],
    })
  })

  it('opens a closed deal only when told to, and forgets how it ended', async () => {
    const { id } = await deal({})
    const ref = 'crm.opportunities:update_opportunity_stage'
    await admin.run('crm.opportunities:close_opportunity', {
      opportunityId: id,
      outcome: 'lost',
      reason: 'Price',
    })
    const input = { opportunityId: id, stage: 'proposal' }
    expect(await admin.refused(ref, input)).toMatchObject({ status: 409 })
    await admin.run(ref, { ...input, reopen: true })
    expect(await admin.get('opportunities', id)).toMatchObject({
      stage: 'proposal',
      probability: 50,
      closeDate: null,
      lostReason: null,
    })
  })
})

describe('close_opportunity', () => {
  it('closes as won today, keeping the currency of a final value', async () => {
    const { id } = await deal({
      value: { amount: '900', currency: 'EUR' },
      closeDate: '2031-01-01',
    })
    const { output } = await admin.run('crm.opportunities:close_opportunity', {
      opportunityId: id,
      outcome: 'won',
      value: 850.5,
    })
    expect(output).toMatchObject({ stage: 'won', closeDate: crm.today() })
    expect(await admin.get('opportunities', id)).toMatchObject({
      stage: 'won',
      probability: 100,
      value: { amount: '850.50', currency: 'EUR' },
    })
  })

  it('wants a reason for a lost deal and keeps it', async () => {
    const { id } = await deal({})
    const close = 'crm.opportunities:close_opportunity'
    const input = { opportunityId: id, outcome: 'lost' }
    expect(await admin.refused(close, input)).toMatchObject({
      status: 422,
      errors: [{ path: 'input.reason', code: 'REQUIRED' }],
    })
    await admin.run(close, { ...input, reason: ' Chose a competitor ', closeDate: '2026-02-03' })
    expect(await admin.get('opportunities', id)).toMatchObject({
      stage: 'lost',
      probability: 0,
      lostReason: 'Chose a competitor',
      closeDate: '2026-02-03',
    })
    expect(await admin.refused(close, { ...input, outcome: 'won' })).toMatchObject({ status: 409 })
    expect(await admin.refused(close, { ...input, outcome: 'drawn' })).toMatchObject({
      status: 422,
    })
  })
})

describe('a deal that is edited without an action', () => {
  it('takes probability and close date from the stage that it is dragged to', async () => {
    const { id } = await deal({ closeDate: '2031-01-01' })
    const won = await admin.call('PATCH', `/opportunities/${id}`, { stage: 'won' })
    expect(won.body).toMatchObject({ probability: 100, closeDate: crm.today() })
  })

  it('keeps what the same edit says', async () => {
    const { id } = await deal({})
    const values = { stage: 'proposal', probability: 35 }
    const edited = await admin.call('PATCH', `/opportunities/${id}`, values)
    expect(edited.body).toMatchObject(values)
  })
})

describe('log_activity and create_task', () => {
  it('writes a call down as done now, under the first line of the note', async () => {
    const { id } = await lead({ ownerId: anna.userId })
    const { output } = await anna.run('crm.activities:log_activity', {
      about: { entity: 'leads', id },
      type: 'call',
      note: 'Wants two docks.\nCalls back on Friday.',
    })
    expect(await admin.get('activities', output.activityId)).toMatchObject({
      type: 'call',
      subject: 'Wants two docks.',
      body: 'Wants two docks.\nCalls back on Friday.',
      about: { entity: 'leads', id },
      doneAt: expect.any(String),
      dueAt: null,
      ownerId: anna.userId,
    })
  })

  it('plans what is to come', async () => {
    const { id } = await lead({})
    const { output } = await admin.run('crm.activities:log_activity', {
      about: { entity: 'crm.leads:lead', id },
      type: 'meeting',
      note: 'Demo',
      at: '2031-05-05T09:00:00+02:00',
    })
    expect(output).toMatchObject({ doneAt: null, dueAt: '2031-05-05T07:00:00.000Z' })
  })

  it('refuses a record that is missing or hidden, and an entity that there is not', async () => {
    const hidden = await lead({ ownerId: anna.userId })
    const log = (entity: string, id: string) =>
      bert.refused('crm.activities:log_activity', {
        about: { entity, id },
        type: 'note',
        note: 'x',
      })
    const unknown = { status: 422, errors: [{ path: 'input.about.id', code: 'UNKNOWN_RECORD' }] }
    expect(await log('leads', crm.unknownId())).toMatchObject(unknown)
    expect(await log('leads', hidden.id)).toMatchObject(unknown)
    expect(await log('ships', hidden.id)).toMatchObject({
      status: 422,
      errors: [{ path: 'input.about.entity' }],
    })
  })

  it('gives a task to whoever is named, by the end of the working day', async () => {
    const { id } = await deal({})
    const { output } = await admin.run('crm.activities:create_task', {
      title: ' Send the contract ',
      dueAt: '2027-01-15',
      assignee: 'Anna Berg',
      priority: 'high',
      about: { entity: 'opportunities', id },
    })
    expect(output).toMatchObject({ title: 'Send the contract', assignee: 'Anna Berg' })
    expect(await admin.get('tasks', output.taskId)).toMatchObject({
      status: 'open',
      priority: 'high',
      dueAt: '2027-01-15T17:00:00.000Z',
      ownerId: anna.userId,
      about: { entity: 'opportunities', id },
    })
  })

  it('gives it to the caller when nobody is named, and to nobody for a key', async () => {
    const mine = await bert.run('crm.activities:create_task', { title: 'Call' })
    expect(mine.output['assignee']).toBe('Bert Dahl')
    const key = await crm.key('editor')
    const nobodys = await key.run('crm.activities:create_task', { title: 'Call' })
    expect(nobodys.output['assignee']).toBeNull()
  })

  it('refuses a viewer', async () => {
    expect(await viewer.refused('crm.activities:create_task', { title: 'x' })).toMatchObject({
      status: 403,
    })
  })
})
