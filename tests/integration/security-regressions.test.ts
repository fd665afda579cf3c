import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { networkOf } from '../../kernel/accounts/attempts.ts'
import { type Caller, startApp, type TestApp } from '../setup/test-app.ts'

type Admin = Awaited<ReturnType<TestApp['signUp']>>

let app: TestApp
let ann: Admin
beforeAll(async () => {
  app = await startApp()
  ann = await app.signUp({ orgName: 'Acme' })
  await publish(ann, [
    set(['roles', 'people'], {
      label: 'People',
      permissions: ['members:manage'],
      rules: { all: { operations: ['manage'], entity: '*' } },
    }),
    set(['roles', 'operations'], { ...looks, permissions: ['settings:write'] }),
    set(['roles', 'looker'], { ...looks, permissions: ['studio:read'] }),
    set(['roles', 'blind'], {
      label: 'Blind',
      rules: {
        all: { operations: ['manage'], entity: '*' },
        names: {
          effect: 'deny',
          operations: ['manage'],
          entity: 'crm.leads:lead',
          fields: ['name', 'email'],
        },
      },
    }),
  ])
})
afterAll(() => app?.stop())

const looks = {
  label: 'Looks',
  rules: { leads: { operations: ['read'], entity: 'crm.leads:lead' } },
}
const set = (path: string[], value: unknown, from?: unknown) => ({
  op: 'set',
  path,
  value,
  ...(from === undefined ? {} : { from }),
})

async function edit(by: Caller, ops: readonly object[]): Promise<void> {
  const edited = await by.call('PATCH', '/studio/draft', { ops })
  expect(edited.statusCode, edited.body).toBe(200)
}

async function publish(by: Caller, ops: readonly object[]): Promise<void> {
  await edit(by, ops)
  const { hash } = (await by.call('POST', '/studio/plan')).json<{ hash: string }>()
  expect((await by.call('POST', '/studio/publish', { hash })).statusCode).toBe(201)
}

async function statusOf(answer: ReturnType<Caller['call']>): Promise<number> {
  return (await answer).statusCode
}

describe('a role above one’s own', () => {
  const admin = ['platform.people:admin']

  it('is not given by those who manage members and are no admins', async () => {
    const manager = await app.createKey(ann.orgId, { role: 't:people' })
    const invite = (email: string, roles: string[]) =>
      statusOf(manager.call('POST', '/invitations', { email, roles }))
    expect(await invite('a@example.test', ['admin'])).toBe(403)
    expect(await invite('b@example.test', ['t:operations'])).toBe(403)
    expect(await invite('c@example.test', ['editor'])).toBe(201)
    const made = await manager.call('POST', '/users', { name: 'Bob', roles: ['t:people'] })
    expect(made.statusCode, made.body).toBe(201)
    const { id } = made.json<{ id: string }>()
    expect(await statusOf(manager.call('POST', '/users', { name: 'X', roles: admin }))).toBe(403)
    expect(await statusOf(manager.call('PATCH', `/users/${id}`, { roles: admin }))).toBe(403)
    const bulk = { update: [{ id, roles: admin }] }
    expect(await statusOf(manager.call('POST', '/users/bulk', bulk))).toBe(403)
    expect(await statusOf(ann.call('PATCH', `/users/${id}`, { roles: admin }))).toBe(200)
    const kept = { roles: [...admin, 't:people'], title: 'Boss' }
    expect(await statusOf(manager.call('PATCH', `/users/${id}`, kept))).toBe(200)
  })

  it('is not given by a key that was narrowed', async () => {
    const key = await app.createKey(ann.orgId, { scopes: ['members:manage', 'users:write'] })
    const invite = (email: string, roles: string[]) =>
      statusOf(key.call('POST', '/invitations', { email, roles }))
    expect(await invite('d@example.test', ['admin'])).toBe(403)
    expect(await invite('e@example.test', ['editor'])).toBe(201)
    expect(await statusOf(key.call('POST', '/users', { name: 'X', roles: admin }))).toBe(403)
  })
})

describe('mails with links', () => {
  it('are not read with the right to settings', async () => {
    const operations = await app.createKey(ann.orgId, { role: 't:operations' })
    const key = await app.createKey(ann.orgId, { scopes: ['settings:write'] })
    for (const by of [operations, key])
      expect(await statusOf(by.call('GET', '/mail/messages'))).toBe(403)
  })

  it('are not read while they wait for their server', async () => {
    const posting = await startApp({ SMTP_URL: 'smtp://127.0.0.1:1' })
    try {
      const bob = await posting.signUp()
      await bob.call('POST', '/auth/password/forgot', { email: bob.email })
      await posting.house.accounts.settled()
      const list = (await bob.call('GET', '/mail/messages')).json<{ data: { id: string }[] }>()
      expect(list.data).toMatchObject([{ to: bob.email, status: 'queued', text: null }])
      const mail = await bob.call('GET', `/mail/messages/${list.data[0]!.id}`)
      expect(mail.json()).toMatchObject({ text: null, html: null })
    } finally {
      await posting.stop()
    }
  })

  it('that open a login are not kept in production, where other organisations may be behind it', async () => {
    const production = await startApp({ NODE_ENV: 'production' })
    try {
      const bob = await production.signUp()
      await bob.call('POST', '/auth/password/forgot', { email: bob.email })
      await production.house.accounts.settled()
      expect((await bob.call('GET', '/mail/messages')).json()).toEqual({ data: [] })
      expect(production.logLines.join()).toContain('no password reset was sent')
    } finally {
      await production.stop()
    }
  })
})

describe('words of an organisation', () => {
  it('are not read by another that works in the same language with the same roles', async () => {
    const [ours, theirs] = [await app.createOrg(), await app.createOrg()]
    for (const org of [ours, theirs])
      expect(await statusOf(org.call('PATCH', '/settings/org', { locale: 'de' }))).toBe(200)
    await publish(ours, [
      {
        op: 'set',
        target: 'crm.leads:de',
        path: ['messages', 'entities.lead.label'],
        from: 'Lead',
        value: 'Geheimkunde',
      },
    ])
    expect((await ours.call('GET', '/model')).body).toContain('Geheimkunde')
    for (const path of ['/model', '/openapi.json'])
      expect((await theirs.call('GET', path)).body).not.toContain('Geheimkunde')
  })
})

describe('the draft', () => {
  it('gives those who may only look no rights that are not published', async () => {
    const looker = await app.createKey(ann.orgId, { role: 't:looker' })
    const draft = { 'x-runway-revision': 'draft' }
    const role = { ...looks, permissions: ['studio:read'] }
    const more = {
      ...role,
      admin: true,
      permissions: ['studio:read', 'actions:*', 'keys:manage'],
      rules: { all: { operations: ['manage'], entity: '*' } },
    }
    await edit(ann, [set(['roles', 'looker'], more, role)])
    expect(await statusOf(looker.call('GET', '/leads', undefined, draft))).toBe(200)
    expect(await statusOf(looker.call('GET', '/accounts', undefined, draft))).toBe(403)
    const action = '/actions/platform.api-keys:create_key'
    const body = { input: { name: 'Mine' } }
    expect(await statusOf(looker.call('POST', action, body, draft))).toBe(403)
    expect(await statusOf(ann.call('GET', '/accounts', undefined, draft))).toBe(200)
    expect(await statusOf(ann.call('POST', '/accounts', { name: 'A' }, draft))).toBe(409)
    await ann.call('DELETE', '/studio/draft')
  })
})

describe('search', () => {
  it('finds by what the reader sees where the title is hidden', async () => {
    await ann.call('POST', '/leads', { name: 'Zorro', email: 'z@example.test', company: 'Zebra' })
    const blind = await app.createKey(ann.orgId, { role: 't:blind' })
    const find = (q: string) => blind.call('GET', `/search?entities=leads&q=${q}`)
    const found = await find('zebra')
    expect(found.statusCode, found.body).toBe(200)
    expect(found.json()).toMatchObject({ data: [{ title: '', snippet: 'Zebra' }] })
    expect((await find('zorro')).json()).toMatchObject({ data: [] })
  })
})

describe('work for others', () => {
  it('an export looks through long texts in no time', async () => {
    const texts = ['a'.repeat(200_000), 'a-'.repeat(100_000), '@a'.repeat(100_000)]
    await publish(ann, [
      set(['views', 'long'], {
        entity: 'crm.leads:lead',
        label: 'Long',
        kind: 'table',
        columns: ['name'],
        filter: { $or: texts.map((name) => ({ name })) },
      }),
    ])
    // A pattern that goes back and forth would need minutes, and the test has less.
    await ann.call('POST', '/studio/export', { id: 'acme.x', version: '1.0.0', title: 'X' })
  })

  it('addresses count by whom they belong to', () => {
    expect(networkOf('2001:db8:1:2:3::4')).toBe('2001:db8:1:2::/64')
    expect(networkOf('2001:db8:1:2:ffff::9')).toBe('2001:db8:1:2::/64')
    expect(networkOf('::ffff:192.0.2.1')).toBe('192.0.2.1')
    expect(networkOf('192.0.2.1')).toBe('192.0.2.1')
    expect(networkOf('nowhere')).toBe('nowhere')
  })

  it('a password is not tried from one network after ten failures', async () => {
    const tries = Array.from({ length: 11 }, (_, i) =>
      app.inject({
        method: 'POST',
        url: '/api/v1/auth/login',
        remoteAddress: `2001:db8:9:9::${i + 1}`,
        payload: { email: ann.email, password: 'wrong-horse-battery' },
      }),
    )
    const codes = (await Promise.all(tries)).map((answer) => answer.statusCode)
    expect(codes.filter((code) => code === 429)).toHaveLength(1)
  })
})
