import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CrmTest, openCrm, type Who } from './crm-setup.ts'

let crm: CrmTest
let admin: Who
let anna: Who
let viewer: Who

const usd = (amount: string) => ({ amount, currency: 'USD' })
const i = (action: string) => `crm.invoices:${action}`
const day = (distance: number) =>
  new Date(Date.now() + distance * 86_400_000).toISOString().slice(0, 10)

beforeAll(async () => {
  crm = await openCrm()
  admin = crm.admin
  anna = await crm.member('Anna Berg', 'rep')
  viewer = await crm.key('viewer')
})
afterAll(() => crm.stop())

const lines = [{ name: 'Gate', unitPrice: 250, quantity: 2, discount: 10 }]

async function draft(who: Who = admin, more: object = {}): Promise<string> {
  const { id: accountId } = await who.create('accounts', { name: 'Pellmere Tools' })
  const { output } = await who.run(i('create_invoice'), { accountId, lines, taxRate: 20, ...more })
  return output['invoiceId'] as string
}

async function issued(): Promise<string> {
  const invoiceId = await draft()
  await admin.run(i('issue_invoice'), { invoiceId })
  return invoiceId
}

const get = (id: string) => admin.get('customer-invoices', id)

describe('create_invoice', () => {
  it('drafts one of an order with its lines, and not a second one', async () => {
    const { id: accountId } = await admin.create('accounts', { name: 'Pellmere Tools' })
    const made = await admin.run('crm.orders:create_order', { accountId, lines, taxRate: 20 })
    const orderId = made.output['orderId']
    const { output } = await admin.run(i('create_invoice'), { orderId })
    expect(output).toMatchObject({ status: 'draft', lineCount: 1, total: usd('540.00') })
    const invoice = await get(output['invoiceId'] as string)
    expect(invoice).toMatchObject({ orderId, accountId, number: null })
    expect(await admin.refused(i('create_invoice'), { orderId })).toMatchObject({
      status: 409,
      invoiceId: output['invoiceId'],
    })
    await admin.call('DELETE', `/customer-invoices/${output['invoiceId']}`)
    await admin.run('crm.orders:cancel_order', { orderId, reason: 'No need' })
    expect(await admin.refused(i('create_invoice'), { orderId })).toMatchObject({ status: 409 })
  })

  it('names what is missing, and refuses reps and those who only look', async () => {
    const { id: accountId } = await admin.create('accounts', { name: 'Pellmere Tools' })
    const at = async (input: object) =>
      (await admin.refused(i('create_invoice'), input)).errors.map(({ path }) => path)
    expect(await at({})).toEqual(['input.accountId'])
    expect(await at({ accountId })).toEqual(['input.lines'])
    expect(await at({ orderId: crm.unknownId() })).toEqual(['input.orderId'])
    expect(await at({ accountId: crm.unknownId(), lines })).toEqual(['input.accountId'])
    for (const who of [anna, viewer])
      expect(await who.refused(i('create_invoice'), { accountId, lines })).toMatchObject({
        status: 403,
      })
  })
})

describe('issue_invoice', () => {
  it('gives the next number and the days', async () => {
    const invoiceId = await draft()
    const { output } = await admin.run(i('issue_invoice'), { invoiceId })
    expect(output).toMatchObject({ status: 'issued', issuedOn: crm.today(), dueOn: day(30) })
    expect(await get(invoiceId)).toMatchObject({
      number: output['number'],
      paid: usd('0.00'),
      balance: usd('540.00'),
    })
    const next = await draft()
    const second = await admin.run(i('issue_invoice'), { invoiceId: next, dueOn: day(7) })
    expect(second.output).toMatchObject({ number: Number(output['number']) + 1, dueOn: day(7) })
  })

  it('leaves no gap when several are issued at once and one in between fails', async () => {
    const ids = await Promise.all([1, 2, 3, 4].map(() => draft()))
    const empty = await admin.create('customer-invoices', { name: 'Empty' })
    const answers = await Promise.all(
      [...ids, empty.id].map((invoiceId) =>
        admin.call('POST', `/actions/${i('issue_invoice')}`, { input: { invoiceId } }),
      ),
    )
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 409])
    const all = await admin.list('customer-invoices', { number: { $exists: true } })
    const numbers = all.map(({ number }) => Number(number)).sort((one, other) => one - other)
    expect(numbers).toEqual(numbers.map((_, index) => index + 1))
  })

  it('refuses what has no lines, is issued already, or is due in the past', async () => {
    const empty = await admin.create('customer-invoices', { name: 'Empty' })
    const refused = (input: object) => admin.refused(i('issue_invoice'), input)
    expect(await refused({ invoiceId: empty.id })).toMatchObject({ status: 409 })
    expect(await refused({ invoiceId: await issued() })).toMatchObject({ status: 409 })
    expect(await refused({ invoiceId: await draft(), dueOn: day(-1) })).toMatchObject({
      status: 422,
      errors: [{ path: 'input.dueOn', code: 'OUT_OF_RANGE' }],
    })
    const other = await crm.otherOrg()
    expect(await other.refused(i('issue_invoice'), { invoiceId: await draft() })).toMatchObject({
      status: 422,
      errors: [{ code: 'UNKNOWN_RECORD' }],
    })
  })
})

describe('an issued invoice', () => {
  it('does not change, is not deleted and gets no other lines', async () => {
    const id = await issued()
    const url = `/customer-invoices/${id}`
    const before = await get(id)
    expect(await admin.call('PATCH', url, { name: 'Another' })).toMatchObject({
      status: 422,
      body: { errors: [{ path: 'name' }] },
    })
    for (const values of [{ dueOn: day(90) }, { taxRate: 0 }, { notes: 'x' }, { accountId: null }])
      expect((await admin.call('PATCH', url, values)).status).toBe(422)
    expect((await admin.call('PATCH', url, { status: 'draft' })).status).toBe(422)
    expect((await admin.call('DELETE', url)).status).toBe(409)
    const [line] = await admin.list('customer-invoice-lines', { invoiceId: id })
    const lineUrl = `/customer-invoice-lines/${line!['id']}`
    expect((await admin.call('PATCH', lineUrl, { quantity: 1 })).status).toBe(409)
    expect((await admin.call('DELETE', lineUrl)).status).toBe(409)
    const more = { name: 'More', invoiceId: id, unitPrice: 1 }
    expect((await admin.call('POST', '/customer-invoice-lines', more)).status).toBe(409)
    expect(await get(id)).toEqual(before)
    expect((await admin.call('PATCH', url, { ownerId: anna.userId })).status).toBe(200)
  })

  it('stays issued when somebody would take that back', async () => {
    const id = await draft()
    const { changeSetId } = await admin.run(i('issue_invoice'), { invoiceId: id })
    const answer = await admin.call('POST', `/changes/${changeSetId}/revert`, {})
    expect(answer.status).toBe(409)
    expect((await get(id))['status']).toBe('issued')
  })
})

describe('record_payment', () => {
  it('takes parts until the balance is nothing', async () => {
    const invoiceId = await issued()
    const pay = (input: object) => admin.run(i('record_payment'), { invoiceId, ...input })
    expect((await pay({ amount: 100.5, reference: 'R 1' })).output).toMatchObject({
      status: 'partial',
      paid: usd('100.50'),
      balance: usd('439.50'),
    })
    expect((await pay({})).output).toMatchObject({ status: 'paid', balance: usd('0.00') })
    expect(await get(invoiceId)).toMatchObject({
      status: 'paid',
      paid: usd('540.00'),
      payments: [
        { amount: '100.50', reference: 'R 1', paidOn: crm.today() },
        { amount: '439.50', reference: null },
      ],
    })
    expect(await admin.refused(i('record_payment'), { invoiceId })).toMatchObject({ status: 409 })
  })

  it('refuses more than the balance, nothing, drafts, reps and those who only look', async () => {
    const invoiceId = await issued()
    const refused = (input: object, who: Who = admin) =>
      who.refused(i('record_payment'), { invoiceId, ...input })
    expect(await refused({ amount: 540.01 })).toMatchObject({
      status: 422,
      errors: [{ path: 'input.amount', code: 'OUT_OF_RANGE' }],
    })
    expect(await refused({ amount: 0 })).toMatchObject({ status: 422 })
    expect(await refused({ amount: 0.001 })).toMatchObject({ status: 422 })
    expect(await refused({ invoiceId: await draft() })).toMatchObject({ status: 409 })
    expect(await refused({}, viewer)).toMatchObject({ status: 403 })
    const own = await issued()
    await admin.call('PATCH', `/customer-invoices/${own}`, { ownerId: anna.userId })
    expect(await refused({ invoiceId: own }, anna)).toMatchObject({ status: 403 })
  })

  it('counts once what is noted several times at once', async () => {
    const invoiceId = await issued()
    const input = { invoiceId, amount: 540 }
    const answers = await Promise.all(
      [1, 2, 3].map(() => admin.call('POST', `/actions/${i('record_payment')}`, { input })),
    )
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    expect((await get(invoiceId))['paid']).toEqual(usd('540.00'))
  })
})

describe('void_invoice', () => {
  it('keeps the number, and needs a reason and that nothing was paid', async () => {
    const invoiceId = await issued()
    const { number } = await get(invoiceId)
    expect(await admin.refused(i('void_invoice'), { invoiceId })).toMatchObject({ status: 422 })
    await admin.run(i('void_invoice'), { invoiceId, reason: 'Wrong customer' })
    expect(await get(invoiceId)).toMatchObject({ status: 'void', number, balance: usd('0.00') })
    const paid = await issued()
    await admin.run(i('record_payment'), { invoiceId: paid, amount: 1 })
    const reason = 'No'
    expect(await admin.refused(i('void_invoice'), { invoiceId: paid, reason })).toMatchObject({
      status: 409,
    })
    expect(
      await admin.refused(i('void_invoice'), { invoiceId: await draft(), reason }),
    ).toMatchObject({ status: 409 })
  })
})
