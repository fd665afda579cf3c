import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Caller, startApp, type TestApp } from '../setup/test-app.ts'

/** What the studio is told of definitions, in the draft and out of it. */
let app: TestApp
let org: Caller

beforeAll(async () => {
  app = await startApp()
  org = await app.createOrg({ name: 'Acme Estates' })
})
afterAll(() => app.stop())

async function ask<T = Json>(method: string, path: string, body?: unknown): Promise<T> {
  const answer = await org.call(method, `/api/v1/studio${path}`, body)
  expect([answer.statusCode, answer.body.slice(0, 500)]).toEqual([
    expect.toSatisfy((status: number) => status < 300),
    expect.anything(),
  ])
  return answer.statusCode === 204 ? (undefined as T) : answer.json<T>()
}
// biome-ignore lint/suspicious/noExplicitAny: what comes is compared, never computed with.
type Json = any

const edit = (...ops: object[]) => ask('PATCH', '/draft', { ops })
const one = (point: string, ref: string) => ask('GET', `/contributions/${point}/${ref}`)
const listOf = async (point: string, q = '') =>
  (await ask<{ data: Json[] }>('GET', `/contributions?point=${point}&q=${q}`)).data

async function publish(message = 'A step') {
  const { hash } = await ask<{ hash: string }>('POST', '/plan')
  return ask<{ revision: number }>('POST', '/publish', { hash, message })
}

const property = {
  label: 'Property',
  labelPlural: 'Properties',
  plural: 'properties',
  icon: 'house',
  titleField: 'street',
  fields: {
    street: { type: 'text', label: 'Street' },
    price: { type: 'number', label: 'Price' },
    area: { type: 'number', label: 'Area' },
    perMeter: { type: 'formula', label: 'Per m²', formula: 'price / area' },
  },
}
const budget = { entity: 'crm.leads:lead', field: { type: 'currency', label: 'Budget' } }

describe('the points of the draft', () => {
  it('come with schemas, references and how many contributions differ from what is published', async () => {
    await edit(
      { op: 'set', path: ['entities', 'property'], value: property },
      { op: 'set', path: ['fields', 'budget'], value: budget },
      { op: 'set', target: 'crm.leads:lead', path: ['label'], from: 'Lead', value: 'Enquiry' },
    )
    const { data } = await ask<{ data: Json[] }>('GET', '/points')
    const entities = data.find(({ name }) => name === 'entities')
    expect(entities).toMatchObject({
      plugin: 'kernel',
      label: 'Entities',
      references: { 'fields/*/to': 'entities' },
      schema: { properties: { label: { 'x-override': 'free' } } },
      changed: 2,
    })
    expect(entities.count).toBe((await listOf('entities')).length)
    expect(data.find(({ name }) => name === 'views')).toMatchObject({
      plugin: 'platform.views',
      changed: 0,
    })
    expect(data.find(({ name }) => name === 'fields')).toMatchObject({ changed: 1 })
  })

  it('are not told to whoever may not see the studio', async () => {
    const key = await app.createKey(org.orgId, { scopes: ['leads:read'] })
    for (const path of ['points', 'contributions?point=roles', 'changes']) {
      const answer = await key.call('GET', `/api/v1/studio/${path}`)
      expect(answer.json()).toMatchObject({ code: 'SCOPE_MISSING' })
    }
  })
})

describe('the contributions to a point', () => {
  it('say where they come from and what the draft makes of them', async () => {
    const all = await listOf('entities')
    const found = (ref: string) => all.find((entry) => entry.ref === ref)
    expect(found('t:property')).toMatchObject({
      key: 'property',
      layer: 'own',
      label: 'Property',
      state: 'new',
      icon: 'house',
      problems: 0,
    })
    expect(found('crm.leads:lead')).toMatchObject({
      plugin: 'crm.leads',
      layer: 'plugin',
      label: 'Enquiry',
      state: 'changed',
    })
    expect(found('kernel:user')).toMatchObject({ layer: 'kernel', state: 'same' })
    expect((await listOf('entities', 'enqui')).map(({ ref }) => ref)).toEqual(['crm.leads:lead'])
  })

  it('are of a point that there is', async () => {
    for (const query of ['', '?point=nonsense']) {
      const answer = await org.call('GET', `/api/v1/studio/contributions${query}`)
      expect(answer.statusCode).toBe(422)
      expect(answer.json().errors).toMatchObject([{ path: 'point' }])
    }
    const paths = ['nonsense/crm.leads:lead', 'entities/crm.leads:nothing', 'entities/t:toString']
    for (const path of [...paths, 'entities/__proto__', '__proto__/x:y']) {
      const answer = await org.call('GET', `/api/v1/studio/contributions/${path}`)
      expect(answer.json()).toMatchObject({ code: 'NOT_FOUND' })
    }
  })
})

describe('one contribution', () => {
  it('shows the draft, what is beneath it, what is published, and the fields that others add', async () => {
    const lead = await one('entities', 'crm.leads:lead')
    expect(lead).toMatchObject({
      pluginTitle: 'Leads',
      state: 'changed',
      definition: { label: 'Enquiry', fields: { budget: { label: 'Budget' } } },
      upstream: { label: 'Lead' },
      published: { label: 'Lead' },
      overrides: [{ path: ['label'], from: 'Lead', to: 'Enquiry' }],
    })
    expect(lead.upstream.fields).not.toHaveProperty('budget')
    expect(lead.fieldOrigins.budget).toEqual({
      point: 'fields',
      ref: 't:budget',
      plugin: 't',
      layer: 'own',
      state: 'new',
      path: ['field'],
    })
    expect(lead.fieldOrigins).not.toHaveProperty('name')
    const own = await one('entities', 't:property')
    expect(own).toMatchObject({ upstream: null, published: null, definition: property })
  })

  it('names what refers to it, field by field', async () => {
    await edit(
      {
        op: 'set',
        path: ['views', 'cheap'],
        value: {
          entity: 't:property',
          label: 'Cheap',
          kind: 'table',
          columns: ['street', 'perMeter'],
          filter: { price: { $lt: 100 } },
          sort: '-area',
        },
      },
      {
        op: 'set',
        path: ['roles', 'agent'],
        value: {
          label: 'Agent',
          rules: {
            some: { entity: 't:property', operations: ['read'], fields: ['street'] },
          },
        },
      },
    )
    const { usedBy } = await one('entities', 't:property')
    const places = usedBy.map(({ point, ref, path, field }: Json) =>
      [point, ref, path.join('/'), field ?? '-'].join(' '),
    )
    expect(places.sort()).toEqual([
      'entities t:property fields/perMeter/formula area',
      'entities t:property fields/perMeter/formula price',
      'entities t:property titleField street',
      'roles t:agent rules/some/entity -',
      'roles t:agent rules/some/fields/0 street',
      'views t:cheap columns/0 street',
      'views t:cheap columns/1 perMeter',
      'views t:cheap entity -',
      'views t:cheap filter/price price',
      'views t:cheap sort area',
    ])
    const view = await one('views', 't:cheap')
    expect(view.uses).toContainEqual({
      point: 'entities',
      ref: 't:property',
      label: 'Property',
      path: ['filter', 'price'],
      field: 'price',
    })
  })

  it('stays to be seen when the draft takes it away', async () => {
    await publish()
    const { definition } = await one('views', 't:cheap')
    await edit({ op: 'unset', path: ['views', 'cheap'], from: definition })
    expect(await one('views', 't:cheap')).toMatchObject({
      state: 'removed',
      definition: { label: 'Cheap' },
    })
    expect(await listOf('views', 'cheap')).toMatchObject([{ ref: 't:cheap', state: 'removed' }])
    await ask('DELETE', '/draft')
    expect(await listOf('views', 'cheap')).toMatchObject([{ ref: 't:cheap', state: 'same' }])
  })
})

describe('the changes of the draft', () => {
  it('are told leaf by leaf, with everybody who made them', async () => {
    const lead = await one('entities', 'crm.leads:lead')
    await edit(
      { op: 'set', path: ['entities', 'property', 'label'], from: 'Property', value: 'House' },
      { op: 'set', path: ['fields', 'rank'], value: { ...budget, field: { type: 'integer' } } },
      {
        op: 'set',
        target: 'crm.leads:lead',
        path: ['icon'],
        from: lead.definition.icon,
        value: 'star',
      },
    )
    const other = await app.createKey(org.orgId, { scopes: ['studio:read', 'studio:write'] })
    const op = { op: 'set', target: 'crm.leads:lead', path: ['order'], value: 7 }
    const from = lead.definition.order
    const ops = [{ ...op, ...(from !== undefined && { from }) }]
    expect((await other.call('PATCH', '/api/v1/studio/draft', { ops })).statusCode).toBe(200)

    const changes = await ask('GET', '/changes')
    expect(changes).toMatchObject({ changed: 4, revision: 1 })
    expect(changes.data).toEqual([
      {
        target: null,
        point: 'entities',
        ref: 't:property',
        label: 'House',
        path: ['label'],
        before: 'Property',
        after: 'House',
      },
      expect.objectContaining({ target: null, point: 'fields', ref: 't:rank', path: [] }),
      expect.objectContaining({
        target: 'entities/crm.leads:lead',
        ref: 'crm.leads:lead',
        label: 'Enquiry',
        path: ['icon'],
        before: lead.definition.icon,
        after: 'star',
      }),
      expect.objectContaining({ path: ['order'], after: 7 }),
    ])
    expect(changes.editors).toHaveLength(2)
    expect(changes.editors[0]).toMatchObject({ name: expect.any(String), type: 'key' })
    expect(Date.parse(changes.editors[1].at)).toBeGreaterThan(Date.now() - 60_000)
  })
})

describe('one revision', () => {
  it('tells what it changed of the one before it', async () => {
    await publish('Houses')
    expect((await ask('GET', '/changes')).data).toEqual([])
    const second = await ask('GET', '/revisions/2')
    expect(second).toMatchObject({ revision: 2, message: 'Houses', restores: null })
    expect(second.changes.map(({ ref, path }: Json) => [ref, ...path].join(' '))).toEqual([
      't:property label',
      't:rank',
      'crm.leads:lead icon',
      'crm.leads:lead order',
    ])
    const first = await ask('GET', '/revisions/1')
    expect(first.changes).toContainEqual(
      expect.objectContaining({ ref: 't:property', path: [], before: null }),
    )
    await ask('POST', '/rollback', { revision: 1 })
    expect(await ask('GET', '/revisions/3')).toMatchObject({
      restores: 1,
      changes: expect.arrayContaining([
        expect.objectContaining({ ref: 't:rank', path: [], after: null }),
      ]),
    })
    for (const n of ['0', '4', '1.0', 'x']) {
      const answer = await org.call('GET', `/api/v1/studio/revisions/${n}`)
      expect(answer.json()).toMatchObject({ code: 'NOT_FOUND' })
    }
  })
})
