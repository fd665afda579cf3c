import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CrmTest, openCrm, type Who } from './crm-setup.ts'

let crm: CrmTest
let admin: Who
let anna: Who
let viewer: Who

const usd = (amount: string) => ({ amount, currency: 'USD' })
const o = (action: string) => `crm.orders:${action}`

beforeAll(async () => {
  crm = await openCrm()
  admin = crm.admin
  anna = await crm.member('Anna Berg', 'rep')
  viewer = await crm.key('viewer')
})
afterAll(() => crm.stop())

async function order(lines: readonly object[], who: Who = admin): Promise<string> {
  const { id: accountId } = await who.create('accounts', { name: 'Pellmere Tools' })
  const { output } = await who.run(o('create_order'), { accountId, lines })
  return output['orderId'] as string
}

async function sentQuote(): Promise<string> {
  const { id: opportunityId } = await admin.create('opportunities', { name: 'Docks' })
  const lines = [{ name: 'Gate', unitPrice: 250, quantity: 2, discount: 10 }]
  const made = await admin.run('crm.quotes:create_quote', { opportunityId, lines, taxRate: 20 })
  const quoteId = made.output['quoteId'] as string
  await admin.run('crm.quotes:send_quote', { quoteId, to: 'ada@pellmere.example' })
  return quoteId
}

const lines = [
  { name: 'Gate', unitPrice: 250, quantity: 2 },
  { name: 'Cable', unitPrice: 1.25, quantity: 100 },
]

describe('create_order', () => {
  it('orders lines for an account at the prices given, from today on', async () => {
    const id = await order(lines)
    expect(await admin.get('orders', id)).toMatchObject({
      name: 'Pellmere Tools',
      status: 'open',
      orderedOn: crm.today(),
      subtotal: usd('625.00'),
      total: usd('625.00'),
      lineCount: 2,
    })
  })

  it('is made by accepting a quote, with its lines, and not a second time', async () => {
    const quoteId = await sentQuote()
    expect(await admin.refused(o('create_order'), { quoteId })).toMatchObject({
      status: 409,
      code: 'STATE_CONFLICT',
    })
    const { output } = await admin.run('crm.quotes:accept_quote', { quoteId })
    const orderId = output['orderId'] as string
    expect(await admin.get('orders', orderId)).toMatchObject({ quoteId, total: usd('540.00') })
    expect(await admin.list('order-lines', { orderId })).toMatchObject([
      { name: 'Gate', quantity: 2, discount: 10, total: usd('450.00') },
    ])
    const again = await admin.refused(o('create_order'), { quoteId })
    expect(again).toMatchObject({ status: 409, orderId })
    await admin.run(o('cancel_order'), { orderId, reason: 'Ordered twice' })
    const anew = await admin.run(o('create_order'), { quoteId, name: 'Second try' })
    expect(anew.output).toMatchObject({ total: usd('540.00') })
  })

  it('goes away again when the acceptance is taken back', async () => {
    const quoteId = await sentQuote()
    const { changeSetId } = await admin.run('crm.quotes:accept_quote', { quoteId })
    const answer = await admin.call('POST', `/changes/${changeSetId}/revert`, {})
    expect(answer.status).toBe(200)
    expect((await admin.get('quotes', quoteId))['status']).toBe('sent')
    expect(await admin.list('orders', { quoteId })).toEqual([])
  })

  it('says what is missing', async () => {
    const { id: accountId } = await admin.create('accounts', { name: 'Pellmere Tools' })
    const at = async (input: object, who: Who = admin) =>
      (await who.refused(o('create_order'), input)).errors?.map(({ path }) => path)
    expect(await at({})).toEqual(['input.accountId'])
    expect(await at({ accountId })).toEqual(['input.lines'])
    expect(await at({ accountId: crm.unknownId(), lines })).toEqual(['input.accountId'])
    expect(await at({ quoteId: crm.unknownId() })).toEqual(['input.quoteId'])
    expect(await at({ accountId, lines: [{ quantity: 1 }] })).toEqual([
      'input.lines[0].name',
      'input.lines[0].unitPrice',
    ])
    const other = await crm.otherOrg()
    expect(await at({ accountId, lines }, other)).toEqual(['input.accountId'])
    expect(await viewer.refused(o('create_order'), { accountId, lines })).toMatchObject({
      status: 403,
    })
  })
})

describe('fulfil_order', () => {
  it('delivers some, then what is left', async () => {
    const orderId = await order(lines, anna)
    const [gate] = await anna.list('order-lines', { orderId, name: 'Gate' })
    const some = [{ lineId: gate!['id'], quantity: 1 }]
    const first = await anna.run(o('fulfil_order'), { orderId, lines: some })
    expect(first.output).toMatchObject({ status: 'partial', left: 101 })
    const rest = await anna.run(o('fulfil_order'), { orderId })
    expect(rest.output).toMatchObject({ status: 'fulfilled', left: 0 })
    expect(await anna.list('order-lines', { orderId })).toMatchObject([
      { fulfilled: expect.any(Number) },
      { fulfilled: expect.any(Number) },
    ])
    expect(await anna.refused(o('fulfil_order'), { orderId })).toMatchObject({ status: 409 })
    expect(await anna.refused(o('cancel_order'), { orderId, reason: 'No' })).toMatchObject({
      status: 409,
    })
    expect((await anna.call('DELETE', `/orders/${orderId}`)).status).toBe(409)
  })

  it('refuses more than is left, lines of others, and nothing at all', async () => {
    const orderId = await order(lines)
    const [gate] = await admin.list('order-lines', { orderId, name: 'Gate' })
    const lineId = gate!['id']
    const errors = async (some: readonly object[]) =>
      (await admin.refused(o('fulfil_order'), { orderId, lines: some })).errors
    expect(await errors([{ lineId, quantity: 3 }])).toMatchObject([
      { path: 'input.lines[0].quantity', code: 'OUT_OF_RANGE' },
    ])
    const twice = { lineId, quantity: 1.5 }
    expect(await errors([twice, twice])).toMatchObject([{ path: 'input.lines[1].quantity' }])
    expect(await errors([{ lineId: crm.unknownId(), quantity: 1 }])).toMatchObject([
      { path: 'input.lines[0].lineId', code: 'UNKNOWN_RECORD' },
    ])
    expect(await errors([{ lineId, quantity: 0 }])).toHaveLength(1)
    expect(await admin.get('orders', orderId)).toMatchObject({ status: 'open' })
  })

  it('lets nobody order less than was delivered', async () => {
    const orderId = await order([{ name: 'Gate', unitPrice: 10, quantity: 5 }, lines[1]!])
    const [gate] = await admin.list('order-lines', { orderId, name: 'Gate' })
    await admin.run(o('fulfil_order'), { orderId, lines: [{ lineId: gate!['id'], quantity: 4 }] })
    const url = `/order-lines/${gate!['id']}`
    expect(await admin.call('PATCH', url, { quantity: 3 })).toMatchObject({
      status: 422,
      body: { errors: [{ path: 'quantity' }] },
    })
    expect(await admin.call('PATCH', url, { quantity: 4 })).toMatchObject({ status: 200 })
    expect((await admin.get('orders', orderId))['total']).toEqual(usd('165.00'))
  })
})

describe('cancel_order', () => {
  it('needs a reason, and closes the order for changes', async () => {
    const orderId = await order(lines)
    expect(await admin.refused(o('cancel_order'), { orderId })).toMatchObject({
      status: 422,
      errors: [{ path: 'input.reason', code: 'REQUIRED' }],
    })
    expect(await viewer.refused(o('cancel_order'), { orderId, reason: 'x' })).toMatchObject({
      status: 403,
    })
    await admin.run(o('cancel_order'), { orderId, reason: 'Ordered twice' })
    expect(await admin.get('orders', orderId)).toMatchObject({
      status: 'cancelled',
      cancelReason: 'Ordered twice',
    })
    expect((await admin.call('PATCH', `/orders/${orderId}`, { taxRate: 3 })).status).toBe(422)
    const line = { name: 'More', orderId, unitPrice: 1 }
    expect((await admin.call('POST', '/order-lines', line)).status).toBe(409)
  })
})
