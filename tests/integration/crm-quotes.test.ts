import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CrmTest, openCrm, type Who } from './crm-setup.ts'

let crm: CrmTest
let admin: Who
let anna: Who
let edda: Who
let viewer: Who

const usd = (amount: string) => ({ amount, currency: 'USD' })
const q = (action: string) => `crm.quotes:${action}`

beforeAll(async () => {
  crm = await openCrm()
  admin = crm.admin
  anna = await crm.member('Anna Berg', 'rep')
  edda = await crm.member('Edda Falk', 'editor')
  viewer = await crm.key('viewer')
})
afterAll(() => crm.stop())

/** A deal of an account whose contact has an address. */
async function deal(values: object = {}, who: Who = admin) {
  const account = await who.create('accounts', { name: 'Orrin Foods' })
  const contact = await who.create('contacts', {
    lastName: 'Byron',
    email: 'ada@orrin.example',
    accountId: account.id,
  })
  return who.create('opportunities', {
    name: 'Docks',
    accountId: account.id,
    contactId: contact.id,
    ...values,
  })
}

async function draft(lines: readonly object[], more: object = {}, who: Who = admin) {
  const { id: opportunityId } = await deal({}, who)
  const { output } = await who.run(q('create_quote'), { opportunityId, lines, ...more })
  return output['quoteId'] as string
}

const line = (values: object = {}) => ({ name: 'Scanner', unitPrice: 100, ...values })

describe('create_quote', () => {
  it('quotes a deal with its account, contact and lines in one change set that can be reverted', async () => {
    const product = await admin.create('products', { name: 'Gate', price: 250 })
    const opportunity = await deal({ value: 9000 })
    const { output, changeSetId } = await admin.run(q('create_quote'), {
      opportunityId: opportunity.id,
      taxRate: 19,
      discount: 5,
      lines: [
        { productId: product.id, quantity: 3 },
        { name: 'Fitting', unitPrice: 33.33, quantity: 1.5, discount: 0 },
      ],
    })
    // 3 x 250 less 5 % is 712.50, 1.5 x 33.33 is 50.00 (49.995), and 19 % of 762.50 is 144.88 (144.875).
    expect(output).toMatchObject({ status: 'draft', lineCount: 2, total: usd('907.38') })
    expect(output['needsApproval']).toBe(false)
    const quote = await admin.get('quotes', output['quoteId'] as string)
    expect(quote).toMatchObject({
      name: 'Docks',
      accountId: opportunity['accountId'],
      contactId: opportunity['contactId'],
      opportunityId: opportunity.id,
      subtotal: usd('762.50'),
      tax: usd('144.88'),
      total: usd('907.38'),
      maxDiscount: 5,
    })
    const reverted = await admin.call('POST', `/changes/${changeSetId}/revert`, {})
    expect(reverted.status).toBe(200)
    expect(await admin.list('quote-lines', { quoteId: quote['id'] })).toEqual([])
    expect((await admin.call('GET', `/quotes/${quote['id']}`)).status).toBe(404)
  })

  it('takes the product and the value of the deal when no lines are given', async () => {
    const product = await admin.create('products', { name: 'Gate', price: 250 })
    const { id: opportunityId } = await deal({ value: 800, productId: product.id })
    const { output } = await admin.run(q('create_quote'), { opportunityId })
    expect(output).toMatchObject({ lineCount: 1, total: usd('800.00') })
    const { id: bare } = await deal({})
    const empty = await admin.run(q('create_quote'), { opportunityId: bare })
    expect(empty.output).toMatchObject({ lineCount: 0, total: usd('0.00') })
  })

  it('numbers them and gives them as many days as the settings say', async () => {
    const first = await admin.get('quotes', await draft([line()]))
    const second = await admin.get('quotes', await draft([line()]))
    expect(Number(second['number'])).toBe(Number(first['number']) + 1)
    const until = new Date(Date.parse(crm.today()) + 30 * 86_400_000).toISOString().slice(0, 10)
    expect(second['validUntil']).toBe(until)
  })

  it('names every line that lacks something, and makes nothing', async () => {
    const { id: opportunityId } = await deal()
    const free = await admin.create('products', { name: 'Priceless' })
    const answer = await admin.refused(q('create_quote'), {
      opportunityId,
      lines: [{}, { productId: free.id }, { productId: crm.unknownId() }],
    })
    expect(answer).toMatchObject({ status: 422, code: 'INVALID' })
    expect(answer.errors.map((error) => error.path)).toEqual([
      'input.lines[0].name',
      'input.lines[0].unitPrice',
      'input.lines[1].unitPrice',
      'input.lines[2].productId',
    ])
    expect(await admin.list('quotes', { opportunityId })).toEqual([])
  })

  it('refuses what the schema forbids, a deal of others, and those who only look', async () => {
    const { id: opportunityId } = await deal()
    const refused = (input: object, who: Who = admin) => who.refused(q('create_quote'), input)
    expect(await refused({ opportunityId, discount: 101 })).toMatchObject({ status: 422 })
    expect(await refused({ opportunityId, lines: [line({ quantity: -1 })] })).toMatchObject({
      status: 422,
    })
    expect(await refused({ opportunityId: crm.unknownId() })).toMatchObject({
      status: 422,
      errors: [{ path: 'input.opportunityId', code: 'UNKNOWN_RECORD' }],
    })
    const other = await crm.otherOrg()
    expect(await refused({ opportunityId }, other)).toMatchObject({ status: 422 })
    expect(await refused({ opportunityId }, viewer)).toMatchObject({ status: 403 })
  })
})

describe('the totals of a quote', () => {
  it('follow lines that are added, changed, deleted and restored through the API', async () => {
    const quoteId = await draft([line()], { taxRate: 10 })
    const total = async () => (await admin.get('quotes', quoteId))['total']
    expect(await total()).toEqual(usd('110.00'))
    const added = await admin.create('quote-lines', {
      name: 'Cable',
      quoteId,
      quantity: 2,
      unitPrice: 10,
      discount: 50,
    })
    expect(added['total']).toEqual(usd('10.00'))
    expect(await total()).toEqual(usd('121.00'))
    await admin.call('PATCH', `/quote-lines/${added.id}`, { quantity: 4 })
    expect(await total()).toEqual(usd('132.00'))
    await admin.call('DELETE', `/quote-lines/${added.id}`)
    expect(await total()).toEqual(usd('110.00'))
    await admin.call('POST', `/quote-lines/${added.id}/restore`)
    expect(await total()).toEqual(usd('132.00'))
    await admin.call('PATCH', `/quotes/${quoteId}`, { taxRate: 20 })
    expect(await total()).toEqual(usd('144.00'))
  })

  it('count the lines of everybody who adds some at once', async () => {
    const quoteId = await draft([])
    const answers = await Promise.all(
      Array.from({ length: 6 }, () =>
        admin.call('POST', '/quote-lines', { name: 'Box', quoteId, quantity: 1, unitPrice: 7 }),
      ),
    )
    const made = answers.filter(({ status }) => status === 201).length
    expect(made).toBeGreaterThan(0)
    expect(await admin.get('quotes', quoteId)).toMatchObject({
      lineCount: made,
      total: usd((made * 7).toFixed(2)),
    })
  })

  it('are in one currency', async () => {
    const quoteId = await draft([line()])
    const answer = await admin.call('POST', '/quote-lines', {
      name: 'Abroad',
      quoteId,
      unitPrice: { amount: '5', currency: 'EUR' },
    })
    expect(answer).toMatchObject({ status: 422, body: { errors: [{ path: 'unitPrice' }] } })
    expect(await admin.get('quotes', quoteId)).toMatchObject({ lineCount: 1, total: usd('100.00') })
  })

  it('cannot be written, nor the state', async () => {
    const quoteId = await draft([line()])
    for (const values of [{ total: 1 }, { status: 'accepted' }, { approvedAt: null }])
      expect(await admin.call('PATCH', `/quotes/${quoteId}`, values)).toMatchObject({
        status: 422,
        body: { errors: [{ code: 'READ_ONLY' }] },
      })
  })
})

describe('add_quote_lines', () => {
  it('adds at list prices and says whether an approval is needed now', async () => {
    const product = await admin.create('products', { name: 'Gate', price: 250 })
    const quoteId = await draft([line()])
    const lines = [{ productId: product.id, quantity: 2, discount: 12 }]
    const { output } = await admin.run(q('add_quote_lines'), { quoteId, lines })
    expect(output).toMatchObject({ lineCount: 2, total: usd('540.00'), needsApproval: true })
  })

  it('refuses a quote that was sent, and so does every other way to its lines', async () => {
    const quoteId = await draft([line()])
    await admin.run(q('send_quote'), { quoteId })
    expect(await admin.refused(q('add_quote_lines'), { quoteId, lines: [line()] })).toMatchObject({
      status: 409,
      code: 'STATE_CONFLICT',
    })
    const [first] = await admin.list('quote-lines', { quoteId })
    const url = `/quote-lines/${first!['id']}`
    const conflict = { status: 409, body: { code: 'STATE_CONFLICT' } }
    expect(await admin.call('POST', '/quote-lines', { ...line(), quoteId })).toMatchObject(conflict)
    expect(await admin.call('PATCH', url, { quantity: 9 })).toMatchObject(conflict)
    expect(await admin.call('DELETE', url)).toMatchObject(conflict)
    const other = await draft([line()])
    expect(await admin.call('PATCH', url, { quoteId: other })).toMatchObject(conflict)
    expect(await admin.call('PATCH', `/quotes/${quoteId}`, { taxRate: 7 })).toMatchObject({
      status: 422,
      body: { errors: [{ path: 'taxRate' }] },
    })
    expect((await admin.get('quotes', quoteId))['total']).toEqual(usd('100.00'))
    const bulk = await admin.call('POST', '/quote-lines/bulk', {
      create: [
        { ...line(), quoteId },
        { ...line(), quoteId: other },
      ],
      atomic: false,
    })
    const fates = (bulk.body['results'] as { status: string }[]).map(({ status }) => status)
    expect(fates).toEqual(['failed', 'created'])
  })
})

describe('a discount over the limit', () => {
  it('is sent only after somebody else approved it', async () => {
    const quoteId = await draft([line({ discount: 15 })], {}, anna)
    const toSend = await anna.refused(q('send_quote'), { quoteId })
    expect(toSend).toMatchObject({ status: 409, code: 'STATE_CONFLICT' })
    expect(toSend.detail).toContain('limit of 10 %')
    await anna.run(q('submit_quote'), { quoteId })
    expect(await anna.refused(q('send_quote'), { quoteId })).toMatchObject({ status: 409 })
    expect(await anna.refused(q('approve_quote'), { quoteId })).toMatchObject({ status: 403 })
    const { output } = await edda.run(q('approve_quote'), { quoteId, note: 'Fine, this once.' })
    expect(output).toMatchObject({ approvedDiscount: 15, approvedBy: 'Edda Falk' })
    expect((await anna.run(q('send_quote'), { quoteId })).output).toMatchObject({
      status: 'sent',
      to: 'ada@orrin.example',
    })
  })

  it('is approved by nobody who asked for it, and by no key', async () => {
    const quoteId = await draft([line({ discount: 30 })])
    expect(await edda.refused(q('approve_quote'), { quoteId })).toMatchObject({ status: 409 })
    await edda.run(q('submit_quote'), { quoteId })
    expect(await edda.refused(q('approve_quote'), { quoteId })).toMatchObject({
      status: 403,
      code: 'FORBIDDEN',
    })
    const key = await crm.key('admin')
    expect(await key.refused(q('approve_quote'), { quoteId })).toMatchObject({ status: 403 })
    await admin.run(q('approve_quote'), { quoteId })
  })

  it('cannot be approved by a rep, whose own quote somebody else submitted', async () => {
    const quoteId = await draft([line({ discount: 30 })], {}, anna)
    await admin.run(q('submit_quote'), { quoteId })
    expect(await anna.refused(q('approve_quote'), { quoteId })).toMatchObject({
      status: 403,
      code: 'FIELD_NOT_WRITABLE',
    })
  })

  it('needs another approval when the quote changes after it', async () => {
    const quoteId = await draft([line({ discount: 20 })])
    await admin.run(q('submit_quote'), { quoteId })
    await edda.run(q('approve_quote'), { quoteId })
    await admin.run(q('revise_quote'), { quoteId })
    await admin.create('quote-lines', { ...line({ discount: 20 }), quoteId })
    expect(await admin.refused(q('send_quote'), { quoteId })).toMatchObject({ status: 409 })
  })

  it('goes back as a draft with the reason', async () => {
    const quoteId = await draft([line({ discount: 20 })])
    await admin.run(q('submit_quote'), { quoteId })
    expect(await edda.refused(q('reject_quote'), { quoteId })).toMatchObject({
      status: 422,
      errors: [{ path: 'input.note', code: 'REQUIRED' }],
    })
    await edda.run(q('reject_quote'), { quoteId, note: 'Too much.' })
    expect(await admin.get('quotes', quoteId)).toMatchObject({
      status: 'draft',
      reviewNote: 'Too much.',
    })
  })
})

describe('send_quote', () => {
  it('mails lines, totals and the last day', async () => {
    const quoteId = await draft([line({ quantity: 2 })], { taxRate: 10 })
    await admin.run(q('send_quote'), { quoteId, message: 'As we said.', to: 'bo@orrin.example' })
    const list = await admin.call('GET', '/mail/messages')
    const mails = (list.body['data'] ?? list.body['messages']) as { id: string; to: string }[]
    const mail = mails.find(({ to }) => to === 'bo@orrin.example')!
    const { body } = await admin.call('GET', `/mail/messages/${mail.id}`)
    expect(body['text']).toContain('As we said.')
    expect(body['text']).toContain('Scanner: 2 x $100.00 = $200.00')
    expect(body['text']).toContain('Total: $220.00')
    expect(body['text']).toContain('Valid until 20')
  })

  it('needs lines, an address and a day that is not over', async () => {
    const empty = await draft([])
    expect(await admin.refused(q('send_quote'), { quoteId: empty })).toMatchObject({ status: 409 })
    const late = await draft([line()], { validUntil: '2020-01-01' })
    expect(await admin.refused(q('send_quote'), { quoteId: late })).toMatchObject({ status: 409 })
    const { id: opportunityId } = await admin.create('opportunities', { name: 'Nobody' })
    const { output } = await admin.run(q('create_quote'), { opportunityId, lines: [line()] })
    const quoteId = output['quoteId'] as string
    expect(await admin.refused(q('send_quote'), { quoteId })).toMatchObject({
      status: 422,
      errors: [{ path: 'input.to', code: 'REQUIRED' }],
    })
    expect(await admin.refused(q('send_quote'), { quoteId, to: 'nobody' })).toMatchObject({
      status: 422,
    })
    expect((await admin.get('quotes', quoteId))['status']).toBe('draft')
    expect(await viewer.refused(q('send_quote'), { quoteId })).toMatchObject({ status: 403 })
  })

  it('sends one mail when two send at once', async () => {
    const quoteId = await draft([line()])
    const input = { quoteId, to: 'once@orrin.example' }
    const answers = await Promise.all(
      [1, 2, 3].map(() => admin.call('POST', `/actions/${q('send_quote')}`, { input })),
    )
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
  })
})

describe('accepting and declining', () => {
  it('makes an order of an accepted quote, once', async () => {
    const quoteId = await draft([line({ quantity: 3 })], { taxRate: 10 }, anna)
    expect(await anna.refused(q('accept_quote'), { quoteId })).toMatchObject({ status: 409 })
    await anna.run(q('send_quote'), { quoteId })
    const { output } = await anna.run(q('accept_quote'), { quoteId })
    const order = await anna.get('orders', output['orderId'] as string)
    expect(order).toMatchObject({ quoteId, status: 'open', total: usd('330.00'), lineCount: 1 })
    expect(order['ownerId']).toBe(anna.userId)
    expect(await anna.refused(q('accept_quote'), { quoteId })).toMatchObject({ status: 409 })
    expect(await admin.list('orders', { quoteId })).toHaveLength(1)
    expect((await admin.call('DELETE', `/quotes/${quoteId}`)).status).toBe(409)
  })

  it('declines with the reason, and opens again for a revision', async () => {
    const quoteId = await draft([line()])
    await admin.run(q('send_quote'), { quoteId })
    await admin.run(q('decline_quote'), { quoteId, reason: 'Too expensive' })
    expect(await admin.get('quotes', quoteId)).toMatchObject({
      status: 'declined',
      declineReason: 'Too expensive',
    })
    expect(await admin.refused(q('accept_quote'), { quoteId })).toMatchObject({ status: 409 })
    await admin.run(q('revise_quote'), { quoteId, validUntil: '2099-12-31' })
    expect(await admin.get('quotes', quoteId)).toMatchObject({
      status: 'draft',
      declineReason: null,
      validUntil: '2099-12-31',
    })
    expect(await admin.refused(q('revise_quote'), { quoteId })).toMatchObject({ status: 409 })
  })
})
