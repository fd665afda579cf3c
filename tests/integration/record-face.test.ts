import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Caller, startApp, type TestApp } from '../setup/test-app.ts'

/** What the face of one record is drawn from: the past of a field, the timeline by kind, layouts, composers. */
let app: TestApp
let ada: Awaited<ReturnType<TestApp['signUp']>>
beforeAll(async () => {
  app = await startApp()
  ada = await app.signUp()
})
afterAll(() => app.stop())

const create = async (plural: string, values: object): Promise<string> =>
  (await ada.call('POST', `/${plural}`, values)).json().id

interface Entry {
  op: string
  origin: string
  actor: { name: string }
  fields: Record<string, { from: unknown; to: unknown }>
}

describe('the past of one field', () => {
  it('is told alone, from its beginning, with the hand it came from', async () => {
    const id = await create('leads', { name: 'Grace', title: 'Captain', phone: '+4722334455' })
    await ada.call('PATCH', `/leads/${id}`, { title: 'Admiral' })
    await ada.call('PATCH', `/leads/${id}`, { phone: null })
    const key = await app.createKey(ada.orgId)
    await key.call('PATCH', `/leads/${id}`, { title: 'Rear admiral' })
    const { data } = (await ada.call('GET', `/leads/${id}/history?field=title`)).json<{
      data: Entry[]
    }>()
    expect(data.map(({ op, origin, fields }) => [op, origin, fields])).toEqual([
      ['update', 'integration', { title: { from: 'Admiral', to: 'Rear admiral' } }],
      ['update', 'person', { title: { from: 'Captain', to: 'Admiral' } }],
      ['create', 'person', { title: { from: null, to: 'Captain' } }],
    ])
  })

  it('is the same 400 UNKNOWN_FIELD for a field that is not there and one that is hidden', async () => {
    const id = await create('leads', { name: 'Alan' })
    const answer = await ada.call('GET', `/leads/${id}/history?field=nonsense`)
    expect([answer.statusCode, answer.json().code]).toEqual([400, 'UNKNOWN_FIELD'])
  })
})

describe('a timeline of one kind', () => {
  it('finds what lies behind more than a page of other kinds', async () => {
    const id = await create('leads', { name: 'Edsger' })
    const about = { entity: 'crm.leads:lead', id }
    await create('activities', { type: 'call', subject: 'The first call', about })
    for (let n = 0; n < 5; n++)
      await create('activities', { type: 'note', subject: `Note ${n}`, about })
    const answer = await ada.call('GET', `/leads/${id}/timeline?types=call&limit=2`)
    expect(answer.json().data.map(({ title }: { title: string }) => title)).toEqual([
      'The first call',
    ])
  })
})

interface Face {
  layouts: {
    entity: string
    highlights?: string[]
    unknown?: string[]
    tabs: { key: string; sections: { key: string; widget: string; fields?: string[] }[] }[]
  }[]
  composers: { ref: string; entity: string; body?: string; fields: string[]; values: object }[]
}
const face = async (caller: Caller = ada): Promise<Face> =>
  (await caller.call('GET', '/model')).json()
const layoutOf = ({ layouts }: Face, entity: string) =>
  layouts.find((layout) => layout.entity === entity)!

async function publish(ops: object[]) {
  expect((await ada.call('PATCH', '/studio/draft', { ops })).statusCode).toBe(200)
  const plan = (await ada.call('POST', '/studio/plan')).json()
  return ada.call('POST', '/studio/publish', { hash: plan.hash })
}

describe('layouts', () => {
  it('come in their order, with what another plugin put into them', async () => {
    const account = layoutOf(await face(), 'crm.accounts:account')
    expect(account.tabs.map(({ key }) => key)).toEqual(['overview', 'timeline'])
    expect(account.tabs[0]!.sections.map(({ key, widget }) => [key, widget])).toEqual([
      ['pipeline', 'figure'],
      ['company', 'fields'],
      ['size', 'fields'],
      ['stages', 'chart'],
      ['files', 'files'],
    ])
    expect(account).not.toHaveProperty('unknown')
  })

  it('leave out what is no field, and name it to admins alone', async () => {
    const answer = await publish([
      {
        op: 'set',
        path: ['layouts', 'lead'],
        value: {
          entity: 'crm.leads:lead',
          highlights: ['score', 'goneField'],
          tabs: {
            main: {
              label: 'Main',
              sections: {
                one: { widget: 'fields', fields: ['email', 'alsoGone'] },
                lost: { widget: 'fields', fields: ['alsoGone'] },
              },
            },
          },
        },
      },
    ])
    expect(answer.statusCode).toBe(201)
    const mine = layoutOf(await face(), 'crm.leads:lead')
    expect(mine).toMatchObject({
      highlights: ['score'],
      tabs: [{ key: 'main', sections: [{ key: 'one', fields: ['email'] }] }],
      unknown: ['alsoGone', 'goneField'],
    })
    const rep = await app.createKey(ada.orgId, { role: 'rep' })
    expect(layoutOf(await face(rep), 'crm.leads:lead')).not.toHaveProperty('unknown')
  })

  it('show charts of what points here or of all that match, to whoever may read all of it', async () => {
    const chart = { widget: 'chart', entity: 'crm.opportunities:opportunity', groupBy: 'stage' }
    const sections = {
      here: { ...chart, field: 'accountId', measure: 'sum', of: 'value', splitBy: 'ownerId' },
      all: { ...chart, chart: 'pie', filter: { stage: 'won' } },
      gone: { ...chart, groupBy: 'vanished' },
      none: { widget: 'chart', entity: 'crm.opportunities:opportunity' },
      salaries: { ...chart, field: 'accountId', measure: 'sum', of: 'margin' },
    }
    const opportunity = 'crm.opportunities:opportunity'
    const answer = await publish([
      {
        op: 'set',
        path: ['layouts', 'product'],
        value: { entity: 'crm.products:product', tabs: { main: { label: 'Main', sections } } },
      },
      {
        op: 'set',
        path: ['fields', 'margin'],
        value: { entity: opportunity, field: { type: 'number', label: 'Margin', order: 900 } },
      },
      {
        op: 'set',
        path: ['roles', 'blind'],
        value: {
          label: 'Blind',
          rules: {
            all: { operations: ['read'], entity: '*' },
            margin: {
              effect: 'deny',
              operations: ['read'],
              entity: opportunity,
              fields: ['margin'],
            },
          },
        },
      },
    ])
    expect(answer.statusCode, answer.body).toBe(201)
    const keysFor = async (caller: Caller) =>
      layoutOf(await face(caller), 'crm.products:product').tabs[0]?.sections.map(({ key }) => key)
    expect(await keysFor(ada)).toEqual(['all', 'here', 'salaries'])
    const blind = await app.createKey(ada.orgId, { role: 't:blind' })
    expect(await keysFor(blind)).toEqual(['all', 'here'])
  })

  it('are refused before they are live when they lead to an entity that is not there', async () => {
    const answer = await ada.call('PATCH', '/studio/draft', {
      ops: [
        {
          op: 'set',
          path: ['layouts', 'broken'],
          value: {
            entity: 'crm.leads:lead',
            tabs: {
              a: {
                label: 'A',
                sections: {
                  b: { widget: 'related', entity: 'crm.nothing:here', field: 'leadId' },
                },
              },
            },
          },
        },
      ],
    })
    expect(answer.statusCode).toBe(422)
    expect(answer.body).toContain('crm.nothing:here')
  })
})

describe('composers', () => {
  it('offer note, mail, call and task, in this order, to whoever may make them', async () => {
    const { composers } = await face()
    expect(composers.map(({ ref }) => ref)).toEqual([
      'crm.activities:note',
      'crm.messages:email',
      'crm.activities:call',
      'platform.tasks:task',
    ])
    expect(composers[3]).toMatchObject({
      body: 'description',
      fields: ['title', 'dueAt', 'ownerId'],
    })
    const viewer = await app.createKey(ada.orgId, { role: 'viewer' })
    expect((await face(viewer)).composers).toEqual([])
  })
})
