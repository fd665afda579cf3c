import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CrmTest, openCrm, type Who } from './crm-setup.ts'

let crm: CrmTest
let admin: Who
let anna: Who
let bert: Who
let orgId: string
let db: pg.Client

type Fields = Readonly<Record<string, unknown>>
const money = (amount: string, currency = 'USD') => ({ amount, currency })
const day = (distance: number) =>
  new Date(Date.now() + distance * 86_400_000).toISOString().slice(0, 10)
const q1 = { period: 'custom', from: '2025-01-01', to: '2025-03-31' }
const report = async (key: string, input: object = {}, who: Who = admin): Promise<Fields> =>
  (await who.run(`crm.insights:${key}`, input)).output
const accounts: Record<string, string> = {}

beforeAll(async () => {
  crm = await openCrm()
  admin = crm.admin
  anna = await crm.member('Anna Berg', 'rep')
  bert = await crm.member('Bert Dahl', 'rep')
  db = new pg.Client({ connectionString: crm.app.database.adminUrl })
  await db.connect()
  const org = await db.query<{ org_id: string }>(
    'select org_id from directory.membership where user_id = $1',
    [admin.userId],
  )
  orgId = org.rows[0]!.org_id
  for (const [name, industry] of [
    ['Orrin', 'food'],
    ['Pell', 'retail'],
    ['Quen', null],
  ] as const)
    accounts[name] = (await admin.create('accounts', { name, industry })).id
  const won = (value: unknown, closeDate: string, account: string, ownerId: unknown) => ({
    stage: 'won',
    value,
    closeDate,
    accountId: accounts[account],
    ownerId,
  })
  const deals = [
    // The first quarter of 2025: 1000 + 2500.50 USD and 300 EUR won, one of four lost.
    won(1000, '2025-01-01', 'Orrin', anna.userId),
    won('2500.50', '2025-03-31', 'Pell', bert.userId),
    won({ amount: '300', currency: 'EUR' }, '2025-02-10', 'Orrin', anna.userId),
    { stage: 'lost', value: 700, closeDate: '2025-02-11', ownerId: bert.userId },
    // Just outside of it, on both sides.
    won(4000, '2024-12-31', 'Orrin', anna.userId),
    won(8000, '2025-04-01', 'Quen', bert.userId),
    // Open.
    { stage: 'proposal', value: 600, closeDate: day(20), ownerId: anna.userId },
    { stage: 'engaging', value: money('50', 'EUR'), closeDate: day(-5), ownerId: anna.userId },
    // A customer who bought lately.
    won(90, day(-10), 'Pell', bert.userId),
  ]
  const create = deals.map((deal, index) => ({ name: `Deal ${index}`, ...deal }))
  expect((await admin.call('POST', '/opportunities/bulk', { create })).status).toBe(200)
  const activities = [
    { type: 'call', subject: 'A', doneAt: '2025-01-01T00:00:00.000Z', ownerId: anna.userId },
    { type: 'call', subject: 'B', doneAt: '2025-03-31T23:59:59.000Z', ownerId: anna.userId },
    { type: 'call', subject: 'C', doneAt: '2025-04-01T00:00:00.000Z', ownerId: anna.userId },
    {
      type: 'call',
      subject: 'D',
      doneAt: `${day(-3)}T12:00:00.000Z`,
      about: { entity: 'accounts', id: accounts['Pell'] },
    },
  ]
  expect((await admin.call('POST', '/activities/bulk', { create: activities })).status).toBe(200)
})
afterAll(async () => {
  await db?.end()
  await crm?.stop()
})

describe('generate_executive_dashboard', () => {
  it('adds up what was won in the days, each currency for itself, against the days before', async () => {
    expect(await report('generate_executive_dashboard', q1)).toMatchObject({
      period: {
        from: '2025-01-01',
        to: '2025-03-31',
        previous: { from: '2024-10-03', to: '2024-12-31' },
      },
      currency: 'USD',
      revenue: [
        {
          currency: 'USD',
          current: '3500.50',
          previous: '4000.00',
          change: '-499.50',
          changePercent: -12.5,
        },
        {
          currency: 'EUR',
          current: '300.00',
          previous: '0.00',
          change: '300.00',
          changePercent: null,
        },
      ],
      deals: {
        won: { current: 3, previous: 1, changePercent: 200 },
        lost: { current: 1, previous: 0 },
        winRate: { current: 75, previous: 100 },
      },
      pipeline: { count: 2, value: [money('600.00'), money('50.00', 'EUR')], pastCloseDate: 1 },
      work: { activities: { current: 2, previous: 0 } },
    })
  })

  it('agrees with the database', async () => {
    const { rows } = await db.query<{ currency: string; total: string }>(
      `select value_currency as currency, (sum(value) / 10000.0)::numeric(20, 2)::text as total
       from tenant.crm_opportunities_opportunity
       where org_id = $1 and stage = 'won' and deleted_at is null
         and close_date between '2025-01-01' and '2025-03-31' group by 1 order by 1 desc`,
      [orgId],
    )
    const { revenue } = (await report('generate_executive_dashboard', q1)) as {
      revenue: { currency: string; current: string }[]
    }
    expect(revenue.map(({ currency, current }) => ({ currency, total: current }))).toEqual(rows)
  })

  it('knows what customers owe', async () => {
    const lines = [{ name: 'Gate', unitPrice: 120 }]
    const made = await admin.run('crm.invoices:create_invoice', {
      accountId: accounts['Orrin'],
      lines,
    })
    const invoiceId = made.output['invoiceId']
    await admin.run('crm.invoices:issue_invoice', { invoiceId })
    await admin.run('crm.invoices:record_payment', { invoiceId, amount: 20 })
    expect((await report('generate_executive_dashboard'))['receivables']).toEqual({
      open: 1,
      balance: [money('100.00')],
      overdue: 0,
      overdueBalance: [],
    })
  })

  it('shows a rep their own figures', async () => {
    expect(await report('generate_executive_dashboard', q1, bert)).toMatchObject({
      revenue: [{ currency: 'USD', current: '2500.50' }],
      deals: { won: { current: 1 }, lost: { current: 1 } },
      pipeline: { count: 0 },
    })
  })

  it('has words for an organisation in which nothing happened, and is no error', async () => {
    const other = await crm.otherOrg()
    expect(await report('generate_executive_dashboard', {}, other)).toMatchObject({
      revenue: [],
      deals: { winRate: { current: null } },
      summary: [expect.stringContaining('nothing to report')],
    })
  })

  it('refuses a custom period without its days, and those without the right', async () => {
    const refused = (input: object, who: Who = admin) =>
      who.refused('crm.insights:generate_executive_dashboard', input)
    expect(await refused({ period: 'custom' })).toMatchObject({
      status: 422,
      errors: [{ path: 'input.from', code: 'REQUIRED' }],
    })
    expect(await refused({ period: 'custom', from: '2025-02-01', to: '2025-01-01' })).toMatchObject(
      { status: 422, errors: [{ path: 'input.to', code: 'OUT_OF_RANGE' }] },
    )
    // Before a period of so many years there is no calendar to compare it with.
    expect(await refused({ from: '1970-01-01', to: '3940-01-02' })).toMatchObject({
      status: 422,
      errors: [{ path: 'input.from', code: 'OUT_OF_RANGE' }],
    })
    expect(await refused({ period: 'soon' })).toMatchObject({ status: 422 })
    const key = await crm.key('editor', ['leads:read', 'actions:*'])
    expect((await refused({}, key)).status).toBe(403)
  })
})

describe('compare_periods', () => {
  it('compares with the days before, or with any others', async () => {
    const before = await report('compare_periods', q1)
    expect(before).toMatchObject({ comparedWith: { from: '2024-10-03', to: '2024-12-31' } })
    const output = await report('compare_periods', {
      ...q1,
      with: { from: '2025-04-01', to: '2025-04-30' },
    })
    expect(output).toMatchObject({
      revenue: [
        { currency: 'USD', current: '3500.50', previous: '8000.00', change: '-4499.50' },
        { currency: 'EUR', current: '300.00', previous: '0.00' },
      ],
      winRate: { current: 75, previous: 100, changePoints: -25 },
    })
    expect(output['metrics']).toContainEqual({
      metric: 'activities',
      current: 2,
      previous: 1,
      change: 1,
      changePercent: 100,
    })
  })

  it('says so when both are empty, and refuses days the wrong way round', async () => {
    const empty = { period: 'custom', from: '2001-01-01', to: '2001-12-31' }
    expect((await report('compare_periods', empty))['summary']).toEqual([
      'Nothing happened in either period.',
    ])
    const wrong = { ...q1, with: { from: '2025-05-01', to: '2025-04-01' } }
    expect(await admin.refused('crm.insights:compare_periods', wrong)).toMatchObject({
      status: 422,
    })
  })
})

describe('team_performance', () => {
  it('lists who won what, what they have open and how much they did', async () => {
    const output = await report('team_performance', q1)
    expect(output['members']).toMatchObject([
      {
        owner: 'Bert Dahl',
        won: 1,
        lost: 1,
        winRate: 50,
        wonValue: [money('2500.50')],
        open: { count: 0 },
        activities: 0,
      },
      {
        owner: 'Anna Berg',
        won: 2,
        lost: 0,
        winRate: 100,
        wonValue: [money('1000.00'), money('300.00', 'EUR')],
        open: { count: 2, value: [money('600.00'), money('50.00', 'EUR')] },
        activities: 2,
      },
    ])
    expect(output['total']).toMatchObject({
      won: 3,
      lost: 1,
      wonValue: [money('3500.50'), money('300.00', 'EUR')],
    })
  })

  it('looks at one team when asked to, and says when there is none', async () => {
    const team = await admin.create('teams', { name: 'North' })
    await admin.call('PATCH', `/users/${anna.userId}`, { teamId: team.id })
    const output = await report('team_performance', { ...q1, team: 'north' })
    expect((output['members'] as { owner: string }[]).map(({ owner }) => owner)).toEqual([
      'Anna Berg',
    ])
    const refused = await admin.refused('crm.insights:team_performance', { team: 'South' })
    expect(refused).toMatchObject({ status: 422, errors: [{ path: 'input.team' }] })
    const empty = await admin.create('teams', { name: 'Nobody yet' })
    expect(await report('team_performance', { ...q1, team: empty.id })).toMatchObject({
      members: [],
      summary: ['Nobody has opportunities or activities in these days.'],
    })
  })
})

describe('revenue_by_segment', () => {
  it('splits by industry, with those without one as a segment of their own', async () => {
    const year = { period: 'custom', from: '2025-01-01', to: '2025-12-31' }
    const output = await report('revenue_by_segment', { dimension: 'industry', ...year })
    expect(output['segments']).toMatchObject([
      { key: null, label: null, wonValue: [money('8000.00')], lost: 1, share: 69.6 },
      { key: 'retail', wonValue: [money('2500.50')], share: 21.7 },
      { key: 'food', won: 2, wonValue: [money('1000.00'), money('300.00', 'EUR')], share: 8.7 },
    ])
    expect(output['total']).toMatchObject({ wonValue: [money('11500.50'), money('300.00', 'EUR')] })
  })

  it('splits by account, owner and product with their names', async () => {
    const names = async (dimension: string) =>
      (
        (await report('revenue_by_segment', { dimension, ...q1 }))['segments'] as {
          label: string
        }[]
      ).map(({ label }) => label)
    expect(await names('account')).toEqual(['Pell', 'Orrin', null])
    expect(await names('owner')).toEqual(['Bert Dahl', 'Anna Berg'])
    expect(await names('product')).toEqual([null])
    expect(await admin.refused('crm.insights:revenue_by_segment', {})).toMatchObject({
      status: 422,
      errors: [{ path: 'input.dimension', code: 'REQUIRED' }],
    })
  })
})

describe('lead_source_report', () => {
  it('follows leads from where they came to what was won', async () => {
    const lead = (source: string | null) => admin.create('leads', { name: 'Ada Byron', source })
    await lead('web')
    await lead(null)
    const { id: leadId } = await lead('web')
    const { output } = await admin.run('crm.leads:convert_lead', { leadId, value: 450 })
    await admin.run('crm.opportunities:close_opportunity', {
      opportunityId: output.opportunityId,
      outcome: 'won',
    })
    const answer = await report('lead_source_report', { period: 'this_year' })
    expect(answer).toMatchObject({
      sources: [
        {
          source: 'web',
          leads: 2,
          qualified: 1,
          converted: 1,
          conversionRate: 50,
          won: 1,
          wonValue: [money('450.00')],
        },
        { source: null, label: null, leads: 1, converted: 0, won: 0, wonValue: [] },
      ],
      total: { leads: 3, conversionRate: 33.3, wonValue: [money('450.00')] },
    })
    const none = { period: 'custom', from: '2001-01-01', to: '2001-01-01' }
    expect(await report('lead_source_report', none)).toMatchObject({
      sources: [],
      summary: ['No lead came in these days.'],
    })
  })
})

describe('churn_risk_report', () => {
  it('puts those first who have neither bought nor been talked to', async () => {
    const output = await report('churn_risk_report', { quietDays: 60 })
    const listed = (output['accounts'] as { name: string; score: number; level: string }[])
      .filter(({ name }) => accounts[name])
      .map(({ name, score, level }) => ({ name, score, level }))
    expect(listed).toEqual([
      { name: 'Orrin', score: 90, level: 'high' },
      { name: 'Quen', score: 90, level: 'high' },
      { name: 'Pell', score: 15, level: 'low' },
    ])
  })

  it('has words for those who have no customers, and limits what it lists', async () => {
    const other = await crm.otherOrg()
    expect(await report('churn_risk_report', {}, other)).toMatchObject({
      customers: 0,
      accounts: [],
      summary: [expect.stringContaining('no customers yet')],
    })
    expect((await report('churn_risk_report', { limit: 1 }))['accounts']).toHaveLength(1)
    expect(await admin.refused('crm.insights:churn_risk_report', { quietDays: 1 })).toMatchObject({
      status: 422,
    })
  })
})

describe('every report', () => {
  it('answers an organisation without anything, and a viewer', async () => {
    const other = await crm.otherOrg()
    const viewer = await crm.key('viewer')
    const inputs = { revenue_by_segment: { dimension: 'country' } } as Record<string, object>
    for (const key of [
      'generate_executive_dashboard',
      'compare_periods',
      'team_performance',
      'revenue_by_segment',
      'lead_source_report',
      'churn_risk_report',
    ]) {
      const { summary } = await report(key, inputs[key], other)
      expect([key, (summary as string[]).length]).toEqual([key, expect.any(Number)])
      expect((summary as string[])[0]).toBeTruthy()
      await report(key, inputs[key], viewer)
    }
  })
})
