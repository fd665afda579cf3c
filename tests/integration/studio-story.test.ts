import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { joinOrg } from '../setup/join-org.ts'
import { type Caller, startApp, type TestApp } from '../setup/test-app.ts'

/** An estate agency's admin shapes the CRM, makes a mistake, takes it back, and hands the result on. */
let app: TestApp
let admin: Caller
let second: Caller

beforeAll(async () => {
  app = await startApp()
  admin = await app.createOrg({ name: 'Kant & Partner', slug: 'kant' })
  second = await app.createOrg({ name: 'Seaside Homes', slug: 'seaside' })
})
afterAll(() => app.stop())

const set = (path: string[], value: unknown, more: object = {}) => ({
  op: 'set',
  path,
  value,
  ...more,
})

async function edit(ops: object[]): Promise<void> {
  const answer = await admin.call('PATCH', '/studio/draft', { ops })
  expect(answer.statusCode, answer.body).toBe(200)
}

async function publish(message: string): Promise<{ revision: number; texts: string[] }> {
  const { hash, items } = (await admin.call('POST', '/studio/plan')).json<{
    hash: string
    items: { severity: string; text: string }[]
  }>()
  const answer = await admin.call('POST', '/studio/publish', { hash, message })
  expect(answer.statusCode, answer.body).toBe(201)
  const texts = items.map(({ severity, text }) => `${severity}: ${text}`)
  return { revision: answer.json<{ revision: number }>().revision, texts }
}

const property = {
  label: 'Property',
  labelPlural: 'Properties',
  plural: 'properties',
  icon: 'house',
  titleField: 'street',
  fields: {
    street: { type: 'text', label: 'Street', required: true, order: 10 },
    status: {
      type: 'select',
      label: 'Status',
      order: 20,
      options: {
        listed: { label: 'Listed' },
        reserved: { label: 'Reserved' },
        sold: { label: 'Sold' },
      },
    },
    price: { type: 'currency', label: 'Price', order: 30 },
    place: { type: 'geo', label: 'Place', order: 40 },
    agent: { type: 'user', label: 'Agent', order: 50 },
    seller: { type: 'relation', label: 'Seller', to: 'crm.contacts:contact', order: 60 },
    commission: {
      type: 'formula',
      label: 'Commission',
      formula: 'round(price * 0.0357, 2)',
      order: 70,
    },
    viewings: {
      type: 'rollup',
      label: 'Viewings',
      rollup: { from: 't:viewing', through: 'property', measure: { count: '*' } },
      order: 80,
    },
  },
}
const viewing = {
  label: 'Viewing',
  labelPlural: 'Viewings',
  plural: 'viewings',
  titleField: 'subject',
  fields: {
    subject: { type: 'text', label: 'Subject', required: true, order: 10 },
    property: { type: 'relation', label: 'Property', to: 't:property', order: 20 },
    visitor: { type: 'relation', label: 'Visitor', to: 'crm.contacts:contact', order: 30 },
    at: { type: 'dateTime', label: 'At', order: 40 },
  },
}
const page = {
  label: 'Properties',
  path: '/properties',
  icon: 'house',
  entity: 't:property',
  group: 'records',
}
const board = {
  entity: 't:property',
  label: 'By status',
  kind: 'board',
  columns: ['street', 'price'],
  groupBy: 'status',
  sumField: 'price',
}
const map = { entity: 't:property', label: 'Map', kind: 'map', map: { place: 'place' } }
const branch = {
  label: 'Branch',
  rules: {
    properties: { operations: ['read', 'create', 'update'], entity: 't:property', scope: 'team' },
    viewings: { operations: ['read', 'create'], entity: 't:viewing' },
  },
}

describe('an estate agency', () => {
  let agent: Awaited<ReturnType<typeof joinOrg>>
  let home: { id: string; commission: number }

  it('makes its objects with relations, a formula, a rollup, views and a role, and renames what was there', async () => {
    await edit([
      set(['entities', 'property'], property),
      set(['entities', 'viewing'], viewing),
      set(['pages', 'properties'], page),
      set(['views', 'status'], board),
      set(['views', 'places'], map),
      set(['roles', 'branch'], branch),
      set(['label'], 'Enquiry', { target: 'crm.leads:lead', from: 'Lead' }),
      set(['labelPlural'], 'Enquiries', { target: 'crm.leads:lead', from: 'Leads' }),
    ])
    expect((await admin.call('GET', '/studio/changes')).json()).toMatchObject({ changed: 8 })
    const { revision, texts } = await publish('Properties and viewings')
    expect(revision).toBe(1)
    expect(texts).toContain('safe: Adds the object "Property" with 8 fields.')
    expect(texts).toContain('safe: Calls "Lead" from now on "Enquiry".')
    const brand = { name: 'Kant & Partner', color: '#0b6e4f' }
    expect((await admin.call('PATCH', '/settings/org', { brand })).statusCode).toBe(200)
    const model = (await admin.call('GET', '/model')).json()
    expect(model.brand).toMatchObject(brand)
    const views = model.views.filter(({ entity }: { entity: string }) => entity === 't:property')
    expect(views.map(({ kind }: { kind: string }) => kind).sort()).toEqual(['board', 'map'])
    const leads = model.entities.find(({ ref }: { ref: string }) => ref === 'crm.leads:lead')
    expect(leads).toMatchObject({ label: 'Enquiry', labelPlural: 'Enquiries', plural: 'leads' })
  })

  it('works with them at once: sums, counts, and each branch sees its own', async () => {
    const seller = (await admin.call('POST', '/contacts', { lastName: 'Kuhn' })).json()
    const made = await admin.call('POST', '/properties', {
      street: 'Kai 1',
      price: '400000',
      place: { lat: 53.5, lng: 10 },
      sellerId: seller.id,
    })
    expect(made.statusCode, made.body).toBe(201)
    home = made.json()
    await admin.call('POST', '/viewings', {
      subject: 'First',
      propertyId: home.id,
      visitorId: seller.id,
    })
    expect((await admin.call('GET', `/properties/${home.id}`)).json()).toMatchObject({
      commission: 14280,
      viewings: 1,
    })
    const team = (await admin.call('POST', '/teams', { name: 'North' })).json()
    agent = await joinOrg(app, admin, 't:branch', 'Nora')
    await admin.call('PATCH', `/users/${agent.userId}`, { teamId: team.id })
    expect((await agent.call('GET', '/properties')).json().data).toEqual([])
    const own = await agent.call('POST', '/properties', { street: 'North 7' })
    expect(own.statusCode, own.body).toBe(201)
    expect((await agent.call('GET', '/properties')).json().data).toMatchObject([
      { street: 'North 7' },
    ])
    expect((await agent.call('GET', '/leads')).statusCode).toBe(403)
  })

  it('finds a mistake, sees it in the history, and is back in one step without losing data', async () => {
    await edit([
      {
        op: 'unset',
        path: ['entities', 'property', 'fields', 'price'],
        from: property.fields.price,
      },
      {
        op: 'unset',
        path: ['entities', 'property', 'fields', 'commission'],
        from: property.fields.commission,
      },
      { op: 'unset', path: ['views', 'status', 'sumField'], from: 'price' },
      set(['views', 'status', 'columns'], ['street'], { from: board.columns }),
    ])
    const { revision, texts } = await publish('Prices are kept elsewhere')
    expect(revision).toBe(2)
    expect(texts).toContainEqual(
      expect.stringMatching(
        /^destructive: Removes the field "Price" from properties\. 1 property has a value/,
      ),
    )
    expect((await admin.call('GET', `/properties/${home.id}`)).json()).not.toHaveProperty('price')
    const seen = (await admin.call('GET', '/studio/revisions/2')).json()
    expect(seen).toMatchObject({ revision: 2, message: 'Prices are kept elsewhere' })
    expect(JSON.stringify(seen.changes)).toContain('"price"')
    expect((await admin.call('POST', '/studio/rollback', { revision: 1 })).statusCode).toBe(201)
    expect((await admin.call('GET', `/properties/${home.id}`)).json()).toMatchObject({
      price: { amount: '400000.00' },
      commission: 14280,
    })
    await edit([
      set(['entities', 'property', 'fields', 'commission', 'formula'], 'round(price * 0.03, 2)', {
        from: property.fields.commission.formula,
      }),
    ])
    await publish('Our commission is 3 %')
    expect((await admin.call('GET', `/properties/${home.id}`)).json()).toMatchObject({
      commission: 12000,
    })
  })

  it('hands what it built to a second agency, which has it at once and upgrades it later', async () => {
    const exported = await admin.call('POST', '/studio/export', {
      id: 'kant.estates',
      version: '1.0.0',
      title: 'Estates',
      pick: ['pages/properties', 'views/status', 'views/places', 'roles/branch'],
    })
    expect(exported.statusCode, exported.body).toBe(200)
    const manifest = exported.json()
    expect(Object.keys(manifest.contributes.entities).sort()).toEqual(['property', 'viewing'])
    expect(manifest.overrides).toEqual([])
    const installed = await second.call('POST', '/studio/packages', { manifest })
    expect(installed.statusCode, installed.body).toBe(200)
    const made = await second.call('POST', '/properties', { street: 'Beach 2', price: '100' })
    expect(made.json()).toMatchObject({ street: 'Beach 2', commission: 3 })
    const model = (await second.call('GET', '/model')).json()
    expect(model.pages.map(({ path }: { path: string }) => path)).toContain('/properties')
    expect(model.entities.find(({ ref }: { ref: string }) => ref === 'crm.leads:lead').label).toBe(
      'Lead',
    )
    manifest.version = '1.1.0'
    manifest.contributes.entities.property.fields.garden = { type: 'boolean', label: 'Garden' }
    const upgraded = await second.call('POST', '/studio/packages', { manifest })
    expect(upgraded.json()).toMatchObject({ version: '1.1.0', from: '1.0.0', review: [] })
    const kept = await second.call('PATCH', `/properties/${made.json().id}`, { garden: true })
    expect(kept.json()).toMatchObject({ street: 'Beach 2', garden: true })
    expect((await admin.call('GET', '/properties')).json().data).toHaveLength(2)
  })
})
