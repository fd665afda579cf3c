import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CrmTest, openCrm, type Who } from './crm-setup.ts'

let crm: CrmTest
let admin: Who
let anna: Who
let viewer: Who
const m = (key: string) => `crm.messages:${key}`

beforeAll(async () => {
  crm = await openCrm()
  admin = crm.admin
  anna = await crm.member('Anna Rep', 'platform.people:rep')
  viewer = await crm.key('platform.people:viewer')
})
afterAll(() => crm.stop())

let count = 0
async function lead(): Promise<{ about: { entity: string; id: string }; email: string }> {
  const email = `lead${++count}@farrowby.example`
  const { id } = await admin.create('leads', { name: `Lead ${count}`, email, ownerId: null })
  return { about: { entity: 'leads', id }, email }
}

async function draft(more: object = {}): Promise<string> {
  const { about } = await lead()
  const input = { about, subject: 'Delivery', body: 'Week 14?', ...more }
  return (await admin.run(m('draft_message'), input)).output['messageId'] as string
}

async function sent(more: object = {}): Promise<string> {
  const messageId = await draft(more)
  await admin.run(m('send_message'), { messageId })
  return messageId
}

const get = (id: string) => admin.get('messages', id)
const mails = async () =>
  (await admin.call('GET', '/mail/messages')).body['data'] as { to: string; text: string }[]

describe('draft_message', () => {
  it('is addressed to the record that it is about, and sends nothing', async () => {
    const { about, email } = await lead()
    const before = (await mails()).length
    const { output } = await anna.run(m('draft_message'), { about, subject: 'Hi', body: 'Text' })
    expect(output['to']).toBe(email)
    expect(await get(output['messageId'] as string)).toMatchObject({
      state: 'draft',
      direction: 'outgoing',
      about: { id: about.id },
      purpose: 'sales',
    })
    expect(await mails()).toHaveLength(before)
  })

  it('names what is missing, and refuses those who only look', async () => {
    const { about } = await lead()
    const text = { subject: 'Hi', body: 'Text' }
    const at = async (input: object) =>
      (await admin.refused(m('draft_message'), input)).errors.map(({ path }) => path)
    expect(await at(text)).toEqual(['input.to'])
    expect(await at({ ...text, about: { ...about, id: crm.unknownId() } })).toEqual([
      'input.about.id',
    ])
    expect(await at({ ...text, about: { entity: 'dragons', id: about.id } })).toEqual([
      'input.about.entity',
    ])
    expect(await at({ ...text, to: 'nobody' })).toEqual(['input.to'])
    expect(await at({ about, subject: 'Hi' })).toEqual(['input.body'])
    expect(await viewer.refused(m('draft_message'), { about, ...text })).toMatchObject({
      status: 403,
    })
  })
})

describe('send_message', () => {
  it('mails the draft once and shows it in the timeline', async () => {
    const { about, email } = await lead()
    const messageId = await draft({ about })
    const { output } = await admin.run(m('send_message'), { messageId })
    expect(output).toMatchObject({ state: 'sent', to: email })
    expect((await mails())[0]).toMatchObject({ to: email, text: 'Week 14?' })
    expect(await get(messageId)).toMatchObject({
      state: 'sent',
      thread: messageId,
      messageId: expect.stringMatching(/^<.+@.+>$/),
      sentAt: expect.any(String),
    })
    const timeline = await admin.call('GET', `/leads/${about.id}/timeline?types=email`)
    expect(timeline.body['data']).toMatchObject([
      { kind: 'email', title: 'Delivery', record: { entity: 'messages', id: messageId } },
    ])
    expect(await admin.refused(m('send_message'), { messageId })).toMatchObject({ status: 409 })
  })

  it('refuses with the reason when there is no consent, and sends nothing', async () => {
    const { about, email } = await lead()
    const messageId = await draft({ about, purpose: 'newsletter' })
    const before = (await mails()).length
    const never = await admin.refused(m('send_message'), { messageId })
    expect(never).toMatchObject({ status: 403, detail: expect.stringContaining('never agreed') })
    const agreed = { purpose: 'newsletter', source: 'form', proof: 'Ticked.' }
    await admin.run('crm.consent:record_consent', { person: about, ...agreed })
    await admin.run('crm.consent:withdraw_consent', { email, purpose: 'newsletter' })
    expect(await admin.refused(m('send_message'), { messageId })).toMatchObject({
      status: 403,
      detail: expect.stringContaining('withdrew'),
    })
    expect(await mails()).toHaveLength(before)
    expect((await get(messageId))['state']).toBe('draft')
    const odd = await draft({ purpose: 'spam' })
    expect(await admin.refused(m('send_message'), { messageId: odd })).toMatchObject({
      status: 422,
    })
  })

  it('carries a link to unsubscribe that stops the next one', async () => {
    const { about, email } = await lead()
    const agreed = { purpose: 'newsletter', source: 'form', proof: 'Ticked.' }
    await admin.run('crm.consent:record_consent', { person: about, ...agreed })
    await sent({ about, purpose: 'newsletter' })
    const mail = (await mails()).find(({ to }) => to === email)!
    const { body } = await admin.call('GET', `/mail/messages/${(mail as { id?: string }).id}`)
    const url = /Unsubscribe: (\S+)/.exec(String(body['text']))![1]!
    const done = await crm.app.inject({ method: 'POST', url: new URL(url).pathname })
    expect(done.statusCode).toBe(200)
    const messageId = await draft({ about, purpose: 'newsletter' })
    expect(await admin.refused(m('send_message'), { messageId })).toMatchObject({ status: 403 })
  })

  it('sends one of two that are sent at once, and refuses those who only look', async () => {
    const { about, email } = await lead()
    const messageId = await draft({ about })
    expect(await viewer.refused(m('send_message'), { messageId })).toMatchObject({ status: 403 })
    const answers = await Promise.all(
      [1, 2, 3].map(() =>
        admin.call('POST', `/actions/${m('send_message')}`, { input: { messageId } }),
      ),
    )
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    expect((await mails()).filter(({ to }) => to === email)).toHaveLength(1)
  })
})

describe('a message that was sent', () => {
  it('stays as it was', async () => {
    const url = `/messages/${await sent()}`
    expect(await admin.call('PATCH', url, { body: 'Other' })).toMatchObject({
      status: 422,
      body: { errors: [{ path: 'body' }] },
    })
    expect((await admin.call('PATCH', url, { state: 'draft' })).status).toBe(422)
    expect((await admin.call('PATCH', url, { ownerId: anna.userId })).status).toBe(200)
    const open = `/messages/${await draft()}`
    expect((await admin.call('PATCH', open, { body: 'Other' })).status).toBe(200)
  })
})

describe('log_received_message and reply_to_message', () => {
  it('keep a thread together by its Message-IDs', async () => {
    const { about, email } = await lead()
    const first = await get(await sent({ about }))
    const input = {
      from: email,
      subject: 'Re: Delivery',
      externalId: '<abc@farrowby.example>',
      inReplyTo: first['messageId'],
    }
    const came = await admin.run(m('log_received_message'), input)
    expect(came.output).toMatchObject({ thread: first['thread'], isNew: true })
    const again = await admin.run(m('log_received_message'), input)
    expect(again.output).toEqual({ ...came.output, isNew: false })
    const { messageId } = came.output
    const answer = await admin.run(m('reply_to_message'), { messageId, body: 'Fine.' })
    expect(answer.output).toMatchObject({ state: 'sent', to: email, thread: first['thread'] })
    const all = await admin.list('messages', { thread: first['thread'] })
    expect(all).toHaveLength(3)
    expect(all.every((one) => (one['about'] as { id: string }).id === about.id)).toBe(true)
    expect(all.find(({ id }) => id === answer.output['messageId'])).toMatchObject({
      subject: 'Re: Delivery',
      inReplyTo: '<abc@farrowby.example>',
    })
  })

  it('begin a thread of their own when nothing is known of it', async () => {
    const { output } = await admin.run(m('log_received_message'), {
      from: 'new@farrowby.example',
      subject: 'Hello',
    })
    expect(output).toMatchObject({ isNew: true, thread: output['messageId'] })
  })

  it('refuse drafts, withdrawn consent, the future, and those who only look', async () => {
    const messageId = await draft()
    const reply = { messageId, body: 'x' }
    expect(await admin.refused(m('reply_to_message'), reply)).toMatchObject({ status: 409 })
    const { about, email } = await lead()
    const done = { messageId: await sent({ about }), body: 'x' }
    await admin.run('crm.consent:withdraw_consent', { email, purpose: 'sales' })
    const before = (await admin.list('messages', {})).length
    expect(await admin.refused(m('reply_to_message'), done)).toMatchObject({ status: 403 })
    expect(await admin.list('messages', {})).toHaveLength(before)
    expect(await viewer.refused(m('reply_to_message'), done)).toMatchObject({ status: 403 })
    const late = { from: email, subject: 'x', receivedAt: '2999-01-01T00:00:00Z' }
    expect((await admin.refused(m('log_received_message'), late)).errors).toMatchObject([
      { path: 'input.receivedAt' },
    ])
    expect(
      await viewer.refused(m('log_received_message'), { from: email, subject: 'x' }),
    ).toMatchObject({ status: 403 })
  })
})

describe('mark_undelivered', () => {
  it('notes what the server said of a message that was sent', async () => {
    const messageId = await sent()
    const input = { messageId, state: 'bounced', reason: '550 No such mailbox' }
    expect(await viewer.refused(m('mark_undelivered'), input)).toMatchObject({ status: 403 })
    await admin.run(m('mark_undelivered'), input)
    expect(await get(messageId)).toMatchObject({
      state: 'bounced',
      problem: '550 No such mailbox',
    })
    expect(await admin.refused(m('mark_undelivered'), input)).toMatchObject({ status: 409 })
    const open = { ...input, messageId: await draft() }
    expect(await admin.refused(m('mark_undelivered'), open)).toMatchObject({ status: 409 })
    const odd = { ...input, state: 'lost' }
    expect(await admin.refused(m('mark_undelivered'), odd)).toMatchObject({ status: 422 })
  })
})
