import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { joinOrg } from '../setup/join-org.ts'
import { startApp, type TestApp } from '../setup/test-app.ts'

/** Fields that are shown, needed or locked while a record is of a certain kind. */
let app: TestApp
let admin: Awaited<ReturnType<TestApp['signUp']>>

// biome-ignore lint/suspicious/noExplicitAny: what comes is compared, never computed with.
type Json = any

async function ask(method: string, path: string, body?: unknown): Promise<Json> {
  const answer = await admin.call(method, path, body)
  return answer.statusCode === 204 ? null : answer.json()
}
const property = {
  label: 'Property',
  labelPlural: 'Properties',
  plural: 'properties',
  titleField: 'street',
  fields: {
    street: { type: 'text', label: 'Street' },
    status: {
      type: 'select',
      label: 'Status',
      options: { offered: { label: 'Offered' }, sold: { label: 'Sold' } },
    },
    price: {
      type: 'currency',
      label: 'Price',
      rules: {
        sold: { effect: 'require', when: { status: 'sold' } },
        final: { effect: 'lock', when: { status: 'sold' } },
      },
    },
    buyer: {
      type: 'text',
      label: 'Buyer',
      rules: { sold: { effect: 'show', when: { status: 'sold' } } },
    },
  },
}
const rule = (when: object, effect = 'require') => ({
  op: 'set',
  path: ['entities', 'property', 'fields', 'street', 'rules', 'odd'],
  value: { effect, when },
})

beforeAll(async () => {
  app = await startApp()
  admin = await app.signUp()
  const ops = [
    { op: 'set', path: ['entities', 'property'], value: property },
    {
      op: 'set',
      target: 'crm.leads:lead',
      path: ['fields', 'source', 'rules'],
      value: { known: { effect: 'require', when: { status: 'qualified' } } },
    },
  ]
  expect(await ask('PATCH', '/studio/draft', { ops })).toMatchObject({ changed: true })
  const { hash } = await ask('POST', '/studio/plan')
  expect(await ask('POST', '/studio/publish', { hash })).toEqual({ revision: 1 })
})
afterAll(() => app.stop())

const sold = { status: 'sold', price: { amount: '5', currency: 'EUR' } }

describe('a field that is needed then', () => {
  it('is refused without a value, on create and on update, and named', async () => {
    const wrong = { code: 'INVALID', errors: [{ path: 'price', code: 'REQUIRED' }] }
    expect(await ask('POST', '/properties', { street: 'A', status: 'sold' })).toMatchObject(wrong)
    const made = await ask('POST', '/properties', { street: 'A', status: 'offered' })
    expect(await ask('PATCH', `/properties/${made.id}`, { status: 'sold' })).toMatchObject(wrong)
    expect(await ask('PATCH', `/properties/${made.id}`, { street: 'B' })).toMatchObject({
      street: 'B',
    })
    expect(await ask('PATCH', `/properties/${made.id}`, sold)).toMatchObject({ status: 'sold' })
  })

  it('is one of a plugin that the organisation made so', async () => {
    const lead = await ask('POST', '/leads', { name: 'Ada', status: 'qualified' })
    expect(lead.errors).toMatchObject([{ path: 'source', code: 'REQUIRED' }])
  })

  it('holds in bulk, one by one, and in imports', async () => {
    const bulk = await ask('POST', '/properties/bulk', {
      atomic: false,
      create: [{ street: 'C', status: 'sold' }, { street: 'D' }],
    })
    expect(bulk.results).toMatchObject([
      { status: 'failed', problem: { errors: [{ path: 'price' }] } },
      { status: 'created' },
    ])
    const whole = await ask('POST', '/properties/bulk', {
      create: [{ street: 'C', status: 'sold' }],
    })
    expect(whole.errors).toMatchObject([{ path: 'create[0].price', code: 'REQUIRED' }])
  })
})

describe('a field that is locked then', () => {
  it('stays as it is, also for admins, until the record is another', async () => {
    const made = await ask('POST', '/properties', { street: 'L', ...sold })
    const at = `/properties/${made.id}`
    const price = { amount: '6', currency: 'EUR' }
    expect(await ask('PATCH', at, { price })).toMatchObject({
      errors: [{ path: 'price', code: 'READ_ONLY' }],
    })
    // The same value again changes nothing.
    expect(await ask('PATCH', at, { price: sold.price, street: 'M' })).toMatchObject({
      street: 'M',
    })
    expect(await ask('PATCH', at, { status: 'offered' })).toMatchObject({ status: 'offered' })
    expect(await ask('PATCH', at, { price })).toMatchObject({ price: { amount: '6.00' } })
  })
})

describe('rules', () => {
  it('come with the model, as far as the reader sees what they look at', async () => {
    const find = (model: Json) =>
      model.entities
        .find((one: Json) => one.ref === 't:property')
        .fields.find((one: Json) => one.key === 'buyer')
    expect(find(await ask('GET', '/model')).rules).toEqual([
      { effect: 'show', when: { status: 'sold' } },
    ])
    await ask('PATCH', '/studio/draft', {
      ops: [
        {
          op: 'set',
          target: 'roles/platform.people:viewer',
          path: ['rules', 'blind'],
          value: { effect: 'deny', operations: ['read'], entity: 't:property', fields: ['status'] },
        },
      ],
    })
    const { hash } = await ask('POST', '/studio/plan')
    await ask('POST', '/studio/publish', { hash })
    const viewer = await joinOrg(app, admin, 'viewer')
    expect(find((await viewer.call('GET', '/model')).json())).not.toHaveProperty('rules')
  })

  it('look at kept values of the record itself, else they are refused where they stand', async () => {
    const at = 'entities/property/fields/street/rules/odd'
    for (const [op, path] of [
      [rule({ nothing: 1 }), `${at}/when/nothing`],
      [rule({ 'owner.name': 'Ada' }), `${at}/when/owner.name`],
      [rule({ price: { $gt: 'much' } }), `${at}/when/price`],
      [rule({ $or: [{ status: 'sold' }, { status: { $odd: 1 } }] }), `${at}/when`],
      [rule({}, 'hide'), `${at}/effect`],
    ] as const) {
      const answer = await ask('PATCH', '/studio/draft', { ops: [op] })
      expect(answer.errors?.[0].path).toMatch(new RegExp(`^${path.replaceAll(/[.$]/g, '\\$&')}`))
    }
    const { usedBy } = await ask('GET', '/studio/contributions/entities/t:property')
    expect(usedBy).toContainEqual(
      expect.objectContaining({
        field: 'status',
        path: ['fields', 'buyer', 'rules', 'sold', 'when'],
      }),
    )
    const ops = [
      {
        op: 'unset',
        path: ['entities', 'property', 'fields', 'status'],
        from: property.fields.status,
      },
    ]
    const { errors } = await ask('PATCH', '/studio/draft', { ops })
    expect(errors.map(({ path }: Json) => path)).toContain(
      'entities/property/fields/buyer/rules/sold/when/status',
    )
  })
})
