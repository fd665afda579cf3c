import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CrmTest, openCrm, type Who } from './crm-setup.ts'

let crm: CrmTest
let admin: Who
let anna: Who
let viewer: Who
const t = (key: string) => `crm.tickets:${key}`

/** Hours that never close make the times of the tests those of the clock. */
const always = { businessDays: [1, 2, 3, 4, 5, 6, 7], opensAt: '00:00', closesAt: '24:00' }

const usual = {
  low: { firstResponse: 960, resolution: 4800 },
  normal: { firstResponse: 480, resolution: 2400 },
  high: { firstResponse: 120, resolution: 960 },
  urgent: { firstResponse: 30, resolution: 240 },
}

beforeAll(async () => {
  crm = await openCrm()
  admin = crm.admin
  anna = await crm.member('Anna Rep', 'platform.people:rep')
  viewer = await crm.key('platform.people:viewer')
  await settings(always)
})
afterAll(() => crm.stop())

async function settings(values: object): Promise<void> {
  const answer = await admin.call('PATCH', '/settings/crm.tickets:sla', values)
  expect([answer.status, answer.body]).toEqual([200, expect.anything()])
}

async function contact(): Promise<string> {
  const { id: accountId } = await admin.create('accounts', { name: 'Orrin Dale' })
  const { id } = await admin.create('contacts', {
    firstName: 'Mara',
    lastName: 'Quist',
    email: 'mara@orrin.example',
    accountId,
  })
  return id
}

async function open(more: object = {}): Promise<string> {
  const input = { subject: 'Scanner is dead', contactId: await contact(), ...more }
  return (await admin.run(t('create_ticket'), input)).output['ticketId'] as string
}

const get = (id: string) => admin.get('tickets', id)
const minutes = (from: unknown, to: unknown) =>
  (Date.parse(String(to)) - Date.parse(String(from))) / 60_000

describe('create_ticket', () => {
  it('reckons what is due from the priority, and takes the account of the contact', async () => {
    const ticketId = await open({ priority: 'high' })
    const ticket = await get(ticketId)
    expect(ticket).toMatchObject({ status: 'new', priority: 'high', sla: 'on_track' })
    expect(ticket['accountId']).toEqual(expect.any(String))
    expect(ticket['number']).toBeGreaterThan(0)
    expect(minutes(ticket['openedAt'], ticket['firstResponseDue'])).toBe(120)
    expect(minutes(ticket['openedAt'], ticket['resolutionDue'])).toBe(960)
  })

  it('names what is wrong, and refuses those who only look', async () => {
    const at = async (input: object) =>
      (await admin.refused(t('create_ticket'), input)).errors.map(({ path }) => path)
    expect(await at({})).toEqual(['input.subject'])
    expect(await at({ subject: '  ' })).toEqual(['input.subject'])
    expect(await at({ subject: 'x', contactId: crm.unknownId() })).toEqual(['input.contactId'])
    expect(await at({ subject: 'x', accountId: crm.unknownId() })).toEqual(['input.accountId'])
    expect(await at({ subject: 'x', assignTo: 'nobody' })).toEqual(['input.assignTo'])
    expect(await at({ subject: 'x', priority: 'asap' })).toEqual(['input.priority'])
    expect(await viewer.refused(t('create_ticket'), { subject: 'x' })).toMatchObject({
      status: 403,
    })
    expect((await anna.run(t('create_ticket'), { subject: 'x' })).output).toBeDefined()
  })
})

describe('the clock of a ticket', () => {
  it('follows the priority, whoever changes it', async () => {
    const id = await open({ priority: 'low' })
    const { body } = await admin.call('PATCH', `/tickets/${id}`, { priority: 'urgent' })
    expect(minutes(body['openedAt'], body['firstResponseDue'])).toBe(30)
    expect(minutes(body['openedAt'], body['resolutionDue'])).toBe(240)
  })

  it('stands while the customer is waited for', async () => {
    const id = await open()
    const url = `/tickets/${id}`
    const waiting = await admin.call('PATCH', url, { status: 'waiting_customer' })
    expect(waiting.body).toMatchObject({ sla: 'paused', pausedSince: expect.any(String) })
    const again = await admin.call('PATCH', url, { status: 'open' })
    expect(again.body).toMatchObject({ sla: 'on_track', pausedSince: null, pausedMinutes: 0 })
  })

  it('is not set by hand', async () => {
    const id = await open()
    for (const values of [
      { firstResponseDue: '2030-01-01T00:00:00Z' },
      { resolutionBreached: false },
      { sla: 'met' },
      { pausedMinutes: 9 },
    ])
      expect(await admin.call('PATCH', `/tickets/${id}`, values)).toMatchObject({
        status: 422,
        body: { errors: [{ code: 'READ_ONLY' }] },
      })
  })

  it('flags what is late, once', async () => {
    const now = { firstResponse: 0, resolution: 0 }
    const targets = { low: now, normal: now, high: now, urgent: now }
    await settings({ targets })
    const id = await open()
    await settings({ targets: usual })
    expect(await get(id)).toMatchObject({ sla: 'on_track', firstResponseBreached: false })
    expect((await admin.run(t('check_sla'), {})).output).toEqual({ flagged: 1 })
    expect(await get(id)).toMatchObject({
      sla: 'breached',
      firstResponseBreached: true,
      resolutionBreached: true,
    })
    expect((await admin.run(t('check_sla'), {})).output).toEqual({ flagged: 0 })
    expect(await viewer.refused(t('check_sla'), {})).toMatchObject({ status: 403 })
    const { output } = await admin.run(t('sla_report'), {})
    expect(output['late']).toEqual([expect.objectContaining({ ticketId: id })])
  })
})

describe('escalate_ticket', () => {
  it('raises level and priority and hands it on', async () => {
    const ticketId = await open()
    const input = { ticketId, reason: 'Line stands still', assignTo: 'Anna Rep' }
    expect((await admin.run(t('escalate_ticket'), input)).output).toMatchObject({
      level: 1,
      priority: 'high',
      ownerId: anna.userId,
    })
    expect(await get(ticketId)).toMatchObject({
      ownerId: anna.userId,
      escalationLevel: 1,
      escalationReason: 'Line stands still',
    })
  })

  it('goes to the manager of the owner when nobody is named', async () => {
    await admin.call('PATCH', `/users/${anna.userId}`, { managerId: admin.userId })
    const ticketId = await open({ assignTo: 'Anna Rep' })
    await admin.run(t('escalate_ticket'), { ticketId, reason: 'No answer' })
    expect((await get(ticketId))['ownerId']).toBe(admin.userId)
  })

  it('refuses solved ones, missing reasons, and those who may not change it', async () => {
    const ticketId = await open()
    expect(await admin.refused(t('escalate_ticket'), { ticketId })).toMatchObject({ status: 422 })
    const input = { ticketId, reason: 'x' }
    expect(await viewer.refused(t('escalate_ticket'), input)).toMatchObject({ status: 403 })
    const other = await crm.otherOrg()
    expect((await other.refused(t('escalate_ticket'), input)).status).toBeGreaterThanOrEqual(400)
    await admin.run(t('resolve_ticket'), { ticketId, resolution: 'Done' })
    expect(await admin.refused(t('escalate_ticket'), input)).toMatchObject({ status: 409 })
  })
})

describe('reply_to_ticket', () => {
  it('mails the contact, counts as first response and waits', async () => {
    const ticketId = await open()
    const { output } = await admin.run(t('reply_to_ticket'), { ticketId, body: 'On it.' })
    expect(output).toMatchObject({
      status: 'waiting_customer',
      isFirstResponse: true,
      to: 'mara@orrin.example',
    })
    const ticket = await get(ticketId)
    expect(ticket).toMatchObject({ sla: 'paused', firstResponseMinutes: 0 })
    const mails = (await admin.call('GET', '/mail/messages')).body['data'] as object[]
    expect(mails[0]).toMatchObject({
      to: 'mara@orrin.example',
      text: 'On it.',
      subject: `Re: Scanner is dead [T-${ticket['number']}]`,
    })
    const timeline = await admin.call('GET', `/tickets/${ticketId}/timeline?types=email`)
    expect(timeline.body['data']).toMatchObject([{ kind: 'email', title: 'Re: Scanner is dead' }])
    const again = await admin.run(t('reply_to_ticket'), { ticketId, body: 'More.' })
    expect(again.output['isFirstResponse']).toBe(false)
    expect((await get(ticketId))['firstResponseAt']).toBe(ticket['firstResponseAt'])
  })

  it('keeps notes among us', async () => {
    const ticketId = await open()
    const input = { ticketId, body: 'Ask Ravi.', internal: true }
    expect((await admin.run(t('reply_to_ticket'), input)).output).toMatchObject({
      isFirstResponse: false,
      status: 'new',
      to: null,
    })
    expect((await get(ticketId))['firstResponseAt']).toBe(null)
  })

  it('sends one of two that are sent at once', async () => {
    const ticketId = await open()
    const input = { ticketId, body: 'Both of us.' }
    const answers = await Promise.all(
      [1, 2].map(() => admin.call('POST', `/actions/${t('reply_to_ticket')}`, { input })),
    )
    const sent = answers.filter(({ status }) => status === 200).length
    const replies = await admin.list('ticket-replies', { ticketId })
    expect(replies).toHaveLength(sent)
    expect(sent).toBeGreaterThan(0)
  })

  it('refuses what cannot be sent and leaves nothing behind', async () => {
    const { output } = await admin.run(t('create_ticket'), { subject: 'No address' })
    const ticketId = output['ticketId'] as string
    const refused = (input: object, who = admin) =>
      who.refused(t('reply_to_ticket'), { ticketId, ...input })
    expect((await refused({ body: 'x' })).errors[0]).toMatchObject({ path: 'input.ticketId' })
    expect((await refused({})).errors[0]).toMatchObject({ path: 'input.body' })
    expect((await refused({ draftId: crm.unknownId() })).errors[0]).toMatchObject({
      path: 'input.draftId',
    })
    expect(await refused({ body: 'x' }, viewer)).toMatchObject({ status: 403 })
    expect(await admin.list('ticket-replies', { ticketId })).toEqual([])
    expect(await get(ticketId)).toMatchObject({ status: 'new', firstResponseAt: null })
  })
})

describe('a reply that was sent', () => {
  it('does not change', async () => {
    const ticketId = await open()
    const { output } = await admin.run(t('reply_to_ticket'), { ticketId, body: 'As it was.' })
    const url = `/ticket-replies/${output['replyId']}`
    expect(await admin.call('PATCH', url, { body: 'Other' })).toMatchObject({
      status: 422,
      body: { errors: [{ path: 'body' }] },
    })
  })
})

describe('draft_reply', () => {
  it('puts template and public articles together, says that no AI did, and sends nothing', async () => {
    for (const visibility of ['public', 'internal']) {
      const made = await admin.run('crm.knowledge:create_article', {
        title: `Scanner is dead (${visibility})`,
        body: 'Change the battery.',
        visibility,
      })
      const { articleId } = made.output
      await admin.run('crm.knowledge:publish_article', { articleId })
    }
    const ticketId = await open()
    const draft = await admin.run(t('draft_reply'), { ticketId })
    expect(draft.output).toMatchObject({ ai: false, note: expect.stringContaining('No AI') })
    const text = String(draft.output['text'])
    expect(text).toContain('Hello Mara Quist')
    expect(text).toContain('Scanner is dead (public)\nChange the battery.')
    expect(text).not.toContain('(internal)')
    expect((await admin.run(t('draft_reply'), { ticketId })).output['text']).toBe(text)
    expect((await get(ticketId))['firstResponseAt']).toBe(null)
    const { draftId } = draft.output
    const sent = await admin.run(t('reply_to_ticket'), { ticketId, draftId })
    expect(sent.output['replyId']).toBe(draftId)
    const mails = (await admin.call('GET', '/mail/messages')).body['data'] as { text: string }[]
    expect(text.startsWith(mails[0]!.text)).toBe(true)
    expect(await viewer.refused(t('draft_reply'), { ticketId })).toMatchObject({ status: 403 })
  })
})

describe('resolve_ticket', () => {
  it('stops the clock, and opening again starts it', async () => {
    const ticketId = await open()
    const { output } = await admin.run(t('resolve_ticket'), { ticketId, resolution: 'New aerial' })
    expect(output).toMatchObject({ status: 'resolved', inTime: true })
    expect(await get(ticketId)).toMatchObject({
      sla: 'met',
      resolution: 'New aerial',
      resolutionMinutes: 0,
      resolvedAt: expect.any(String),
    })
    const opened = await admin.call('PATCH', `/tickets/${ticketId}`, { status: 'open' })
    expect(opened.body).toMatchObject({ sla: 'on_track', resolvedAt: null })
    expect(await admin.refused(t('resolve_ticket'), { ticketId })).toMatchObject({ status: 422 })
    const input = { ticketId, resolution: 'x' }
    expect(await viewer.refused(t('resolve_ticket'), input)).toMatchObject({ status: 403 })
    await admin.run(t('resolve_ticket'), input)
    expect(await admin.refused(t('resolve_ticket'), input)).toMatchObject({ status: 409 })
  })
})

describe('sla_report', () => {
  it('counts by priority what the reader may see', async () => {
    const all = await admin.run(t('sla_report'), {})
    const count = (await admin.list('tickets', {})).length
    expect(all.output['opened']).toBe(count)
    const own = await anna.run(t('sla_report'), {})
    expect(Number(own.output['opened'])).toBeLessThan(count)
    const high = await admin.run(t('sla_report'), { priority: 'high', period: 'this_year' })
    expect(high.output['byPriority']).toMatchObject([{ priority: 'high' }])
    expect((await admin.run(t('sla_report'), { period: 'last_year' })).output).toMatchObject({
      opened: 0,
      firstResponseInTimePercent: null,
    })
    expect(await admin.refused(t('sla_report'), { period: 'ever' })).toMatchObject({ status: 422 })
  })
})
