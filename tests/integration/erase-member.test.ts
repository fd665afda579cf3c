import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { placesOf } from '../setup/places-of.ts'
import { type Caller, startApp, type TestApp } from '../setup/test-app.ts'
import { createTenantHash } from '../suites/support/tenant-hash.ts'

let app: TestApp
let acme: Caller
let other: Caller
let admin: pg.Client
const password = 'correct-horse-battery'

beforeAll(async () => {
  app = await startApp()
  acme = await app.createOrg({ name: 'Acme' })
  other = await app.createOrg({ name: 'Other' })
  admin = new pg.Client({ connectionString: app.database.adminUrl })
  await admin.connect()
})
afterAll(async () => {
  await admin.end()
  await app.stop()
})

const ask = async (caller: Caller, method: string, url: string, body?: unknown) => {
  const answer = await caller.call(method, url, body)
  expect(answer.statusCode, `${method} ${url}: ${answer.body}`).toBeLessThan(300)
  return answer.body === '' ? null : answer.json()
}
const post = (url: string, payload: object, headers: Record<string, string> = {}) =>
  app.inject({ method: 'POST', url: `/api/v1${url}`, payload, headers })
const erase = (caller: Caller, id: string) =>
  caller.call('POST', '/actions/platform.people:erase_person', { input: { entity: 'users', id } })

/** Invited and joined, as somebody who has an account already or not. */
async function join(caller: Caller, email: string, name: string): Promise<Caller & { id: string }> {
  const roles = ['platform.people:admin']
  const { url } = await ask(caller, 'POST', '/invitations', { email, roles })
  const token = String(url).split('token=')[1]!
  const answer = await post('/auth/accept', { token, name, password })
  expect(answer.statusCode, answer.body).toBeLessThan(300)
  const headers = { cookie: String(answer.headers['set-cookie']).split(';')[0]! }
  const call: Caller['call'] = (method, at, body, more = {}) =>
    app.inject({
      method: method as 'GET',
      url: `/api/v1${at}`,
      headers: { ...headers, ...more },
      ...(body === undefined ? {} : { payload: body as object }),
    })
  return { orgId: caller.orgId, slug: caller.slug, headers, call, id: answer.json().userId }
}

/** What a member leaves behind in an organisation by working in it. */
async function work(member: Caller): Promise<{ lead: string; key: string; keyRecord: string }> {
  const lead = (await ask(member, 'POST', '/leads', { name: 'A lead' })).id
  await ask(member, 'PATCH', `/leads/${lead}`, { score: 5 })
  const gone = (await ask(member, 'POST', '/leads', { name: 'Gone' })).id
  await ask(member, 'DELETE', `/leads/${gone}`)
  await ask(member, 'PATCH', '/settings/kernel:retention', { historyMonths: 100 })
  const op = { op: 'set', path: ['roles', 'helper'], value: { label: 'Helper', rules: {} } }
  await ask(member, 'PATCH', '/studio/draft', { ops: [op] })
  const { hash } = await ask(member, 'POST', '/studio/plan')
  await ask(member, 'POST', '/studio/publish', { hash, message: 'Roles' })
  await ask(member, 'PATCH', '/studio/draft', {
    ops: [{ op: 'set', path: ['roles', 'other'], value: { label: 'Other', rules: {} } }],
  })
  const made = await ask(member, 'POST', '/actions/platform.api-keys:create_key', {
    input: { name: 'Laptop' },
  })
  await ask(member, 'POST', '/invitations', { email: 'somebody@new.example' })
  await post('/auth/password/forgot', { email: 'ignored@x.example' })
  const keys = (await ask(member, 'GET', '/api-keys')).data as { id: string; name: string }[]
  const keyRecord = keys.find(({ name }) => name === 'Laptop')!.id
  return { lead, key: made.output.key, keyRecord }
}

const meWith = (authorization: string) =>
  app.inject({ url: '/api/v1/auth/me', headers: { authorization } })

describe('erasing a member', () => {
  it('ends what lets them in, and takes their name from all they did', async () => {
    const email = 'ada@marrowbone.example'
    const ada = await join(acme, email, 'Ada Marrowbone')
    const done = await work(ada)
    await post('/auth/password/forgot', { email })
    // A mail that is on its way while somebody is erased would come after it.
    await app.house.accounts.settled()
    await expect
      .poll(async () => Object.keys(await placesOf(admin, acme.orgId, 'Marrowbone')))
      .toEqual(
        expect.arrayContaining([
          'directory.api_key',
          'directory.login',
          'directory.token',
          'tenant.action_trace',
          'tenant.change_set',
          'tenant.crm_leads_lead',
          'tenant.kernel_user',
          'tenant.layer_draft',
          'tenant.layer_revision',
          'tenant.ledger',
          'tenant.platform_mail_message',
          'tenant.setting',
        ]),
      )
    const answer = await erase(acme, ada.id)
    expect(answer.statusCode, answer.body).toBe(200)
    expect(answer.json().output.counts.signIn).toBeGreaterThanOrEqual(4)
    await expect.poll(() => placesOf(admin, acme.orgId, 'Marrowbone')).toEqual({})

    expect((await ada.call('GET', '/leads')).statusCode).toBe(401)
    expect((await post('/auth/login', { email, password })).statusCode).toBe(401)
    await expect.poll(async () => (await meWith(`Bearer ${done.key}`)).statusCode).toBe(401)
    expect(await ask(acme, 'GET', `/api-keys/${done.keyRecord}`)).toMatchObject({ revoked: true })
    // What they did stays, with their id.
    const lead = await ask(acme, 'GET', `/leads/${done.lead}`)
    expect(lead.createdBy).toEqual({ type: 'user', id: ada.id, name: 'Erased' })
    expect(lead).toMatchObject({ name: 'A lead', score: 5, ownerId: ada.id })
    const invited = await ask(acme, 'GET', '/invitations')
    expect(JSON.stringify(invited)).toContain('somebody@new.example')
    // The email is free for somebody new.
    expect((await post('/auth/signup', { email, password, orgName: 'New' })).statusCode).toBe(201)
  })

  it('leaves them what they are elsewhere', async () => {
    const email = 'bo@tanglewood.example'
    const there = await join(other, email, 'Bo Tanglewood')
    await work(there)
    const here = await join(acme, email, 'Bo Tanglewood')
    const hashOf = await createTenantHash(admin)
    const before = await hashOf(other.orgId)
    expect((await erase(acme, here.id)).statusCode).toBe(200)
    await expect
      .poll(() => placesOf(admin, acme.orgId, 'Tanglewood'))
      // The login is theirs, not the organisation's, for as long as they are a member of one.
      .toEqual({ 'directory.login': 1 })
    expect((await here.call('GET', '/leads')).statusCode).toBe(401)
    expect((await there.call('GET', '/leads')).statusCode).toBe(200)
    const again = await post('/auth/login', { email, password })
    expect(again.json()).toMatchObject({ orgId: other.orgId })
    const quiet = [
      'directory.api_key',
      'directory.membership',
      'tenant.kernel_user',
      'tenant.ledger',
    ]
    const after = await hashOf(other.orgId)
    for (const table of [...quiet, 'tenant.layer_revision', 'tenant.setting'])
      expect(after.get(table), table).toBe(before.get(table))
  })

  it('is no erasing of those who report to them or are worked on by them', async () => {
    const boss = await join(acme, 'boss@hollowell.example', 'Cy Hollowell')
    const report = await ask(acme, 'POST', '/users', { name: 'Dee Report', managerId: boss.id })
    const about = { entity: 'users', id: boss.id }
    const title = 'Call the customer'
    const task = await ask(acme, 'POST', '/tasks', { title, ownerId: boss.id, about })
    await ask(acme, 'PATCH', `/users/${report.id}`, { title: 'Assistant of Cy Hollowell' })
    expect((await erase(acme, boss.id)).statusCode).toBe(200)
    expect(await ask(acme, 'GET', `/users/${report.id}`)).toMatchObject({
      name: 'Dee Report',
      active: true,
      managerId: boss.id,
      title: null,
    })
    expect(await ask(acme, 'GET', `/tasks/${task.id}`)).toMatchObject({ title })
    await expect.poll(() => placesOf(admin, acme.orgId, 'Hollowell')).toEqual({})
  })

  it('is for somebody else to do, counts first when asked, and stops at the last admin whole', async () => {
    const eve = await join(acme, 'eve@underhill.example', 'Eve Underhill')
    expect((await erase(eve, eve.id)).json()).toMatchObject({ status: 403 })
    const input = { entity: 'users', id: eve.id, dryRun: true }
    await ask(acme, 'POST', '/actions/platform.people:erase_person', { input })
    expect((await eve.call('GET', '/leads')).statusCode).toBe(200)
    expect(await ask(acme, 'GET', `/users/${eve.id}`)).toMatchObject({ name: 'Eve Underhill' })
    const alone = await app.createOrg({ name: 'Alone' })
    const [last] = (await ask(alone, 'GET', '/users')).data
    expect((await erase(alone, last.id)).json().code).toBe('LAST_ADMIN')
    const { rowCount } = await admin.query('select from directory.membership where user_id = $1', [
      last.id,
    ])
    expect(rowCount).toBe(1)
  })
})
