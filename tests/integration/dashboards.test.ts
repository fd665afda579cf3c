import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { joinOrg } from '../setup/join-org.ts'
import { type Caller, startApp, type TestApp } from '../setup/test-app.ts'

interface Tile {
  readonly label: string
  readonly entity: string
  readonly kind: string
}
interface Dashboard {
  readonly ref: string
  readonly label: string
  readonly tiles: Readonly<Record<string, Tile>>
}

let app: TestApp
let org: Caller
beforeAll(async () => {
  app = await startApp()
  org = await app.createOrg()
})
afterAll(() => app.stop())

const dashboardsOf = async (caller: Caller) =>
  (await caller.call('GET', '/model')).json<{ dashboards: Dashboard[] }>().dashboards

async function publish(role: string, definition: object): Promise<void> {
  const ops = [{ op: 'set', path: ['roles', role], value: definition }]
  expect((await org.call('PATCH', '/studio/draft', { ops })).statusCode).toBe(200)
  const { hash } = (await org.call('POST', '/studio/plan')).json<{ hash: string }>()
  const done = await org.call('POST', '/studio/publish', { hash, message: role })
  expect(done.statusCode, done.body).toBe(201)
}

describe('dashboards of plugins', () => {
  it('come with the model, with tiles of every kind', async () => {
    const [sales] = await dashboardsOf(org)
    expect(sales).toMatchObject({ ref: 'crm.insights:sales', label: 'Sales' })
    const kinds = new Set(Object.values(sales!.tiles).map(({ kind }) => kind))
    expect([...kinds].sort()).toEqual([
      'bar',
      'funnel',
      'kpi',
      'leaderboard',
      'line',
      'pie',
      'table',
    ])
  })

  it('ask what the aggregate of their entity answers', async () => {
    await org.call('POST', '/opportunities', { name: 'Won', stage: 'won', value: '1000' })
    const [sales] = await dashboardsOf(org)
    for (const tile of Object.values(sales!.tiles) as (Tile & Record<string, never>)[]) {
      const { groupBy, bucket, measure, filter = {}, columns, sort } = tile
      const plural = tile.entity.includes('lead') ? 'leads' : 'opportunities'
      const answer = columns
        ? await org.call('GET', `/${plural}?fields=${columns}&sort=${sort ?? ''}`)
        : await org.call('POST', `/${plural}/aggregate`, {
            filter,
            measures: { value: measure },
            ...(groupBy ? { groupBy: [{ field: groupBy, ...(bucket ? { bucket } : {}) }] } : {}),
          })
      expect(answer.statusCode, `${tile.label}: ${answer.body}`).toBe(200)
    }
  })

  it('have no tile over what somebody may not read, by record or by field', async () => {
    await publish('marketer', {
      label: 'Marketer',
      rules: { leads: { operations: ['read'], entity: 'crm.leads:lead' } },
    })
    await publish('blind', {
      label: 'Blind',
      rules: {
        all: { operations: ['read'], entity: '*' },
        noValue: {
          effect: 'deny',
          operations: ['read'],
          entity: 'crm.opportunities:opportunity',
          fields: ['value'],
        },
      },
    })
    const [marketer] = await dashboardsOf(await app.createKey(org.orgId, { role: 't:marketer' }))
    const entities = Object.values(marketer!.tiles).map(({ entity }) => entity)
    expect(new Set(entities)).toEqual(new Set(['crm.leads:lead']))
    const [blind] = await dashboardsOf(await app.createKey(org.orgId, { role: 't:blind' }))
    expect(Object.keys(blind!.tiles)).toContain('winRate')
    expect(JSON.stringify(blind)).not.toContain('"value"')
    await publish('nobody', { label: 'Nobody', rules: {} })
    expect(await dashboardsOf(await app.createKey(org.orgId, { role: 't:nobody' }))).toEqual([])
  })
})

describe('dashboards of people', () => {
  it('are records of one organisation', async () => {
    const [sales] = await dashboardsOf(org)
    const { label, tiles } = sales!
    const person = await joinOrg(app, org, 'editor')
    const made = await person.call('POST', '/dashboards', { name: 'Mine', body: { label, tiles } })
    expect(made.statusCode, made.body).toBe(201)
    const { id } = made.json<{ id: string }>()
    const stranger = await app.createOrg()
    expect((await stranger.call('GET', `/dashboards/${id}`)).statusCode).toBe(404)
    const list = (await stranger.call('GET', '/dashboards')).json<{ data: object[] }>()
    expect(list.data).toEqual([])
  })

  it.each([
    [{ tiles: {} }, 'body.tiles REQUIRED'],
    [{}, 'body.tiles REQUIRED'],
    [{ tiles: { won: { label: 'Won', kind: 'kpi' } } }, 'body.tiles.won.entity REQUIRED'],
    [
      { tiles: { won: { label: 'Won', kind: 'gauge', entity: 'crm.leads:lead' } } },
      'body.tiles.won.kind UNKNOWN_OPTION',
    ],
    ['sales', 'body WRONG_TYPE'],
  ])('are refused as %j', async (body, problem) => {
    const answer = await org.call('POST', '/dashboards', { name: 'Wrong', body })
    expect(answer.statusCode, answer.body).toBe(422)
    const { errors } = answer.json<{ errors: { path: string; code: string }[] }>()
    expect(errors.map(({ path, code }) => `${path} ${code}`)).toEqual([problem])
  })
})
