import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Caller, startApp, type TestApp } from '../setup/test-app.ts'

/** An organisation makes the CRM its own, through the public API alone. */
let app: TestApp
let acme: Caller
let other: Caller

beforeAll(async () => {
  app = await startApp()
  acme = await app.createOrg({ name: 'Acme Estates' })
  other = await app.createOrg({ name: 'Other' })
})
afterAll(() => app.stop())

const property = {
  label: 'Property',
  labelPlural: 'Properties',
  plural: 'properties',
  titleField: 'street',
  fields: {
    street: { type: 'text', label: 'Street', required: true, order: 10 },
    rooms: { type: 'integer', label: 'Rooms', min: 1, order: 20 },
    lead: { type: 'relation', label: 'Lead', to: 'crm.leads:lead', order: 30 },
  },
}
const ops = [
  { op: 'set', path: ['entities', 'property'], value: property },
  {
    op: 'set',
    path: ['fields', 'budget'],
    value: { entity: 'crm.leads:lead', field: { type: 'currency', label: 'Budget', order: 900 } },
  },
  { op: 'set', target: 'crm.leads:lead', path: ['label'], from: 'Lead', value: 'Enquiry' },
]

async function publish(): Promise<number> {
  const { hash } = (await acme.call('POST', '/api/v1/studio/plan')).json()
  const answer = await acme.call('POST', '/api/v1/studio/publish', { hash, message: 'Estates' })
  expect(answer.statusCode).toBe(201)
  return answer.json().revision
}

describe('an organisation of its own making', () => {
  it('drafts an object, a field and its own words, and sees them in the draft alone', async () => {
    const edited = await acme.call('PATCH', '/api/v1/studio/draft', { ops })
    expect(edited.statusCode).toBe(200)
    expect(edited.json()).toMatchObject({ revision: 0, changed: true })
    const draft = await acme.call('GET', '/api/v1/model', undefined, {
      'x-runway-revision': 'draft',
    })
    expect(refs(draft.json())).toContain('t:property')
    expect(refs((await acme.call('GET', '/api/v1/model')).json())).not.toContain('t:property')
  })

  it('tells two who edit the same leaf, with both values', async () => {
    const answer = await acme.call('PATCH', '/api/v1/studio/draft', { ops: ops.slice(2) })
    expect(answer.statusCode).toBe(409)
    expect(answer.json()).toMatchObject({
      code: 'DRAFT_CONFLICT',
      conflicts: [{ index: 0, from: 'Lead', now: 'Enquiry' }],
    })
  })

  it('tells everything that is wrong with an edit at once', async () => {
    const answer = await acme.call('PATCH', '/api/v1/studio/draft', {
      ops: [
        { op: 'set', path: ['entities', 'mine'], value: { ...property, plural: 'leads' } },
        { op: 'set', path: ['roles', 'guest'], value: { label: 'Guest' } },
      ],
    })
    expect(answer.statusCode).toBe(422)
    expect(
      answer
        .json()
        .errors.map(({ path }: { path: string }) => path)
        .sort(),
    ).toEqual(['entities/mine/plural', 'roles/guest/rules'])
  })

  it('publishes the plan it looked at, and works with its records at once', async () => {
    expect(await publish()).toBe(1)
    const lead = await acme.call('POST', '/api/v1/leads', {
      name: 'Ada',
      budget: { amount: '250000', currency: 'EUR' },
    })
    expect(lead.json()).toMatchObject({ name: 'Ada' })
    const made = await acme.call('POST', '/api/v1/properties', {
      street: 'Main Street 1',
      rooms: 4,
      leadId: lead.json().id,
    })
    expect(made.statusCode).toBe(201)
    const filter = encodeURIComponent(JSON.stringify({ rooms: { $gte: 4 }, 'lead.name': 'Ada' }))
    const found = await acme.call('GET', `/api/v1/properties?filter=${filter}&expand=lead`)
    expect(found.json().data).toMatchObject([
      { street: 'Main Street 1', lead: { name: 'Ada', budget: { amount: '250000.00' } } },
    ])
    const wrong = await acme.call('POST', '/api/v1/properties', { rooms: 0 })
    expect(wrong.json().errors).toMatchObject([
      { path: 'rooms', code: 'OUT_OF_RANGE' },
      { path: 'street', code: 'REQUIRED' },
    ])
  })

  it('leaves every other organisation as it was', async () => {
    expect((await other.call('GET', '/api/v1/properties')).statusCode).toBe(404)
    expect(refs((await other.call('GET', '/api/v1/model')).json())).not.toContain('t:property')
    const answer = await other.call('POST', '/api/v1/leads', { name: 'Bob', budget: 1 })
    expect(answer.json().errors).toMatchObject([{ path: 'budget', code: 'UNKNOWN_FIELD' }])
  })

  it('counts in the plan what a removal takes along, and gets it back with a roll back', async () => {
    const removal = { op: 'unset', path: ['fields', 'budget'], from: ops[1]?.value }
    expect((await acme.call('PATCH', '/api/v1/studio/draft', { ops: [removal] })).statusCode).toBe(
      200,
    )
    const { items } = (await acme.call('POST', '/api/v1/studio/plan')).json()
    expect(items).toMatchObject([
      {
        severity: 'destructive',
        text: expect.stringContaining('1 enquiry has a value in it'),
        affects: [{ entity: 'crm.leads:lead', records: 1 }],
      },
    ])
    expect(await publish()).toBe(2)
    const without = (await acme.call('GET', '/api/v1/leads')).json().data[0]
    expect(without).not.toHaveProperty('budget')
    const back = await acme.call('POST', '/api/v1/studio/rollback', { revision: 1 })
    expect(back.json()).toEqual({ revision: 3 })
    const again = (await acme.call('GET', '/api/v1/leads')).json().data[0]
    expect(again.budget).toEqual({ amount: '250000.00', currency: 'EUR' })
  })

  it('exports what it built as a plugin that names what it needs', async () => {
    const exported = await acme.call('POST', '/api/v1/studio/export', { id: 'acme.estates' })
    expect(exported.json()).toMatchObject({
      id: 'acme.estates',
      tier: 'declarative',
      requires: { 'crm.leads': expect.stringMatching(/^\^/) },
      contributes: { entities: { property: { plural: 'properties' } } },
    })
  })
})

function refs(model: { entities: { ref: string }[] }): string[] {
  return model.entities.map(({ ref }) => ref)
}
