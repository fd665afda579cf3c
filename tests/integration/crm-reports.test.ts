import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CrmTest, openCrm, type Who } from './crm-setup.ts'

let crm: CrmTest
let admin: Who
let anna: Who
let bert: Who

const usd = (amount: string) => ({ amount, currency: 'USD' })
const day = (distance: number) =>
  new Date(Date.now() + distance * 86_400_000).toISOString().slice(0, 10)
const year = new Date().getUTCFullYear()

beforeAll(async () => {
  crm = await openCrm()
  admin = crm.admin
  anna = await crm.member('Anna Berg', 'rep')
  bert = await crm.member('Bert Dahl', 'rep')
  const deals = [
    // Next year: two open ones with a value, one in another currency, one without any.
    { stage: 'engaging', value: 1000, closeDate: `${year + 1}-02-10`, ownerId: anna.userId },
    { stage: 'negotiation', value: 4000, closeDate: `${year + 1}-02-20`, ownerId: bert.userId },
    {
      stage: 'proposal',
      value: { amount: '700', currency: 'EUR' },
      closeDate: `${year + 1}-03-05`,
      ownerId: bert.userId,
    },
    { stage: 'proposal', closeDate: `${year + 1}-03-05`, ownerId: bert.userId },
    // No day at all.
    { stage: 'prospecting', value: 500, ownerId: anna.userId },
    // Past its day.
    { stage: 'proposal', value: 900, closeDate: day(-10), ownerId: anna.userId },
    // The last twelve months: three won, one lost.
    { stage: 'won', value: 2000, closeDate: day(-40), ownerId: anna.userId },
    { stage: 'won', value: 3000, closeDate: day(-80), ownerId: anna.userId },
    { stage: 'won', value: 4000, closeDate: day(-120), ownerId: bert.userId },
    { stage: 'lost', value: 1000, closeDate: day(-60), ownerId: bert.userId },
    // Too long ago to count.
    { stage: 'lost', value: 9000, closeDate: day(-500), ownerId: bert.userId },
  ]
  const create = deals.map((deal, index) => ({ name: `Deal ${index}`, ...deal }))
  const made = await admin.call('POST', '/opportunities/bulk', { create })
  expect(made.status).toBe(200)
})
afterAll(() => crm.stop())

describe('forecast_revenue', () => {
  const forecast = async (input: object, who: Who = admin) =>
    (await who.run('crm.opportunities:forecast_revenue', input)).output

  it('weighs open deals by their stage and by what was won before', async () => {
    const output = await forecast({ period: 'next_year' })
    expect(output).toMatchObject({
      period: { name: 'next_year', from: `${year + 1}-01-01`, to: `${year + 1}-12-31` },
      currency: 'USD',
      winRate: 75,
      won: { count: 0, value: usd('0.00') },
      open: { count: 4, value: usd('5000.00') },
      weighted: usd('3250.00'),
      historical: usd('3750.00'),
      expected: { weighted: usd('3250.00'), historical: usd('3750.00') },
    })
  })

  it('splits it by month and by owner', async () => {
    const output = await forecast({ period: 'next_year' })
    const months = output['byMonth'] as { month: string; weighted: object }[]
    expect(months).toHaveLength(12)
    expect(months[1]).toMatchObject({ month: `${year + 1}-02`, weighted: usd('3250.00') })
    expect(output['byOwner']).toMatchObject([
      { owner: 'Bert Dahl', weighted: usd('3000.00') },
      { owner: 'Anna Berg', weighted: usd('250.00') },
    ])
  })

  it('says what it cannot place: no day, no value, another currency', async () => {
    const output = await forecast({ period: 'next_year' })
    expect(output).toMatchObject({
      undated: { count: 1, value: usd('500.00'), weighted: usd('50.00') },
      withoutValue: { count: 1, averageWon: usd('3000.00'), weighted: usd('1500.00') },
      otherCurrencies: [{ amount: '700.00', currency: 'EUR' }],
    })
  })

  it('takes a custom period and one owner', async () => {
    const output = await forecast({
      period: 'custom',
      from: `${year + 1}-02-15`,
      to: `${year + 1}-02-28`,
      owner: 'Bert Dahl',
    })
    expect(output).toMatchObject({
      owner: { name: 'Bert Dahl' },
      open: { count: 1, value: usd('4000.00') },
    })
  })

  it('shows a rep their own deals and nothing of others', async () => {
    const output = await forecast({ period: 'next_year' }, anna)
    expect(output).toMatchObject({ open: { count: 1, value: usd('1000.00') } })
  })

  it('lets a viewer look', async () => {
    const viewer = await crm.key('viewer')
    expect(await forecast({ period: 'this_quarter' }, viewer)).toMatchObject({ currency: 'USD' })
  })

  it('refuses a custom period without its days, or with them the wrong way round', async () => {
    const refused = (input: object) =>
      admin.refused('crm.opportunities:forecast_revenue', { period: 'custom', ...input })
    expect(await refused({})).toMatchObject({ status: 422, errors: [{ path: 'input.from' }] })
    expect(await refused({ from: '2026-05-01', to: '2026-04-01' })).toMatchObject({
      status: 422,
      errors: [{ path: 'input.to', code: 'OUT_OF_RANGE' }],
    })
    expect(
      await admin.refused('crm.opportunities:forecast_revenue', { period: 'someday' }),
    ).toMatchObject({ status: 422 })
    expect(
      await admin.refused('crm.opportunities:forecast_revenue', {
        period: 'this_month',
        owner: 'Zorro',
      }),
    ).toMatchObject({ status: 422, errors: [{ path: 'input.owner', code: 'UNKNOWN_RECORD' }] })
  })
})

describe('pipeline_health', () => {
  const health = async (input: object = {}, who: Who = admin) =>
    (await who.run('crm.opportunities:pipeline_health', input)).output

  it('counts and adds up the open stages, weighted, in order', async () => {
    expect((await health())['stages']).toMatchObject([
      { stage: 'prospecting', count: 1, value: usd('500.00'), weighted: usd('50.00') },
      { stage: 'engaging', count: 1, value: usd('1000.00'), weighted: usd('250.00') },
      { stage: 'proposal', count: 3, value: usd('900.00'), weighted: usd('450.00') },
      { stage: 'negotiation', count: 1, value: usd('4000.00'), weighted: usd('3000.00') },
    ])
  })

  it('knows the win rate by number and by value, of the last year only', async () => {
    expect((await health())['closed']).toMatchObject({
      from: expect.any(String),
      won: 3,
      lost: 1,
      winRate: 75,
      winRateByValue: 90,
      averageWon: usd('3000.00'),
    })
  })

  it('guesses what open deals without a value may bring', async () => {
    const { withoutValue } = await health()
    expect(withoutValue).toEqual({ count: 1, weighted: usd('1500.00') })
  })

  it('learns from all of the past when nothing was closed lately', async () => {
    const other = await crm.otherOrg()
    for (const stage of ['won', 'lost', 'lost', 'lost'])
      await other.create('opportunities', {
        name: 'Old',
        stage,
        value: 10,
        closeDate: '2017-03-01',
      })
    expect((await health({}, other))['closed']).toMatchObject({ from: null, won: 1, winRate: 25 })
  })

  it('lists what is past its close date, and what is stuck', async () => {
    const output = await health()
    expect(output['overdue']).toMatchObject({ count: 1, deals: [{ name: 'Deal 5' }] })
    expect(output['stuck']).toMatchObject({ afterDays: 30, count: 0, deals: [] })
    const findings = (output['findings'] as { text: string }[]).map((finding) => finding.text)
    expect(findings).toContain('Past their close date: 1 of 6 open opportunities.')
    expect(findings).toContain('Without a value: 1 of 6 open opportunities.')
  })

  it('looks at one person when asked to', async () => {
    const output = await health({ owner: 'Anna Berg' })
    expect(output).toMatchObject({
      owner: { name: 'Anna Berg' },
      open: { count: 3, value: usd('2400.00') },
      coverage: { targetFrom: 'last_quarter' },
    })
  })

  it('says so when there is nothing', async () => {
    const other = await crm.otherOrg()
    expect(await health({}, other)).toMatchObject({
      open: { count: 0 },
      ageDays: null,
      closed: { winRate: null, averageWon: null },
      findings: [{ level: 'risk', text: 'There are no open opportunities.' }],
    })
  })

  it('refuses what it does not know', async () => {
    const refused = (input: object) => admin.refused('crm.opportunities:pipeline_health', input)
    expect(await refused({ team: 'x' })).toMatchObject({ status: 422 })
    expect(await refused({ stuckAfterDays: 0 })).toMatchObject({ status: 422 })
  })
})
