import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CrmTest, openCrm, type Who } from './crm-setup.ts'

let crm: CrmTest
let admin: Who
let anna: Who
let viewer: Who
const c = (key: string) => `crm.consent:${key}`

beforeAll(async () => {
  crm = await openCrm()
  admin = crm.admin
  anna = await crm.member('Anna Rep', 'platform.people:rep')
  viewer = await crm.key('platform.people:viewer')
})
afterAll(() => crm.stop())

let count = 0
async function person(): Promise<{ person: { entity: string; id: string }; email: string }> {
  const email = `person${++count}@tarnby.example`
  const { id } = await admin.create('leads', { name: `Person ${count}`, email, ownerId: null })
  return { person: { entity: 'leads', id }, email }
}

const agreed = { purpose: 'newsletter', source: 'form', proof: 'Ticked the box.' }
const check = async (input: object) =>
  (await admin.run(c('check_consent'), { purpose: 'newsletter', ...input })).output

describe('record_consent and check_consent', () => {
  it('allow what was agreed to, under the person and under the address', async () => {
    const { person: one, email } = await person()
    expect(await check({ person: one })).toMatchObject({ allowed: false, state: 'none' })
    expect(await check({ person: one, purpose: 'sales' })).toMatchObject({ allowed: true })
    await anna.run(c('record_consent'), { person: one, ...agreed })
    expect(await check({ person: one })).toMatchObject({ allowed: true, state: 'given' })
    expect(await check({ email: email.toUpperCase() })).toMatchObject({ allowed: true })
    expect(await check({ email, purpose: 'Events' })).toMatchObject({ allowed: false })
    const timeline = await admin.call('GET', `/leads/${one.id}/timeline?types=note`)
    expect(timeline.body['data']).toMatchObject([{ title: 'Newsletter: Given' }])
  })

  it('keep the history, and what was said last counts', async () => {
    const { person: one } = await person()
    const at = '2026-01-05T10:00:00.000Z'
    await admin.run(c('record_consent'), { person: one, ...agreed })
    await admin.run(c('withdraw_consent'), { person: one, purpose: 'newsletter', source: 'phone' })
    const late = await admin.run(c('record_consent'), { person: one, ...agreed, at })
    expect(late.output['state']).toBe('withdrawn')
    expect(await check({ person: one })).toMatchObject({ allowed: false, state: 'withdrawn' })
    const consentId = late.output['consentId'] as string
    const entries = await admin.list('consent-entries', { consentId })
    expect(entries.map(({ state }) => state).sort()).toEqual(['given', 'given', 'withdrawn'])
    for (const url of [`/consents/${consentId}`, `/consent-entries/${entries[0]!['id']}`])
      expect((await admin.call('DELETE', url)).status).toBe(409)
    expect((await admin.call('PATCH', `/consents/${consentId}`, { state: 'given' })).status).toBe(
      422,
    )
  })

  it('are one consent when two note it at once', async () => {
    const { person: one, email } = await person()
    const input = { person: one, ...agreed }
    const answers = await Promise.all(
      [1, 2, 3].map(() => admin.call('POST', `/actions/${c('record_consent')}`, { input })),
    )
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
    expect(await admin.list('consents', { email })).toHaveLength(1)
  })

  it('name what is wrong, and refuse those who only look', async () => {
    const { person: one } = await person()
    const at = async (input: object) =>
      (await admin.refused(c('record_consent'), input)).errors.map(({ path }) => path)
    expect(await at(agreed)).toEqual(['input.person'])
    expect(await at({ ...agreed, person: { ...one, id: crm.unknownId() } })).toEqual([
      'input.person.id',
    ])
    expect(await at({ ...agreed, person: one, purpose: 'spam' })).toEqual(['input.purpose'])
    expect(await at({ ...agreed, person: one, proof: ' ' })).toEqual(['input.proof'])
    expect(await at({ ...agreed, person: one, at: '2999-01-01T00:00:00Z' })).toEqual(['input.at'])
    expect(await at({ ...agreed, person: one, source: 'magic' })).toEqual(['input.source'])
    for (const action of ['record_consent', 'withdraw_consent'])
      expect(
        await viewer.refused(
          c(action),
          action === 'record_consent' ? { person: one, ...agreed } : { person: one },
        ),
      ).toMatchObject({ status: 403 })
  })
})

describe('withdraw_consent', () => {
  it('takes back one purpose or all of them', async () => {
    const { person: one, email } = await person()
    await admin.run(c('record_consent'), { person: one, ...agreed })
    await admin.run(c('record_consent'), { person: one, ...agreed, purpose: 'events' })
    const first = await admin.run(c('withdraw_consent'), { email, purpose: 'newsletter' })
    expect(first.output).toEqual({ withdrawn: 1, purposes: ['newsletter'] })
    expect(await check({ person: one })).toMatchObject({ allowed: false })
    expect(await check({ person: one, purpose: 'events' })).toMatchObject({ allowed: true })
    await admin.run(c('withdraw_consent'), { person: one })
    for (const purpose of ['events', 'sales'])
      expect(await check({ person: one, purpose })).toMatchObject({ allowed: false })
  })
})

describe('a link to unsubscribe', () => {
  const open = (method: 'GET' | 'POST', url: string, more: object = {}) =>
    crm.app.inject({ method, url: new URL(url).pathname, ...more })
  const linkFor = async (email: string) =>
    (await admin.run(c('unsubscribe_link'), { email, purpose: 'newsletter' })).output[
      'url'
    ] as string

  it('asks first and withdraws when the button is pressed, without signing in', async () => {
    const { person: one, email } = await person()
    await admin.run(c('record_consent'), { person: one, ...agreed })
    const url = await linkFor(email)
    for (let visit = 0; visit < 2; visit++) {
      const page = await open('GET', url)
      expect(page.statusCode).toBe(200)
      expect(page.headers['content-type']).toBe('text/html; charset=utf-8')
      expect(page.headers['content-security-policy']).toContain("default-src 'none'")
      expect(page.body).toContain('<form method="post"><button')
    }
    expect((await open('GET', url)).headers['referrer-policy']).toBe('no-referrer')
    expect(await check({ person: one })).toMatchObject({ allowed: true })
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    const done = await open('POST', url, { headers, payload: 'List-Unsubscribe=One-Click' })
    expect([done.statusCode, done.body.includes('<form')]).toEqual([200, false])
    expect(await check({ person: one })).toMatchObject({ allowed: false, state: 'withdrawn' })
    expect((await open('GET', url)).body).not.toContain('<form')
    expect((await open('POST', url)).statusCode).toBe(200)
    const [consent] = await admin.list('consents', { email })
    expect(consent).toMatchObject({ source: 'unsubscribe_link', person: { id: one.id } })
    expect(await admin.list('consent-entries', { consentId: consent!['id'] })).toHaveLength(2)
  })

  it('works for nothing else than what it was made for', async () => {
    const { person: one, email } = await person()
    await admin.run(c('record_consent'), { person: one, ...agreed })
    const url = await linkFor(email)
    const missing = await open('GET', url.replace(/[^/]+$/, 'nothing'))
    expect(missing.statusCode).toBe(404)
    const [payload, mac] = url.split('/').at(-1)!.split('.') as [string, string]
    const [orgId, until] = JSON.parse(Buffer.from(payload, 'base64url').toString()) as unknown[]
    const forged = Buffer.from(JSON.stringify([orgId, until, 'x victim@tarnby.example']))
    for (const token of [
      `${forged.toString('base64url')}.${mac}`,
      `${payload}.`,
      payload,
      `${payload}.${mac}x`,
    ]) {
      const answer = await open('POST', url.replace(/[^/]+$/, token))
      expect([answer.statusCode, answer.body]).toEqual([404, missing.body])
    }
    expect(await check({ person: one })).toMatchObject({ allowed: true })
    expect(
      (await open('POST', url, { payload: { email: 'other@tarnby.example' } })).statusCode,
    ).toBe(422)
    const elsewhere = await crm.app.inject({
      method: 'POST',
      url: '/api/v1/auth/login',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      payload: 'email=x',
    })
    expect(elsewhere.statusCode).toBe(415)
  })

  it('says in which language it is', async () => {
    const url = await linkFor('lang@tarnby.example')
    await admin.call('PATCH', '/settings/org', { locale: 'de' })
    const { body, headers } = await open('GET', url)
    await admin.call('PATCH', '/settings/org', { locale: 'en' })
    expect(body).toContain('>Abmelden</button>')
    expect([headers['content-language'], body.includes('<html lang="de"')]).toEqual(['de', true])
  })

  it('shows markup in a name as text', async () => {
    await admin.create('consent-purposes', { name: '<b>Bold</b>', key: 'bold' })
    const { output } = await admin.run(c('unsubscribe_link'), {
      email: 'a@tarnby.example',
      purpose: 'bold',
    })
    const page = await open('GET', output['url'] as string)
    expect(page.body).toContain('&lt;b&gt;Bold')
    expect(page.body).not.toContain('<b>')
  })
})
