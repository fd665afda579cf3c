import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Caller, startApp, type TestApp } from '../setup/test-app.ts'

/** A reseller's layer and brand reach its customers, whose own edits stay. */
let app: TestApp
let reseller: Caller
let first: Caller
let second: Caller
let stranger: Caller

const operator = { authorization: 'Bearer operator-key-of-the-tests-0123456789' }

beforeAll(async () => {
  app = await startApp()
  reseller = await app.createOrg({ name: 'Harbour CRM', slug: 'harbour' })
  stranger = await app.createOrg({ name: 'Stranger' })
  await publish(reseller, [
    { op: 'set', path: ['entities', 'vessel'], value: vessel('Vessel') },
    {
      op: 'set',
      path: ['fields', 'berth'],
      value: { entity: 'crm.leads:lead', field: { type: 'text', label: 'Berth' } },
    },
    { op: 'set', target: 'crm.leads:lead', path: ['label'], from: 'Lead', value: 'Enquiry' },
  ])
  first = await customer('first-harbour')
  second = await customer('second-harbour')
})
afterAll(() => app.stop())

function vessel(label: string, more: object = {}) {
  return {
    label,
    labelPlural: `${label}s`,
    plural: 'vessels',
    titleField: 'name',
    fields: { name: { type: 'text', label: 'Name', required: true }, ...more },
  }
}

async function customer(slug: string): Promise<Caller> {
  const answer = await app.inject({
    method: 'POST',
    url: '/api/v1/orgs',
    headers: operator,
    payload: { email: `admin@${slug}.test`, orgName: slug, slug, reseller: 'harbour' },
  })
  expect(answer.statusCode).toBe(201)
  return { ...(await app.createKey(answer.json().orgId)), slug }
}

async function publish(caller: Caller, ops: readonly object[]): Promise<void> {
  const edited = await caller.call('PATCH', '/studio/draft', { ops })
  expect(edited.json()).toMatchObject({ changed: true })
  const { hash } = (await caller.call('POST', '/studio/plan')).json()
  const published = await caller.call('POST', '/studio/publish', { hash, message: 'Next' })
  expect(published.statusCode).toBe(201)
}

async function entity(caller: Caller, ref: string) {
  const { entities } = (await caller.call('GET', '/model')).json<{
    entities: { ref: string; label: string; fields: { key: string; label: string }[] }[]
  }>()
  return entities.find((known) => known.ref === ref)
}

describe('a reseller', () => {
  it('gives its customers what it published, and nobody else', async () => {
    for (const one of [first, second]) {
      expect(await entity(one, 'r:vessel')).toMatchObject({ label: 'Vessel' })
      const lead = await entity(one, 'crm.leads:lead')
      expect(lead).toMatchObject({ label: 'Enquiry' })
      expect(lead!.fields.map(({ key }) => key)).toContain('berth')
      const made = await one.call('POST', '/leads', { name: 'Ada', berth: 'B7' })
      expect(made.json()).toMatchObject({ berth: 'B7' })
      expect((await one.call('POST', '/vessels', { name: 'Halden' })).statusCode).toBe(201)
    }
    expect(await entity(stranger, 'r:vessel')).toBeUndefined()
    expect(await entity(stranger, 'crm.leads:lead')).toMatchObject({ label: 'Lead' })
  })

  it('puts its name and colour on them, under their own', async () => {
    const brand = { name: 'Harbour', color: '#0a7d6b' }
    expect((await reseller.call('PATCH', '/settings/org', { brand })).statusCode).toBe(200)
    await expect
      .poll(async () => (await first.call('GET', '/model')).json().brand)
      .toMatchObject(brand)
    await second.call('PATCH', '/settings/org', { brand: { color: '#112233' } })
    await expect
      .poll(async () => (await second.call('GET', '/model')).json().brand)
      .toMatchObject({ name: 'Harbour', color: '#112233' })
    expect((await stranger.call('GET', '/model')).json().brand).toEqual({ name: 'Stranger' })
  })

  it('upgrades both without touching what they changed themselves', async () => {
    await publish(second, [
      { op: 'set', target: 'r:vessel', path: ['label'], from: 'Vessel', value: 'Boat' },
      {
        op: 'set',
        path: ['fields', 'flag'],
        value: { entity: 'r:vessel', field: { type: 'text', label: 'Flag' } },
      },
    ])
    const kept = await second.call('POST', '/vessels', { name: 'Kon-Tiki', flag: 'NO' })
    expect(kept.statusCode).toBe(201)

    await publish(reseller, [
      {
        op: 'set',
        path: ['entities', 'vessel'],
        from: vessel('Vessel'),
        value: vessel('Ship', { length: { type: 'number', label: 'Length' } }),
      },
    ])
    await expect.poll(async () => (await entity(first, 'r:vessel'))?.label).toBe('Ship')
    const theirs = await entity(second, 'r:vessel')
    expect(theirs).toMatchObject({ label: 'Boat' })
    expect(theirs!.fields.map(({ key }) => key)).toEqual(
      expect.arrayContaining(['name', 'flag', 'length']),
    )
    const read = await second.call('GET', `/vessels/${kept.json().id}`)
    expect(read.json()).toMatchObject({ name: 'Kon-Tiki', flag: 'NO', length: null })
    // Both changed the label: it stays theirs and is listed for a look.
    const { review } = (await second.call('GET', '/studio/draft')).json()
    expect(review).toMatchObject([{ fate: 'review', override: { target: 'r:vessel' } }])
  })

  it('reaches them with a roll back too, and keeps values for a field that comes back', async () => {
    const made = await first.call('POST', '/vessels', { name: 'Fram', length: 39 })
    expect(made.statusCode).toBe(201)
    expect((await reseller.call('POST', '/studio/rollback', { revision: 1 })).statusCode).toBe(201)
    await expect
      .poll(async () => (await first.call('GET', `/vessels/${made.json().id}`)).json())
      .not.toHaveProperty('length')
    expect((await reseller.call('POST', '/studio/rollback', { revision: 2 })).statusCode).toBe(201)
    await expect
      .poll(async () => (await first.call('GET', `/vessels/${made.json().id}`)).json())
      .toMatchObject({ length: 39 })
  })

  it('must be an organisation without a reseller of its own', async () => {
    for (const slug of ['no-such', 'first-harbour']) {
      const answer = await app.inject({
        method: 'POST',
        url: '/api/v1/orgs',
        headers: operator,
        payload: { email: 'a@b.test', orgName: 'X', reseller: slug },
      })
      expect(answer.statusCode).toBe(422)
      expect(answer.json().errors).toMatchObject([{ path: 'reseller' }])
    }
  })
})

describe('its functions in the database', () => {
  it('answer for the organisation of the context alone', async () => {
    const { db } = app.house
    const ask = async (orgId: string | null, text: string, values: unknown[] = []) =>
      (await db.query(orgId, { text, values })).rows
    expect(await ask(null, 'select * from kernel.reseller_layer()')).toEqual([])
    expect(await ask(stranger.orgId, 'select * from kernel.reseller_layer()')).toEqual([])
    expect(await ask(stranger.orgId, 'select * from kernel.customers()')).toEqual([])
    expect(await ask(reseller.orgId, 'select * from kernel.customers()')).toHaveLength(2)
    // Who stands already cannot be put under anybody, nor make themselves a reseller in passing.
    const join = 'select kernel.join_reseller($1) as joined'
    expect(await ask(stranger.orgId, join, [reseller.orgId])).toEqual([{ joined: false }])
    const offer = `select kernel.offer_layer('{}', '{}', false) as offered`
    expect(await ask(stranger.orgId, offer)).toEqual([{ offered: false }])
    expect(await ask(first.orgId, offer.replace('false', 'true'))).toEqual([{ offered: false }])
  })
})
