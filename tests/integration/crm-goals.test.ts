import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CrmTest, openCrm, type Who } from './crm-setup.ts'

let crm: CrmTest
let admin: Who
let anna: Who
let bert: Who
let teamId: string

type Fields = Readonly<Record<string, unknown>>
const g = (action: string) => `crm.goals:${action}`
const range = { from: '2025-01-01', to: '2025-03-31' }
const day = (distance: number) =>
  new Date(Date.now() + distance * 86_400_000).toISOString().slice(0, 10)

beforeAll(async () => {
  crm = await openCrm()
  admin = crm.admin
  anna = await crm.member('Anna Berg', 'rep')
  bert = await crm.member('Bert Dahl', 'rep')
  teamId = (await admin.create('teams', { name: 'North' })).id
  await admin.call('PATCH', `/users/${anna.userId}`, { teamId })
  const won = (value: unknown, closeDate: string, ownerId: unknown) => ({
    name: 'Deal',
    stage: 'won',
    value,
    closeDate,
    ownerId,
  })
  const create = [
    won(1000, '2025-01-01', anna.userId),
    won(250.5, '2025-03-31', bert.userId),
    won({ amount: '300', currency: 'EUR' }, '2025-02-10', anna.userId),
    won(4000, '2025-04-01', anna.userId),
    { ...won(7, '2025-02-02', anna.userId), stage: 'lost' },
  ]
  expect((await admin.call('POST', '/opportunities/bulk', { create })).status).toBe(200)
  await admin.create('activities', {
    type: 'call',
    subject: 'A',
    doneAt: '2025-03-31T23:30:00.000Z',
    ownerId: anna.userId,
  })
})
afterAll(() => crm.stop())

async function goal(values: object): Promise<string> {
  const { output } = await admin.run(g('set_goal'), { ...range, target: 2000, ...values })
  return output['goalId'] as string
}

async function progress(goalId: string, who: Who = admin): Promise<Fields> {
  const { output } = await who.run(g('goal_progress'), { goalId })
  return (output['goals'] as Fields[])[0]!
}

describe('goal_progress', () => {
  it('counts what was won in the days in the own currency, and names the others', async () => {
    expect(await progress(await goal({ measure: 'won_value' }))).toMatchObject({
      name: 'Won value',
      target: 2000,
      reached: 1250.5,
      percent: 62.5,
      left: 749.5,
      pace: 'missed',
      otherCurrencies: [{ amount: '300.00', currency: 'EUR' }],
    })
  })

  it('counts deals and activities of one person or one team', async () => {
    const deals = await goal({ measure: 'deals_won', target: 2, member: 'Anna Berg' })
    expect(await progress(deals)).toMatchObject({
      name: 'Deals won, Anna Berg',
      reached: 2,
      percent: 100,
      pace: 'reached',
    })
    const team = await goal({ measure: 'deals_won', target: 4, teamId })
    expect(await progress(team)).toMatchObject({ reached: 2, percent: 50 })
    const talks = await goal({ measure: 'activities', target: 4, teamId })
    expect(await progress(talks)).toMatchObject({ reached: 1, percent: 25 })
    const nobody = await admin.create('teams', { name: 'Empty' })
    const none = await goal({ measure: 'won_value', teamId: nobody.id })
    expect(await progress(none)).toMatchObject({ reached: 0, percent: 0 })
  })

  it('counts for a rep what they may see', async () => {
    expect(await progress(await goal({ measure: 'won_value' }), bert)).toMatchObject({
      reached: 250.5,
    })
  })

  it('lists the goals of today and says when there are none', async () => {
    const other = await crm.otherOrg()
    expect((await other.run(g('goal_progress'), {})).output).toMatchObject({
      goals: [],
      summary: ['No goal runs today.'],
    })
    const goalId = await goal({ measure: 'won_value', from: day(-10), to: day(10), name: 'Now' })
    const { output } = await admin.run(g('goal_progress'), {})
    expect(output['goals']).toMatchObject([{ goalId, name: 'Now', reached: 0, pace: 'behind' }])
  })

  it('answers an unknown goal like one of others', async () => {
    const other = await crm.otherOrg()
    const goalId = await goal({ measure: 'won_value' })
    for (const [who, id] of [
      [admin, crm.unknownId()],
      [other, goalId],
    ] as const)
      expect(await who.refused(g('goal_progress'), { goalId: id })).toMatchObject({ status: 404 })
  })
})

describe('set_goal', () => {
  it('refuses days the wrong way round, unknown members and teams, reps and viewers', async () => {
    const refused = (input: object, who: Who = admin) =>
      who.refused(g('set_goal'), { ...range, measure: 'deals_won', target: 1, ...input })
    expect(await refused({ to: '2024-12-31' })).toMatchObject({
      status: 422,
      errors: [{ path: 'to' }],
    })
    expect(await refused({ member: 'Zorro' })).toMatchObject({ errors: [{ path: 'input.member' }] })
    expect(await refused({ teamId: crm.unknownId() })).toMatchObject({
      status: 422,
      errors: [{ path: 'teamId', code: 'UNKNOWN_RECORD' }],
    })
    expect(await refused({ measure: 'charm' })).toMatchObject({ status: 422 })
    expect(await refused({ target: -1 })).toMatchObject({ status: 422 })
    expect(await refused({}, anna)).toMatchObject({ status: 403 })
    expect(await refused({}, await crm.key('viewer'))).toMatchObject({ status: 403 })
  })
})

describe('measure_goals', () => {
  it('writes progress and state into the goals that run, and nothing when nothing changed', async () => {
    const goalId = await goal({
      measure: 'won_value',
      from: day(-20),
      to: day(20),
      target: 500,
    })
    await admin.create('opportunities', { name: 'New', stage: 'won', value: 600 })
    await admin.run(g('measure_goals'), {})
    const measured = await admin.get('goals', goalId)
    expect(measured).toMatchObject({ progress: 600, progressPercent: 120, status: 'reached' })
    const again = await admin.run(g('measure_goals'), {})
    expect(again.output).toEqual({ measured: 0 })
    expect(await admin.get('goals', goalId)).toEqual(measured)
    expect(await anna.get('goals', goalId)).toMatchObject({ progress: 600 })
    expect(await anna.refused(g('measure_goals'), {})).toMatchObject({ status: 403 })
  })
})
